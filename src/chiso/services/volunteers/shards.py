"""Render aligned chips into WebDataset shards: tar files of `<key>.jpg` and `<key>.json`."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chiso.core.samples import AlignmentGeometry
from chiso.services.volunteers.chips import Chip, chip_of, scaled
from chiso.services.volunteers.crew import OpenStudio, crew, opened, studio_digest
from chiso.services.volunteers.folder import Terms, agree, agreed, held, unwritable, write_whole
from chiso.services.volunteers.outcome import Rendered, Standing, Told
from chiso.services.volunteers.plan import ChipPlan


@dataclass(frozen=True, slots=True)
class _Task:
    shard: int
    place: int


@dataclass(frozen=True, slots=True)
class _Done:
    task: _Task
    chips: list[Chip]


def shard_name(index: int) -> str:
    """`chips-000000.tar`."""
    return f"chips-{index:06d}.tar"


def render_shards(
    plan: ChipPlan,
    folder: Path,
    geometry: AlignmentGeometry,
    open_studio: OpenStudio,
    jobs: int,
    told: Told,
) -> Rendered:
    """Render the shards that the folder lacks; the same bytes, however many processes do it.

    `geometry` is scaled to the plan's chip. A shard is written when all of it is there, so a stop
    costs the shard that was begun, never one that was finished. More people may be asked for later.
    `told` hears of each sitting. Raises as `render_photos` does.
    """
    geometry = scaled(geometry, plan.chip_px)
    with held(folder), crew(jobs) as working:
        terms = _terms(plan, geometry, working.result(studio_digest, open_studio))
        before = agreed(folder, terms)
        if before is not None:
            _reopen_last(plan, folder, before)
        agree(folder, terms)
        missing = [each for each in range(plan.shards) if not (folder / shard_name(each)).exists()]
        to_do = sum(map(partial(_chips_in, plan), missing))
        done = kept = plan.count - to_do
        enlarged = 0
        told(Standing(done, kept))
        begun: dict[int, dict[int, list[Chip]]] = {}
        work = partial(_chips, open_studio, plan, geometry)
        for each in working.results(work, _tasks(plan, missing)):
            index = each.task.shard
            begun.setdefault(index, {})[each.task.place] = each.chips
            done += len(each.chips)
            enlarged += sum(chip.enlarged for chip in each.chips)
            if len(begun[index]) == len(plan.shard(index)):
                places = begun.pop(index)
                chips = (chip for place in plan.shard(index) for chip in places[place])
                write_whole(folder / shard_name(index), _tar(chips))
                kept += _chips_in(plan, index)
            told(Standing(done, kept))
    return Rendered(plan.count, to_do, terms.studio, enlarged)


def _tasks(plan: ChipPlan, shards: Iterable[int]) -> Iterator[_Task]:
    for shard in shards:
        for place in plan.shard(shard):
            yield _Task(shard, place)


def _chips(
    open_studio: OpenStudio, plan: ChipPlan, geometry: AlignmentGeometry, task: _Task
) -> _Done:
    """One sitting's chips; runs in a process of the crew."""
    sitting = plan.sitting(task.place)
    portraits = opened(open_studio).portraits(
        sitting.person, sitting.capture, sitting.tones, plan.size_px
    )
    return _Done(task, [chip_of(each, sitting, geometry) for each in portraits])


def _chips_in(plan: ChipPlan, shard: int) -> int:
    return len(plan.shard(shard)) * plan.tones_per_capture


def _reopen_last(plan: ChipPlan, folder: Path, before: Mapping[str, int]) -> None:
    """Where people are added, the shard that was last and not full is rendered anew."""
    if before["people"] == plan.people:
        return
    last, sittings = divmod(before["people"] * plan.captures, plan.sittings_per_shard)
    if sittings:
        path = folder / shard_name(last)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error


def _tar(chips: Iterable[Chip]) -> bytes:
    """The chips as a tar file of nobody's, made at no time, so that its bytes tell its content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for chip in chips:
            for name, content in (
                (f"{chip.key}.jpg", chip.jpeg),
                (f"{chip.key}.json", chip.document),
            ):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _terms(plan: ChipPlan, geometry: AlignmentGeometry, studio: str) -> Terms:
    fixed = {
        "format": 1,
        "kind": "chips",
        "seed": plan.seed,
        "captures": plan.captures,
        "tones": plan.tones,
        "tones_per_capture": plan.tones_per_capture,
        "chip_px": plan.chip_px,
        "landmarks": geometry.points,
        "per_shard": plan.per_shard,
        "size_px": plan.size_px,
    }
    return Terms(studio, fixed, {"people": plan.people})
