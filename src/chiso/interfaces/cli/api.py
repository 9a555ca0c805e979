"""`chiso api schema`: what the API of `chiso serve` is, for people and programs that call it."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import reserved
from chiso.interfaces.cli.options import JsonOption
from chiso.interfaces.cli.output import emit, show, show_exactly

app = typer.Typer(help="The API that `chiso serve` answers: its description.", no_args_is_help=True)


@app.callback()
def _root() -> None:
    pass


@app.command("schema")
def schema(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it to this new file.", readable=False),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Print the OpenAPI document of the API. Needs no home.

    A server answers the same at /v1/openapi.json.

    Example: chiso api schema --out openapi.json
    """
    from chiso.interfaces.serve.app import api_document  # no other command needs a web server

    document = api_document()
    text = jsonlib.dumps(document, indent=2, ensure_ascii=False)
    with reserved(out) as file:
        if file is not None:
            file.write(text + "\n")
    if json:
        emit(document)
    elif out is None:
        show_exactly(text)
    else:
        show(f"Wrote {out}.")
    return Exit.DONE
