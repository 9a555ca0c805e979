"""`chiso volunteers render`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import JsonOption
from chiso.interfaces.cli.output import Step, counted, emit, progress, say, show, show_exactly
from chiso.services.volunteers.lists import PEOPLE_FILE, PHOTOS_FILE
from chiso.services.volunteers.outcome import Rendered, Standing
from chiso.services.volunteers.photos import render_photos
from chiso.services.volunteers.plan import (
    DEFAULT_PER_SHARD,
    ChipPlan,
    PhotoPlan,
    bad_argument,
    size_for,
)
from chiso.services.volunteers.shards import render_shards, shard_name
from chiso.volunteers.portraits import TONES

app = typer.Typer(
    help="Volunteers who do not exist: render, calibrate, measure.",
    no_args_is_help=True,
)
_PHOTO_PX = 512
_TONES_PER_CAPTURE = 2


@app.callback()
def _group() -> None:
    pass


@app.command("render")
def render(
    people: Annotated[int, typer.Option("--people", metavar="N", help="How many people.")],
    captures: Annotated[
        int, typer.Option("--captures", metavar="M", help="How many captures of each person.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the pictures go.")],
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", help="Another number, other people.")
    ] = 1,
    tones: Annotated[
        str, typer.Option("--tones", metavar="LIST", help="Monk Skin Tones, 1 to 10.")
    ] = ",".join(map(str, TONES)),
    one_tone: Annotated[
        bool,
        typer.Option(
            "--one-tone",
            help="Each person at one tone, taken from the list in turn, not at all of them.",
        ),
    ] = False,
    posed: Annotated[
        int,
        typer.Option(
            "--posed",
            metavar="K",
            help="The first K captures of each person are such as one poses for: facing the "
            "camera, in studio or window light, without glasses or cap.",
        ),
    ] = 0,
    size: Annotated[
        int | None,
        typer.Option(
            "--size",
            metavar="PX",
            help=f"Side of a portrait, 64 to 2048. Default: {_PHOTO_PX}; with --shards, as large "
            "as the chip needs.",
            show_default=False,
        ),
    ] = None,
    shards: Annotated[
        bool,
        typer.Option("--shards", help="Aligned chips to train on, in tar files (WebDataset)."),
    ] = False,
    chip_px: Annotated[
        int | None,
        typer.Option(
            "--chip-px",
            metavar="PX",
            help="With --shards: side of a chip. Default: what the offline embedder wants, 150.",
            show_default=False,
        ),
    ] = None,
    per_shard: Annotated[
        int | None,
        typer.Option(
            "--per-shard",
            metavar="N",
            help=f"With --shards: most chips in one file. Default: {DEFAULT_PER_SHARD}.",
            show_default=False,
        ),
    ] = None,
    tones_per_capture: Annotated[
        int | None,
        typer.Option(
            "--tones-per-capture",
            metavar="K",
            help="With --shards: how many tones of the list are drawn for each capture. "
            f"Default: {_TONES_PER_CAPTURE}.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", metavar="N", help="Processes. Default: one a core.", show_default=False
        ),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Render photos of people who do not exist, or chips to train on.

    The same arguments give the same files. Run again after a stop, it renders what is missing; with
    more --people, it adds them. Photos are named after their subjects, and people.csv lists these:
    `chiso demo --data DIR` takes such a folder.

    Example: chiso volunteers render --people 24 --captures 4 --tones 1,5,10 --one-tone --out made

    Example: chiso volunteers render --people 500 --captures 20 --shards --out chips --seed 2
    """
    chosen = _tones(tones)
    processes = (os.cpu_count() or 1) if jobs is None else jobs
    if processes < 1:
        raise bad_argument(f"--jobs is {processes}; it takes at least one process.")
    if shards:
        if one_tone or posed:
            raise bad_argument(
                "--one-tone and --posed are for photos: chips vary in tone within each person."
            )
        plan: PhotoPlan | ChipPlan = _chip_plan(
            seed, people, captures, chosen, tones_per_capture, chip_px, per_shard, size
        )
    else:
        if (chip_px, per_shard, tones_per_capture) != (None, None, None):
            raise bad_argument(
                "--chip-px, --per-shard and --tones-per-capture are for chips: add --shards."
            )
        plan = PhotoPlan(
            seed, people, captures, chosen, one_tone, _PHOTO_PX if size is None else size, posed
        )
    started = time.perf_counter()
    rendered = _render(plan, out, processes)
    _report(plan, rendered, out, processes, time.perf_counter() - started, json)
    return Exit.DONE


def _chip_plan(
    seed: int,
    people: int,
    captures: int,
    tones: tuple[int, ...],
    tones_per_capture: int | None,
    chip_px: int | None,
    per_shard: int | None,
    size_px: int | None,
) -> ChipPlan:
    chip = wiring.chip_geometry().size_px if chip_px is None else chip_px
    few = min(_TONES_PER_CAPTURE, len(tones))
    return ChipPlan(
        seed=seed,
        people=people,
        captures=captures,
        tones=tones,
        tones_per_capture=few if tones_per_capture is None else tones_per_capture,
        chip_px=chip,
        per_shard=DEFAULT_PER_SHARD if per_shard is None else per_shard,
        size_px=size_for(chip) if size_px is None else size_px,
    )


def _tones(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError as error:
        raise bad_argument(f"{text!r} is no list of tones such as 1,5,10.") from error


def _render(plan: PhotoPlan | ChipPlan, out: Path, jobs: int) -> Rendered:
    what = _what(plan)
    with progress("Rendering", plan.count) as step:
        watch = _Watch(step)
        try:
            if isinstance(plan, PhotoPlan):
                return render_photos(plan, out, wiring.studio_opener(), jobs, watch.told)
            geometry = wiring.chip_geometry()
            return render_shards(plan, out, geometry, wiring.studio_opener(), jobs, watch.told)
        except BaseException:
            if watch.kept is not None:
                say(
                    f"Stopped. {counted(watch.kept, what)} of {plan.count} are in {out}, and kept. "
                    "Run the same command again to go on from there."
                )
            raise


class _Watch:
    """Moves the bar, and remembers what a stop would keep; None before that is known."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self.kept: int | None = None

    def told(self, standing: Standing) -> None:
        self._step.to(standing.done)
        self.kept = standing.kept


def _report(
    plan: PhotoPlan | ChipPlan,
    rendered: Rendered,
    out: Path,
    jobs: int,
    seconds: float,
    json: bool,
) -> None:
    what = _what(plan)
    per_hour = round(rendered.now / seconds * 3600) if rendered.now else None
    if json:
        document: dict[str, object] = {
            f"{what}s": rendered.count,
            "rendered": rendered.now,
            "skipped": rendered.count - rendered.now,
            "seconds": round(seconds, 3),
            "per_hour": per_hour,
            "processes": jobs,
            "size_px": plan.size_px,
            "out": str(out),
            "studio": rendered.studio,
        }
        if isinstance(plan, ChipPlan):
            document |= {
                "chip_px": plan.chip_px,
                "shards": plan.shards,
                "enlarged": rendered.enlarged,
            }
        emit(document)
        return
    show(f"{counted(rendered.count, what)} of {_people(plan.people)} in {out}; {_files(plan)}.")
    if per_hour is None:
        show("All of it was there already.")
    else:
        show(
            f"Rendered {counted(rendered.now, what)} at {_side(plan)} in {seconds:.1f} s: "
            f"{per_hour:,} an hour with {_processes(jobs)}."
        )
    if rendered.enlarged:
        say(
            f"{counted(rendered.enlarged, 'chip')} of these had fewer pixels in the portrait than "
            "in the chip; a larger --size is sharper, and slower."
        )
    show_exactly(f"Studio: {rendered.studio}")


def _files(plan: PhotoPlan | ChipPlan) -> str:
    if isinstance(plan, PhotoPlan):
        return f"{PEOPLE_FILE} lists the people, {PHOTOS_FILE} the photos"
    if plan.shards == 1:
        return f"all in {shard_name(0)}"
    return f"{plan.shards} shards, {shard_name(0)} to {shard_name(plan.shards - 1)}"


def _side(plan: PhotoPlan | ChipPlan) -> str:
    if isinstance(plan, PhotoPlan):
        return f"{plan.size_px}×{plan.size_px}"
    return f"{plan.chip_px}×{plan.chip_px} (from portraits of {plan.size_px} px)"


def _what(plan: PhotoPlan | ChipPlan) -> str:
    return "photo" if isinstance(plan, PhotoPlan) else "chip"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"
