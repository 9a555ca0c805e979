"""`chiso backup` and `chiso restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring, wiring_upkeep
from chiso.core.times import to_text
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import read_file
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import emit, say, show
from chiso.services.erasure import read_certificate
from chiso.services.restore import LeftOut, Restored
from chiso.services.withdrawn_since import LIVING, OPERATOR, Evidence


def backup(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file to write.")],
    with_operator_key: Annotated[
        bool,
        typer.Option(
            "--with-operator-key",
            help="Put the operator's key in too: whoever has the file then has every template.",
        ),
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Copy the whole home into one file, while others go on working in it.

    The templates in it stay encrypted. Without the operator's key, which is not in it unless you
    ask, they open for nobody: keep that key apart. A backup also outlives who withdraws after it
    was made: destroy old ones, and bring one back with `chiso restore` alone.

    Example: chiso backup --out clinic-2026-11-25.backup
    """
    directory = wiring.home_directory(home)
    opened = wiring.open_home(directory)
    manifest = wiring_upkeep.back_up(opened, out, with_operator_key)
    size_bytes = sum(part.size_bytes for part in manifest.parts)
    if json:
        emit(
            {
                "out": str(out),
                "made": to_text(manifest.made),
                "home_id": manifest.home_id,
                "log_size": manifest.log_size,
                "checkpoint": manifest.checkpoint,
                "operator_key": manifest.operator_key,
                "with_operator_key": with_operator_key,
                "bytes": size_bytes,
            }
        )
        return Exit.DONE
    show(f"Wrote {out}: {size_bytes / 1e6:.1f} MB, up to leaf {manifest.log_size - 1} of the log.")
    if with_operator_key:
        say(
            "The operator's key is in it: whoever has this file can read every template. Keep it "
            "as you keep the key, and never beside the home."
        )
    else:
        say(
            f"It opens with the operator's key {manifest.operator_key} alone, which is not in it: "
            "keep a copy of that key apart."
        )
    say(
        "Whoever withdraws from now on is still in this file: destroy it when it is of no more use."
    )
    return Exit.DONE


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `chiso backup` wrote.")],
    erased: Annotated[
        list[Path] | None,
        typer.Option(
            "--erased", metavar="CERT", help="An erasure certificate given since; repeatable."
        ),
    ] = None,
    newest_checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--newest-checkpoint",
            metavar="FILE",
            help="The newest checkpoint of this log that anyone has, a witness say.",
        ),
    ] = None,
    nobody_withdrew_since: Annotated[
        bool,
        typer.Option(
            "--nobody-withdrew-since",
            help="Your word that nobody has withdrawn since the backup. The log keeps it.",
        ),
    ] = False,
    operator_key: Annotated[
        Path | None,
        typer.Option(
            "--operator-key", metavar="FILE", help="The operator's key that the backup needs."
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Bring a home back from a backup, without anyone who withdrew since it was made.

    Stop whatever works in the home first: it refuses while others do. Into an empty place, or over
    a damaged home, which stays as it is until the restored one is whole and verified. Who withdrew
    since is read from the log of the home that is there; where there is none, give the erasure
    certificates or the newest checkpoint. With neither it refuses.

    Where the home's own log still verifies, it stays, and only people whose rows or keys are
    damaged come from the backup. Otherwise the backup's log goes on, and says so.

    Example: chiso restore clinic-2026-11-25.backup --home ./clinic
    """
    evidence = Evidence(
        [read_certificate(read_file(each, "an erasure certificate")) for each in erased or ()],
        [_note_in(each) for each in newest_checkpoint or ()],
        nobody_withdrew_since,
    )
    directory = wiring.home_directory(home)
    restored = wiring_upkeep.restore(file, directory, evidence, operator_key)
    if json:
        emit(_restored_document(directory, restored))
        return Exit.DONE
    log = "its own log, which goes on" if restored.keeps_living_log else "the backup's log"
    show(f"Restored {directory} from {file}, with {log}.")
    for each in restored.left_out:
        show(_left_out_words(each))
    for label in restored.people.restored:
        show(f"Put back from the backup: {label}.")
    for subject in restored.people.lost:
        show(f"Could not be put back, and is erased: {subject.label}. Ask her to enrol again.")
    for label in restored.enrolled_since:
        show(f"Not in this backup: {label}, who enrolled after it. Ask her to enrol again.")
    _warn(restored)
    return Exit.DONE


def _note_in(path: Path) -> str:
    return read_file(path, "a checkpoint").decode(errors="replace").rstrip("\n") + "\n"


def _left_out_words(each: LeftOut) -> str:
    if each.receipt is None:
        return f"Left out: {each.label}, erased on {each.withdrew}, after this backup."
    return (
        f"Left out of {each.label}'s: what rested on receipt {each.receipt}, which ended on "
        f"{each.withdrew}, after this backup."
    )


def _warn(restored: Restored) -> None:
    since = restored.since
    if since.assured_by == OPERATOR:
        say("You said that nobody has withdrawn since: the log keeps that as your word.")
    elif since.assured_by != LIVING:
        say("If anyone else withdrew after the backup was made, `chiso withdraw` her again now.")
    if not restored.keeps_living_log:
        say(
            "The log begins anew after the backup: a witness that has seen a longer one will not "
            "sign it, and whoever saved a later checkpoint will see that history was cut."
        )
    say("`chiso log verify` checks what was restored. Make a new backup, and destroy this one.")


def _restored_document(directory: Path, restored: Restored) -> dict[str, object]:
    return {
        "home": str(directory),
        "log": "living" if restored.keeps_living_log else "backup",
        "known_size": restored.since.known_size,
        "assured_by": restored.since.assured_by,
        "left_out": [
            {"subject": each.label, "withdrew": each.withdrew, "receipt": each.receipt}
            for each in restored.left_out
        ],
        "put_back": list(restored.people.restored),
        "lost": [each.label for each in restored.people.lost],
        "enrolled_since": list(restored.enrolled_since),
    }
