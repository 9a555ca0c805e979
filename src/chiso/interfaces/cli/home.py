"""`chiso init`."""

from __future__ import annotations

from typing import Annotated

import typer

from chiso import wiring
from chiso.core.decisions import ThresholdRecord
from chiso.core.labels import label_from
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import DEFAULT_PACK, HomeOption, JsonOption
from chiso.interfaces.cli.output import emit, say, show


def init(
    home: HomeOption = None,
    controller: Annotated[
        str,
        typer.Option("--controller", metavar="NAME", help="Who runs this home; named in receipts."),
    ] = "the operator of this home",
    pack: Annotated[
        str,
        typer.Option("--pack", metavar="NAME", help="Models to use; `chiso models list` has them."),
    ] = DEFAULT_PACK,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="ADDRESS",
            help="Keep the store in this empty PostgreSQL database instead of a file: "
            "postgresql://user@host/name. A password belongs in ~/.pgpass.",
        ),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Make a home for templates, receipts and keys.

    Database, keystore, operator's key, signing key, starter threshold. Refuses to touch a home
    that exists.

    Example: chiso init --home ./clinic --controller "Mbare Clinic"
    """
    controller = label_from(controller, "controller")
    directory = wiring.home_directory(home)
    made, starter = wiring.make_home(directory, controller, pack, database)
    if json:
        emit(
            {
                "home": str(directory),
                "home_id": made.home_id,
                "controller": controller,
                "pack": pack,
                "model": made.model(),
                "threshold": starter.record_id if starter else None,
                "database": database,
            }
        )
        return Exit.DONE
    show(f"Made a home at {directory} for {controller}.")
    show(_about_threshold(starter))
    say(
        "Keep a copy of the operator's key (operator.key in the home, or CHISO_OPERATOR_KEY) "
        "somewhere safe and apart: without it no template here can ever be read."
    )
    return Exit.DONE


def _about_threshold(starter: ThresholdRecord | None) -> str:
    if starter is None:
        return (
            "No threshold comes with this pack: run `chiso threshold fit` on photos of people who "
            "agreed before verifying or identifying anyone."
        )
    return (
        f"Decisions rest on {starter.record_id}: {starter.people} people, target FMR "
        f"{starter.target_fmr:g}. Fit your own with `chiso threshold fit`."
    )
