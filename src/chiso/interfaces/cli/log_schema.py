"""`chiso log schema`: what each type of leaf may say."""

from __future__ import annotations

import json as jsonlib
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import reserved
from chiso.interfaces.cli.options import JsonOption
from chiso.interfaces.cli.output import emit, show, show_exactly


def schema(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it to this new file.", readable=False),
    ] = None,
    json: JsonOption = False,
) -> int:
    """The JSON Schema (draft 2020-12) of what leaves say: each type, with exactly its facts.

    The list of types is closed. Any validator of JSON Schema can hold the `payload`s of a bundle to
    it. Needs no home.

    Example: chiso log schema --out leaf.schema.json
    """
    text = schema_text()
    with reserved(out) as file:
        if file is not None:
            file.write(text)
    if json:
        emit(jsonlib.loads(text))
    elif out is None:
        show_exactly(text.rstrip("\n"))
    else:
        show(f"Wrote {out}.")
    return Exit.DONE


def schema_text() -> str:
    """The schema as the package ships it."""
    return files("chiso.account").joinpath("leaf.schema.json").read_text(encoding="utf-8")
