"""`chiso log checkpoint | checkpoints | schedule`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring, wiring_witness
from chiso.account.checkpoint import parse_note
from chiso.core.times import to_text
from chiso.interfaces.cli.cosigned import outcome_documents, say_outcomes, status_of
from chiso.interfaces.cli.durations import in_words, seconds_from
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import reserved
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import counted, emit, show, show_exactly
from chiso.services import log_checkpoints, witnessing
from chiso.services.log_schedule import schedule_from
from chiso.services.witnessing import Cosigned


def checkpoint(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it to this new file.", readable=False),
    ] = None,
    no_witness: Annotated[
        bool, typer.Option("--no-witness", help="Ask no witness; nothing uses the network.")
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """The signed size and root of the log. The home keeps it too.

    It is a C2SP signed note. Keep it where whoever runs this home cannot reach it:
    `chiso log verify --since FILE` then shows that no history was rewritten since.

    Where the home names witnesses (`chiso log witness add`), each is asked to cosign, over the
    network; it gets the log's size, root and signature. The checkpoint is made and kept whatever
    they answer. Status 5 where one has seen another history of this log, 6 where one did not
    answer or does not serve it.

    Example: chiso log checkpoint --out today.checkpoint
    """
    opened = wiring.open_home(wiring.home_directory(home))
    with reserved(out) as file:
        made = Cosigned(log_checkpoints.checkpoint(opened), ())
        if not no_witness:
            link, verify = wiring_witness.witness_link(), wiring_witness.signature_check()
            made = witnessing.cosigned(opened, link, verify, made.note)
        if file is not None:
            file.write(made.note)
    if json:
        emit({"checkpoint": made.note, "witnesses": outcome_documents(made.outcomes)})
    elif out is None:
        show_exactly(made.note.rstrip("\n"))
    else:
        show(f"Wrote {out}.")
    say_outcomes(made.outcomes, json)
    return status_of(made.outcomes)


def checkpoints(home: HomeOption = None, json: JsonOption = False) -> int:
    """The checkpoints that the home keeps, oldest first, and who signed each.

    `chiso log bundle` proves to others that the log went on from each of them.

    Example: chiso log checkpoints
    """
    for each in log_checkpoints.kept(wiring.open_home(wiring.home_directory(home))):
        signers = [line.key_name for line in parse_note(each.note).signatures]
        if json:
            emit(
                {
                    "size": each.size,
                    "at": to_text(each.at),
                    "signed_by": signers,
                    "checkpoint": each.note,
                }
            )
        else:
            size = counted(each.size, "leaf", "leaves")
            show(f"{to_text(each.at)}  {size}, signed by {', '.join(signers)}")
    return Exit.DONE


def schedule(
    leaves: Annotated[
        int | None,
        typer.Option(
            "--leaves", metavar="N", help="Keep one whenever so many leaves were added since."
        ),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option(
            "--every",
            metavar="TIME",
            help="Keep one with the first leaf that comes so long after: 90s, 30min, 6h, 1d.",
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """How often the home keeps a checkpoint of its log.

    Without an option, only says it. A change is a leaf. Checkpoints kept so ask no witness:
    `chiso log checkpoint` does, from whatever runs things daily on your machine.

    Example: chiso log schedule --leaves 500 --every 6h
    """
    opened = wiring.open_home(wiring.home_directory(home))
    chosen = log_checkpoints.schedule(opened)
    if leaves is not None or every is not None:
        chosen = schedule_from(
            chosen.leaves if leaves is None else leaves,
            chosen.seconds if every is None else seconds_from(every),
        )
        log_checkpoints.set_schedule(opened, chosen)
    if json:
        emit({"leaves": chosen.leaves, "seconds": chosen.seconds})
    else:
        show(
            f"A checkpoint is kept every {chosen.leaves} leaves, and with the first leaf after "
            f"{in_words(chosen.seconds)}."
        )
    return Exit.DONE
