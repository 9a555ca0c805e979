"""`chiso log verify | checkpoint | prove`."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

from chiso import wiring
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import emit, show, show_exactly
from chiso.services import log, log_check

app = typer.Typer(
    help="The log: verify it, sign it, prove a leaf.",
    no_args_is_help=True,
)


@app.command("verify")
def verify(home: HomeOption = None, json: JsonOption = False) -> int:
    """Recompute the whole tree, and check every signature. Status 5 if anything was changed.

    Example: chiso log verify
    """
    report = log_check.verify(wiring.open_home(wiring.home_directory(home)))
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
    return Exit.DONE


@app.command("checkpoint")
def checkpoint(home: HomeOption = None, json: JsonOption = False) -> int:
    """The signed size and root of the log, as a C2SP signed note: hand it to a witness.

    Example: chiso log checkpoint > today.checkpoint
    """
    note = log.checkpoint(wiring.open_home(wiring.home_directory(home)))
    if json:
        emit({"checkpoint": note})
    else:
        show_exactly(note.rstrip("\n"))
    return Exit.DONE


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
