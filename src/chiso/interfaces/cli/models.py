"""`chiso models list | pull | add | use`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.core.catalogue import ModelCard
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import read_file
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import emit, progress, say, show, show_exactly, table
from chiso.services.settings import require_here, use_pack

app = typer.Typer(
    help="Models: list, pull, add, use.",
    no_args_is_help=True,
)


@app.command("list")
def list_models(json: JsonOption = False) -> int:
    """Every known model and pack.

    Example: chiso models list
    """
    catalogue = wiring.catalogue()
    if json:
        emit(
            {
                "models": [asdict(card) for card in catalogue.models()],
                "packs": [asdict(card) for card in catalogue.packs()],
            }
        )
        return Exit.DONE
    table(
        ("model", "role", "here", "licence", "size", "input", "output"),
        [_row(card) for card in catalogue.models()],
        numeric=(4,),
    )
    for card in catalogue.models():
        show(f"{card.name}: {card.source}; like {card.like}; input {card.normalisation}")
        show_exactly(f"    SHA-256 {card.sha256}")
    show("")
    for pack in catalogue.packs():
        show(f"pack {pack.name}: {pack.detector} + {pack.embedder}, model {pack.digest[:12]}")
    return Exit.DONE


@app.command("pull")
def pull(
    name: Annotated[str, typer.Argument(help="Name of a model, or of a pack for both its models.")],
    json: JsonOption = False,
) -> int:
    """Fetch a model from its publisher.

    This and `chiso demo --fetch` alone use the network. The model's licence and address are shown
    first; its SHA-256 is checked before it can be used.

    Example: chiso models pull opencv
    """
    catalogue = wiring.catalogue()
    packs = {pack.name: (pack.detector, pack.embedder) for pack in catalogue.packs()}
    names = packs.get(name, (name,))
    for each in names:
        card = catalogue.model(each)
        if card.is_here:
            say(f"{card.name} is here already.")
            continue
        say(f"{card.name}: {card.licence}; {card.size_bytes:,} bytes from {card.source}")
        with progress(card.name, card.size_bytes, in_bytes=True) as step:
            catalogue.pull(each, step.to)
        say(f"{card.name}: SHA-256 {card.sha256} as pinned.")
    if json:
        emit({"pulled": [asdict(catalogue.model(each)) for each in names]})
    else:
        show(f"Ready: {', '.join(names)}.")
    return Exit.DONE


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="An ONNX file.")],
    like: Annotated[
        str,
        typer.Option(
            "--like", metavar="KIND", help="arcface, sface, dlib-resnet, yunet, centerface."
        ),
    ],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call it.")],
    licence: Annotated[
        str,
        typer.Option("--licence", metavar="TEXT", help="Its licence, as its publisher states it."),
    ],
    json: JsonOption = False,
) -> int:
    """Register a model of your own; it is copied, and pinned by its SHA-256.

    It makes a pack of its own name, with the other half of the offline pack.

    Example: chiso models add w600k.onnx --like arcface --name w600k --licence "MIT"
    """
    card = wiring.catalogue().add(read_file(file, "an ONNX file"), like, name, licence)
    if json:
        emit({"added": asdict(card)})
    else:
        show(f"Added {card.name}, SHA-256 {card.sha256}. `chiso models use {card.name}` uses it.")
    return Exit.DONE


@app.command("use")
def use(
    pack: Annotated[str, typer.Argument(help="Name of a pack, from `chiso models list`.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Let a home work with another pack. References of other models are not compared with it.

    Example: chiso models use opencv
    """
    catalogue = wiring.catalogue()
    chosen = catalogue.pack(pack)
    require_here(catalogue, chosen)
    opened = wiring.open_home(wiring.home_directory(home))
    references = use_pack(opened, chosen)
    if json:
        emit({"pack": chosen.name, "model": chosen.digest, "references": references})
        return Exit.DONE
    show(f"This home now uses {chosen.detector} and {chosen.embedder}.")
    if not references:
        say("It has no reference of this model yet: enrol people again to recognise them with it.")
    return Exit.DONE


def _row(card: ModelCard) -> tuple[str, ...]:
    return (
        card.name,
        card.role,
        "yes" if card.is_here else "pull",
        card.licence,
        f"{card.size_bytes / 1e6:.1f} MB",
        f"{card.input_px}x{card.input_px}" if card.input_px else "any",
        f"{card.dimensions} numbers" if card.dimensions else "boxes",
    )
