"""Options and arguments that several commands share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_PACK = "offline"
"""The models where no other are named: those that come with the installation."""

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="CHISO_HOME",
        metavar="DIR",
        readable=False,  # an unreadable home is an error of ours, with its own status
        help="The home to work in. Default: the platform's data directory.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", help="Print only JSON on standard output; messages go to standard error."
    ),
]
PurposeOption = Annotated[
    str,
    typer.Option(
        "--purpose",
        metavar="P",
        help="What for: must equal, letter by letter, a purpose that the person agreed to.",
    ),
]
NoticeOption = Annotated[
    Path | None,
    typer.Option("--notice", metavar="FILE", help="The notice that she was given to read."),
]
GuardianOption = Annotated[
    str | None,
    typer.Option("--guardian", metavar="NAME", help="Who agreed for her, if she is a minor."),
]
LanguageOption = Annotated[
    str, typer.Option("--language", metavar="TAG", help="Language of the notice (BCP 47).")
]


def live_on(context: typer.Context) -> None:
    """Called first by a command that lives on, if the process is there for it alone."""
    if context.obj:
        from chiso.wiring_upkeep import live_on as prepare  # most commands do not live on

        prepare()
