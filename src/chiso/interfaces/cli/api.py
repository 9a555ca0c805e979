"""`chiso api schema`: what the API of `chiso serve` is, for people and programs that call it."""

from __future__ import annotations

import json

import typer

from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.output import show_exactly

app = typer.Typer(help="The API that `chiso serve` answers: its description.", no_args_is_help=True)


@app.callback()
def _root() -> None:
    pass


@app.command("schema")
def schema() -> int:
    """Print the OpenAPI document of the API. Needs no home.

    A server answers the same at /v1/openapi.json.

    Example: chiso api schema > openapi.json
    """
    from chiso.interfaces.serve.app import api_document  # no other command needs a web server

    show_exactly(json.dumps(api_document(), indent=2, ensure_ascii=False))
    return Exit.DONE
