"""`chiso log verify | show | prove | bundle`."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from chiso import verify_bundle, wiring, wiring_witness
from chiso.account.checkpoint import vkey_text
from chiso.core.errors import ChisoError, Code
from chiso.core.events import EventType
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import new_file, read_file, read_note
from chiso.interfaces.cli.log_words import DESTROYED, words
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import counted, emit, progress, say, show, show_exactly
from chiso.services import (
    log,
    log_bundle,
    log_check,
    log_reading,
    reference_check,
    witnesses,
)

_LAST = 20

app = typer.Typer(
    help=(
        "The log: read it, verify it, sign it, prove a leaf.\n\n"
        "Everything that happens to people in a home is a leaf of it. `verify` and `show` are for "
        "whoever runs the home; `checkpoint`, kept elsewhere, and `bundle` let others check it."
    ),
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
            help="A checkpoint that you saved: log or bundle must also begin with its tree.",
        ),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(
            "--bundle",
            metavar="FILE",
            readable=False,
            help="Verify what `chiso log bundle` wrote instead. Needs no home.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="With --bundle: the log's key, had by another way than the file.",
        ),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            "--witness",
            metavar="KEY",
            help="With --bundle: the key of a witness who must have cosigned. May be repeated.",
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Recompute the whole tree, check every signature, open every reference.

    Status 5 if anything was changed, saying what. A reference that was moved to another person, or
    whose ciphertext changed places with another's, does not open; nothing opened is kept.

    A checkpoint that you keep elsewhere (`chiso log checkpoint > today.checkpoint`) shows more:
    whoever holds this home and its keys could write another history, but not one that begins with
    the tree that your checkpoint signs.

    A bundle is verified from the file alone, by a program small enough to read:
    `chiso log verify --bundle FILE --key KEY`, or `python -m chiso.verify_bundle FILE --key KEY`.

    Example: chiso log verify --since today.checkpoint
    """
    if bundle is not None:
        return _verify_bundle(bundle, key, witness or [], since, json)
    if key is not None or witness:
        raise _only_with_bundle("--key and --witness are for a bundle.")
    saved = None if since is None else read_note(since)
    opened = wiring.open_home(wiring.home_directory(home))
    report = log_check.verify(opened, saved)
    with progress("Opening references", None) as step:
        references = reference_check.require_all_open(opened, step.to)
    cosigned = witnesses.check_cosignatures(opened, wiring_witness.signature_check())
    if json:
        emit(
            {
                "verified": True,
                "size": report.size,
                "root": report.root.hex(),
                "payloads_kept": report.payloads_kept,
                "payloads_destroyed": report.payloads_destroyed,
                "references": references,
                "cosigned": {each.witness.key.name: each.checkpoint.size for each in cosigned},
            }
        )
    else:
        show(f"The log verifies: {report.size} leaves, root {report.root.hex()}.")
        show(
            f"{report.payloads_kept} can still be read; the content of "
            f"{report.payloads_destroyed} was destroyed with people who withdrew."
        )
        show(f"{counted(references, 'reference')} opened, each under its own person's key.")
        if since is not None:
            show(f"It begins with the tree of {since}.")
        for each in cosigned:
            show(f"{each.witness.key.name} cosigned {each.checkpoint.size} leaves of it.")
    return Exit.DONE


@app.command("show")
def show_leaves(
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="S", help="Only leaves that concern this person."),
    ] = None,
    kind: Annotated[
        EventType | None,
        typer.Option(
            "--type", metavar="T", help="Only leaves of this type; `chiso log schema` has them all."
        ),
    ] = None,
    last: Annotated[
        int, typer.Option("--last", metavar="N", min=1, help="The newest N of them.")
    ] = _LAST,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """What leaves say, oldest first.

    A line has the leaf's number, its time, its type, whom it concerns, and its facts in words;
    with --json one object a leaf, with the facts as they are in the log. The content of a leaf that
    concerned someone who withdrew is destroyed; its hash stays. Reading leaves no leaf.

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
    is_cut = len(reading.leaves) == last < reading.size
    more = f" The newest {last}: `--last N` shows more." if is_cut else ""
    say(f"{len(reading.leaves)} of {counted(reading.size, 'leaf', 'leaves')}.{more}")
    return Exit.DONE


@app.command("bundle")
def write_bundle(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The new file.", readable=False)
    ],
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="S", help="Only leaves that concern this person."),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="FILE",
            readable=False,
            help="A checkpoint that someone saved, to prove that the log went on from it.",
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Write leaves for others to check offline, without this home.

    One JSON file: the log's key, its checkpoint, the checkpoints that the home kept with proofs
    that the log went on from each, and every leaf whose content still exists with its proof. It
    tells what the log tells about people, and outlives their erasure: give it only to whoever must
    check it. The log keeps a leaf, `exported`, that says who made one, and of how many leaves.

    Example: chiso log bundle --subject tendai --out tendai.bundle.json
    """
    saved = None if since is None else read_note(since)
    opened = wiring.open_home(wiring.home_directory(home))
    with new_file(out) as file:
        made = log_bundle.bundle(opened, subject, saved, file.write)
    own_key = vkey_text(log_bundle.log_key(opened))
    if json:
        emit({"out": str(out), "leaves": made.leaves, "told_by": made.told_by, "key": own_key})
        return Exit.DONE
    show(f"Wrote {counted(made.leaves, 'leaf', 'leaves')} to {out}, each with its proof.")
    if made.told_by is not None:
        show(f"Leaf {made.told_by} of the log says that you did.")
    show("Whoever gets it also needs this key, by another way than the file:")
    show_exactly(own_key)
    return Exit.DONE


def _verify_bundle(
    path: Path, key: str | None, witnesses: list[str], since: Path | None, json: bool
) -> int:
    saved = None if since is None else read_note(since)
    shown = verify_bundle.check(read_file(path, "a bundle"), key, witnesses, saved)
    if not json:
        for sentence in shown.sentences:
            show(sentence)
        return Exit.DONE
    report = shown.report
    emit(
        {
            "verified": True,
            "key": vkey_text(report.key),
            "key_from": "outside" if shown.is_key_given else "the file itself",
            "size": report.checkpoint.size,
            "root": report.checkpoint.root.hex(),
            "leaves": report.leaves,
            "destroyed": report.destroyed,
            "subject": report.subject_id,
            "earlier": [each.size for each in report.earlier],
            "saved": None if shown.saved is None else shown.saved.size,
            "cosigned": dict(report.cosigned),
        }
    )
    return Exit.DONE


def _only_with_bundle(what: str) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT, what, "`chiso log verify --help` says which options go together."
    )


@app.command("prove")
def prove(
    seq: Annotated[int, typer.Argument(help="Number of the leaf; the first is 0.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Prove that a leaf is in the log.

    Prints its hash, what it says and the salt that hides it, the hashes beside its path to the
    root, and the checkpoint that signs the root. docs/formats.md says how they go together. To hand
    proofs to others, `chiso log bundle` is easier.

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
