"""`chiso log witness vkey | add | list | remove | ask` and `chiso log compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring, wiring_witness
from chiso.account.checkpoint import VerifierKey, parse_vkey, vkey_text
from chiso.account.compare_notes import Comparison, SeenNote, compare
from chiso.core.errors import ChisoError, Code
from chiso.core.times import from_epoch_s, to_text
from chiso.interfaces.cli.cosigned import outcome_documents, say_outcomes, status_of
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import read_note
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import emit, say, show, show_exactly
from chiso.services import witnesses, witnessing
from chiso.services.witnesses import HomeWitness

app = typer.Typer(
    help=(
        "Witnesses of this home's log: people who sign that it only ever grew.\n\n"
        "A witness gets sizes, hashes and signatures, and nothing about anyone. docs/witness.md "
        "says what it can prove and what not; `chiso witness --help` is for those who run one."
    ),
    no_args_is_help=True,
)


@app.command("vkey")
def vkey(home: HomeOption = None, json: JsonOption = False) -> int:
    """The key of this home's log, for whoever runs a witness: `chiso witness trust` takes it.

    Example: chiso log witness vkey
    """
    text = vkey_text(witnesses.log_key(wiring.open_home(wiring.home_directory(home))))
    if json:
        emit({"vkey": text})
    else:
        show_exactly(text)
    return Exit.DONE


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where the witness listens.")],
    vkey: Annotated[str, typer.Argument(help="Its key, as its operator hands it on.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Name a witness. Nothing goes out yet: `chiso log checkpoint` asks it from now on.

    Example: chiso log witness add https://witness.example.org/first witness.example.org/first+…
    """
    opened = wiring.open_home(wiring.home_directory(home))
    added = witnesses.add(opened, url, vkey)
    own = vkey_text(witnesses.log_key(opened))
    if json:
        emit({**_named(added), "log_vkey": own})
        return Exit.DONE
    show(f"{added.key.name} is asked from now on, at {added.url}.")
    say("Its operator must know this log's key, for `chiso witness trust`:")
    show_exactly(own)
    return Exit.DONE


@app.command("list")
def list_witnesses(home: HomeOption = None, json: JsonOption = False) -> int:
    """Which witnesses are asked, and what each cosigned last.

    Example: chiso log witness list
    """
    opened = wiring.open_home(wiring.home_directory(home))
    checked = witnesses.check(opened, wiring_witness.signature_check())
    kept = {each.witness: each for each in checked}
    with opened.store.reading() as view:
        named = witnesses.configured(view)
    rows: list[dict[str, object]] = []
    for each in named:
        last = kept.get(each)
        size = None if last is None else last.checkpoint.size
        when = None if last is None else to_text(from_epoch_s(last.time_s))
        rows.append({**_named(each), "size": size, "cosigned": when})
        if not json:
            seen = "nothing cosigned yet" if last is None else f"{size} leaves cosigned {when}"
            show_exactly(f"{each.key.name} at {each.url}: {seen}\n    {vkey_text(each.key)}")
    if json:
        emit({"witnesses": rows})
    elif not named:
        show("No witness is asked. `chiso log witness add --help` shows how.")
    return Exit.DONE


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="Name of the witness.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Ask a witness no more. The log tells of it; what it cosigned stays true.

    Example: chiso log witness remove witness.example.org/first
    """
    witnesses.remove(wiring.open_home(wiring.home_directory(home)), name)
    if json:
        emit({"removed": name})
    else:
        show(f"{name} is asked no more.")
    return Exit.DONE


@app.command("ask")
def ask(home: HomeOption = None, json: JsonOption = False) -> int:
    """Send today's checkpoint to every witness, and print it with the cosignatures that came.

    As `chiso log checkpoint`, but it fails where no witness is named. This uses the network: each
    witness gets the log's size, its root and its signature. Status 5 where one has seen another
    history, 6 where one did not answer or does not serve this log.

    Example: chiso log witness ask > today.checkpoint
    """
    opened = wiring.open_home(wiring.home_directory(home))
    verify = wiring_witness.signature_check()
    done = witnessing.ask(opened, wiring_witness.witness_link(), verify)
    if json:
        emit({"checkpoint": done.note, "witnesses": outcome_documents(done.outcomes)})
    else:
        show_exactly(done.note.rstrip("\n"))
    say_outcomes(done.outcomes, json)
    return status_of(done.outcomes)


def compare_notes(
    first: Annotated[Path, typer.Argument(help="A checkpoint.", readable=False)],
    second: Annotated[Path, typer.Argument(help="Another.", readable=False)],
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="VKEY", help="The log's key. Default: this home's."),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option("--witness", metavar="VKEY", help="Also check this witness's line."),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Hold two checkpoints of one log against each other.

    Status 0 where they are of one tree; 5 where they have one size and two roots, which proves that
    the log told two histories; 1 where they have two sizes, from which nothing follows: then
    `chiso log verify --since` on the home decides.

    Example: chiso log compare mine.checkpoint theirs.checkpoint --key chiso/1f0c…+b53f7e33+AQOh…
    """
    log = (
        witnesses.log_key(wiring.open_home(wiring.home_directory(home)))
        if key is None
        else _key(key)
    )
    known = [_key(each) for each in witness or ()]
    notes = (read_note(first), read_note(second))
    found, *seen = compare(notes, log, known, wiring_witness.signature_check())
    if json:
        emit({"comparison": found.value, "checkpoints": [_seen_document(each) for each in seen]})
    else:
        _show_comparison(found, log, seen)
    return {
        Comparison.SAME: Exit.DONE,
        Comparison.FORKED: Exit.INTEGRITY,
        Comparison.UNDECIDED: Exit.NO_MATCH,
    }[found]


def _show_comparison(found: Comparison, log: VerifierKey, seen: list[SeenNote]) -> None:
    for each in seen:
        by = ", ".join(
            f"{name} at {to_text(from_epoch_s(time_s))}" for name, time_s in each.cosigned_s.items()
        )
        show_exactly(f"{each.checkpoint.size} leaves, root {each.checkpoint.root.hex()}")
        show(f"    signed by {log.name}" + (f", cosigned by {by}" if by else ""))
    words = {
        Comparison.SAME: "One tree.",
        Comparison.FORKED: (
            f"TWO HISTORIES: {log.name} signed two trees of one size. Keep both files: nobody "
            "without its key can have made them."
        ),
        Comparison.UNDECIDED: (
            "Two sizes: whether the larger goes on from the smaller, only the log can show "
            "(`chiso log verify --since` on its home)."
        ),
    }
    show(words[found])


def _seen_document(seen: SeenNote) -> dict[str, object]:
    return {
        "origin": seen.checkpoint.origin,
        "size": seen.checkpoint.size,
        "root": seen.checkpoint.root.hex(),
        "cosigned": {
            name: to_text(from_epoch_s(time_s)) for name, time_s in seen.cosigned_s.items()
        },
    }


def _named(witness: HomeWitness) -> dict[str, object]:
    return {"name": witness.key.name, "url": witness.url, "vkey": vkey_text(witness.key)}


def _key(text: str) -> VerifierKey:
    try:
        return parse_vkey(text)
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{text!r} is no key ({error}).",
            "Copy it whole, as `chiso log witness vkey` or `chiso witness init` printed it.",
        ) from error
