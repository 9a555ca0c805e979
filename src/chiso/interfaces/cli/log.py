"""`chiso log verify | show | prove`."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.core.events import EventType
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import read_file
from chiso.interfaces.cli.log_words import DESTROYED, words
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import emit, say, show, show_exactly
from chiso.services import log, log_check, log_reading

_MAX_NOTE_BYTES = 64 * 1024
_LAST = 20

app = typer.Typer(
    help="The log: read it, verify it, sign it, prove a leaf.",
    no_args_is_help=True,
)


@app.command("verify")
def verify(
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="FILE",
            readable=False,
            help="A checkpoint that you saved: the log must also begin with its tree.",
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Recompute the whole tree, and check every signature. Status 5 if anything was changed.

    A checkpoint that you keep elsewhere (`chiso log checkpoint > today.checkpoint`) shows more:
    whoever holds this home and its keys could write another history, but not one that begins with
    the tree that your checkpoint signs.

    Example: chiso log verify --since today.checkpoint
    """
    saved = None if since is None else _note_in(since)
    report = log_check.verify(wiring.open_home(wiring.home_directory(home)), saved)
    if json:
        emit(
            {
                "verified": True,
                "size": report.size,
                "root": report.root.hex(),
                "payloads_kept": report.payloads_kept,
                "payloads_destroyed": report.payloads_destroyed,
            }
        )
    else:
        show(f"The log verifies: {report.size} leaves, root {report.root.hex()}.")
        show(
            f"{report.payloads_kept} can still be read; the content of "
            f"{report.payloads_destroyed} was destroyed with people who withdrew."
        )
        if since is not None:
            show(f"It begins with the tree of {since}.")
    return Exit.DONE


@app.command("show")
def show_leaves(
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="S", help="Only leaves that concern this person."),
    ] = None,
    kind: Annotated[
        EventType | None, typer.Option("--type", metavar="T", help="Only leaves of this type.")
    ] = None,
    last: Annotated[
        int, typer.Option("--last", metavar="N", min=1, help="The newest N of them.")
    ] = _LAST,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """What leaves say, oldest first: number, time, type, the facts, whom they concern.

    The content of a leaf that concerned someone who withdrew is destroyed; its hash stays.

    Example: chiso log show --subject tendai --type identified
    """
    reading = log_reading.read(wiring.open_home(wiring.home_directory(home)), subject, kind, last)
    for each in reading.leaves:
        said = each.said
        if json:
            emit({"seq": each.seq, "destroyed": said is None, "label": each.subject, "said": said})
        elif said is None:
            show_exactly(f"{each.seq}  {DESTROYED}")
        else:
            whose = f"{each.subject}: " if each.subject else ""
            show(f"{each.seq}  {said['at']}  {said['type']}  {whose}{words(said)}")
    say(f"{len(reading.leaves)} of {reading.size} leaves. `--last N` shows more.")
    return Exit.DONE


def _note_in(path: Path) -> str:
    content = read_file(path, "a saved checkpoint", _MAX_NOTE_BYTES)
    try:
        if len(content) > _MAX_NOTE_BYTES:
            raise ValueError("it is too long")
        return content.decode()
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{path} is no checkpoint ({error}).",
            "Give the file that `chiso log checkpoint` wrote, unchanged.",
        ) from error


@app.command("prove")
def prove(
    seq: Annotated[int, typer.Argument(help="Number of the leaf; the first is 0.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Prove that a leaf is in the log: its hash, its path to the root, and the signed root.

    Example: chiso log prove 12 --json
    """
    proof = log.prove(wiring.open_home(wiring.home_directory(home)), seq)
    payload = jsonlib.loads(proof.payload) if proof.payload else None
    if json:
        emit(
            {
                "seq": proof.seq,
                "leaf_hash": proof.leaf_hash.hex(),
                "inclusion": [step.hex() for step in proof.path],
                "checkpoint": proof.checkpoint,
                "salt": proof.salt.hex() if proof.salt else None,
                "payload": payload,
            }
        )
        return Exit.DONE
    show_exactly(f"leaf {proof.seq}: {proof.leaf_hash.hex()}")
    show_exactly(f"says: {proof.payload.decode() if proof.payload else '(destroyed)'}")
    show_exactly(f"salt: {proof.salt.hex() if proof.salt else '(destroyed)'}")
    for step in proof.path:
        show_exactly(f"with: {step.hex()}")
    show_exactly(f"leads to:\n{proof.checkpoint.rstrip()}")
    return Exit.DONE
