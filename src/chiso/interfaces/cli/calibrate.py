"""`chiso volunteers calibrate`."""

from __future__ import annotations

import json as json_format
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import JsonOption
from chiso.interfaces.cli.output import emit, progress, show, table
from chiso.services.volunteers.calibration import Albedo, Calibration, calibrate
from chiso.services.volunteers.folder import write_whole
from chiso.volunteers.calibration import ToneError
from chiso.volunteers.colour import srgb_from_linear
from chiso.volunteers.monk import swatch_hex

PEOPLE, SIZE_PX = 12, 192


def calibrate_tones(
    people: Annotated[
        int,
        typer.Option(
            "--people",
            metavar="N",
            min=1,
            help="How many people to fit to, and as many others to check on.",
        ),
    ] = PEOPLE,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Fit anew, and write the albedos here. Default: measure those that Chiso has.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", metavar="N", min=1, help="Processes. Default: one a core.", show_default=False
        ),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Measure how near rendered skin comes to the ten Monk Skin Tones, or fit it to them.

    Compares the median colour of cheeks and forehead under the reference light with each swatch, as
    CIEDE2000. Albedos are fitted to one panel of people; the figure that counts is that of the
    other panel, which no fit has seen.

    Example: chiso volunteers calibrate

    Example: chiso volunteers calibrate --people 24 --out albedo.json
    """
    if out is not None:
        _require_place(out)
    processes = (os.cpu_count() or 1) if jobs is None else jobs
    albedos = wiring.skin_albedos() if out is None else None
    with progress("Calibrating", None) as step:
        done = calibrate(wiring.sittings_opener(), people, SIZE_PX, processes, albedos, step.to)
    if out is not None:
        write_whole(out, albedo_bytes(done.albedos))
    if json:
        emit(_document(done, out))
    else:
        _show(done, out)
    return Exit.DONE


def albedo_bytes(albedos: Mapping[int, Albedo]) -> bytes:
    """Albedos as the studio's `albedo.json` has them."""
    rows = {str(tone): list(albedo) for tone, albedo in albedos.items()}
    return json_format.dumps({"albedo": rows}, indent=1).encode() + b"\n"


def _require_place(out: Path) -> None:
    """Raise ChisoError(BAD_ARGUMENT) before minutes of work whose result could not be written."""
    if out.is_dir() or not out.parent.is_dir():
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{out} is a folder, or in none that there is.",
            "Name a file in a folder that is there with --out.",
        )


def _show(done: Calibration, out: Path | None) -> None:
    fitted = "fitted" if out else "first"
    table(
        ("tone", "swatch", "rendered", f"ΔE00 {fitted} panel", "ΔE00 unseen", "farthest", "model"),
        [
            (
                str(check.tone),
                swatch_hex(check.tone),
                _hex(check),
                f"{panel.delta_e:.2f}",
                f"{check.delta_e:.2f}",
                f"{check.delta_e_largest:.2f}",
                f"{check.delta_e_model:.2f}",
            )
            for panel, check in zip(done.panel, done.check, strict=True)
        ],
        numeric=(0, 3, 4, 5, 6),
    )
    worst = max(done.check, key=lambda each: each.delta_e)
    show(
        f"Medians over {done.people} + {done.people} people; no fit has seen the second panel. "
        f"There, tone {worst.tone} is farthest from its swatch: {worst.delta_e:.2f}. About 1 is "
        "just noticeable."
    )
    show(
        "“rendered” and “farthest”, the one person who is farthest off, are of the second panel; "
        "“model” is the skin model alone, before the gain that takes it to its albedo."
    )
    if out is not None:
        show(f"The albedos are in {out}.")


def _document(done: Calibration, out: Path | None) -> dict[str, object]:
    return {
        "people": done.people,
        "fitted": out is not None,
        "out": None if out is None else str(out),
        "tones": [
            {
                "tone": check.tone,
                "swatch": swatch_hex(check.tone),
                "albedo": list(check.albedo),
                "delta_e_model": check.delta_e_model,
                "panel": _errors(panel),
                "unseen": _errors(check),
            }
            for panel, check in zip(done.panel, done.check, strict=True)
        ],
    }


def _errors(error: ToneError) -> dict[str, object]:
    return {
        "rendered": _hex(error),
        "delta_e": error.delta_e,
        "delta_e_largest": error.delta_e_largest,
    }


def _hex(error: ToneError) -> str:
    """The rendered median as an sRGB code."""
    return "".join(f"{round(255 * each):02x}" for each in srgb_from_linear(error.rendered))
