"""Rendered volunteers: what they cost, and whether relighting them changes what is measured.

Speed and memory are taken in processes of their own:

    python -m bench.volunteers SIZE_PX
"""

from __future__ import annotations

import inspect
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from itertools import combinations, product
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.rows import Row
from bench.timing import say, take_turns
from chiso import wiring
from chiso.consent.policy import permit_study
from chiso.core.consent import Permit
from chiso.core.errors import Code
from chiso.core.samples import Landmarks, Refusal
from chiso.core.settings import CaptureSettings
from chiso.interfaces.cli import audit_tone
from chiso.services.engine import faces_in, templates_of
from chiso.services.home import Engine
from chiso.services.tone_audit.design import (
    AUDIT_TONES,
    FULL_CAPTURES,
    FULL_PEOPLE,
    Design,
    statement_sha256,
)
from chiso.services.tone_audit.readings import is_hit
from chiso.services.tone_audit.rendering import Renders, render_missing
from chiso.services.volunteers.crew import crew
from chiso.volunteers.capture import capture_of
from chiso.volunteers.colour import ciede2000, lab_from_linear, linear_from_srgb
from chiso.volunteers.develop import photograph, stored
from chiso.volunteers.exposure import Exposure
from chiso.volunteers.portraits import TONES

SIZES_PX = (256, 512)
ROUNDS = 2
CORE_HOURS_MAX = 4.0
"""Two hours on two cores."""
CHIPS = ("--people", "8", "--captures", "4", "--tones-per-capture", "2")
PROOF_PX = 256
PROOF_PEOPLE, PROOF_CAPTURES, PROOF_TONES = 4, 2, (1, 5, 8, 10)
MANY_RAYS, MANY_RAYS_TONES = 64, (5, 10)
"""Traced in the first capture of each person alone: it takes four times as long."""

_BASE = AUDIT_TONES.base
_OTHER_SEED = 20_261_122
_RELIT, _DIRECT, _OTHER_RAYS, _MANY_RAYS = "relit", "direct", "other rays", "many rays"
_PAIRS = {
    _DIRECT: (_RELIT, _DIRECT),
    _OTHER_RAYS: (_DIRECT, _OTHER_RAYS),
    _MANY_RAYS: (_RELIT, _MANY_RAYS),
}
_CORES = os.cpu_count() or 1


def measured() -> list[Row]:
    """Cost first, then the proof. The packages that render must be here."""
    return [
        *(row for size_px in SIZES_PX for row in _speed_rows(size_px)),
        _audit_row(),
        _chips_row(),
        *_proof_rows(),
    ]


def can_render() -> bool:
    """Whether the optional packages are here."""
    return find_spec("mitsuba") is not None and find_spec("anny") is not None


def _speed_rows(size_px: int) -> list[Row]:
    say(f"rendering at {size_px} px, {ROUNDS} rounds, in one process")
    command = [sys.executable, "-m", "bench.volunteers", str(size_px)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    ten_s, direct_s, peak_bytes = found["ten_s"], found["direct_s"], found["peak_bytes"]
    times = f"{direct_s / ten_s:.1f}×"
    return [
        Row(f"one capture at ten tones, {size_px} px, median of {ROUNDS}", f"{ten_s:.1f} s"),
        Row("  at one tone", f"{found['one_s']:.1f} s"),
        Row("  at ten tones, each traced directly", f"{direct_s:.1f} s", ratio=times),
        Row("  peak memory of the process, relighting", f"{peak_bytes / 2**20:.0f} MiB"),
    ]


def _speed(size_px: int) -> dict[str, float]:
    """Medians, a new person each time, in this process, which has one thread for it.

    Memory is read before anything is traced directly. Ten tones are traced directly once, and that
    is spared what it shares with relighting: her hair is grown, and which pixel shows which skin is
    known.
    """
    studio = _studio()
    design = Design(1, 2 * ROUNDS, 1, size_px)
    shots = design.shots()

    def render(tones: Sequence[int]) -> None:
        shot = next(shots)
        studio.portraits(shot.person_seed, shot.capture_seed, tones, size_px)

    tasks = {"ten": lambda: render(TONES), "one": lambda: render(TONES[:1])}
    taken = take_turns(tasks, ROUNDS, warm_up=0)
    # Not ru_maxrss, which counts the process that started this one too.
    status = Path("/proc/self/status").read_text()
    peak_bytes = 1024 * int(status.split("VmHWM:")[1].split()[0])
    return {
        "ten_s": median(taken["ten"]),
        "one_s": median(taken["one"]),
        "direct_s": _direct_s(design),
        "peak_bytes": peak_bytes,
    }


def _direct_s(design: Design) -> float:
    from chiso.adapters.studio.direct import exposed_directly

    studio, shot = _studio(), next(design.shots())
    identity, capture = studio.identity(shot.person_seed), capture_of(shot.capture_seed)
    exposure, complexion = studio.exposed(identity, capture, design.size_px)
    begun = time.perf_counter()
    exposures = exposed_directly(studio, identity, capture, exposure, TONES)
    for tone, each in zip(TONES, exposures, strict=True):
        photo = photograph(each.smoothed(), complexion, studio.tone(tone), capture)
        stored(photo, capture.camera.quality)
    return time.perf_counter() - begun


def _audit_row() -> Row:
    """The audit's own renders of a few shots, its processes' start included, scaled up."""
    size_px = inspect.signature(audit_tone.tone).parameters["size_px"].default
    design = Design(1, 2 * _CORES, 2, size_px)
    say(f"rendering {design.portraits} portraits of an audit at {size_px} px on all cores")
    with tempfile.TemporaryDirectory(prefix="chiso-bench-") as folder:
        begun = time.perf_counter()
        renders = Renders(wiring.studio_opener(), Path(folder), _CORES)
        render_missing(renders, design, wiring.clock().now())
        taken_s = time.perf_counter() - begun
    full = Design(1, FULL_PEOPLE, FULL_CAPTURES, size_px)
    hours = taken_s / 3600 * full.portraits / design.portraits
    return Row(
        f"{full.people} × {full.captures} × {len(TONES)} portraits, {size_px} px, "
        f"{_CORES} cores, from {design.portraits}",
        f"{hours:.2f} h",
        target=f"< {CORE_HOURS_MAX / _CORES:g} h",
        met=hours * _CORES < CORE_HOURS_MAX,
    )


def _chips_row() -> Row:
    say("rendering chips on all cores")
    with tempfile.TemporaryDirectory(prefix="chiso-bench-") as folder:
        command = [sys.executable, "-m", "chiso", "volunteers", "render", *CHIPS, "--shards"]
        command += ["--out", f"{folder}/chips", "--json"]
        done = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    side = done["chip_px"]
    what = f"chips an hour, {side}×{side}, {_CORES} cores, from {done['chips']}"
    return Row(what, f"{done['per_hour']:,}")


@cache
def _studio() -> Any:
    # Mitsuba is optional, so the studio is not imported before it is known to be here.
    from chiso.adapters.studio.opening import open_studio

    return open_studio()


@dataclass(frozen=True, slots=True)
class _Prints:
    """One person in one capture: JPEGs by how they were made and tone."""

    person: int
    capture: int
    landmarks: Landmarks
    skin: NDArray[np.bool_]
    jpegs: dict[tuple[str, int], bytes]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the engine makes of one JPEG; `refused`: why its face may not be compared."""

    pixels: NDArray[np.uint8]
    landmarks: Landmarks
    confidence: float
    refused: Code | None
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Change:
    """From one portrait to another of the same person, capture and tone."""

    colour: float
    shift: float
    confidence: float
    angle_deg: float


@dataclass(frozen=True, slots=True)
class _Compared:
    """Portraits made in two ways; `other_verdicts`: found, or refused for it, in one alone."""

    changes: list[_Change]
    other_verdicts: int
    count: int


_SeenAs = dict[tuple[int, int, str, int], _Seen | None]
"""By person, capture, how it was made, and tone; None where no face was found."""


def _proof_rows() -> list[Row]:
    tasks = list(product(range(PROOF_PEOPLE), range(PROOF_CAPTURES)))
    say(f"rendering {len(tasks)} captures, relit and traced directly, on all cores")
    with crew(_CORES) as working:
        prints = list(working.results(_printed, tasks))
    engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
    permit = permit_study(statement_sha256("bench"), datetime.now(UTC))
    seen = {
        (each.person, each.capture, made, tone): _seen(engine, permit, jpeg, each)
        for each in prints
        for (made, tone), jpeg in each.jpegs.items()
    }
    return _rows(seen, {made: _compared(seen, prints, *pair) for made, pair in _PAIRS.items()})


def _printed(task: tuple[int, int]) -> _Prints:
    """One person in one capture; runs in a process of the crew."""
    from chiso.adapters.studio.direct import Rays, exposed_directly

    (person, number), studio = task, _studio()
    design = Design(1, PROOF_PEOPLE, PROOF_CAPTURES, PROOF_PX)
    identity = studio.identity(design.person_seed(person))
    capture = capture_of(design.capture_seed(number))
    exposure, complexion = studio.exposed(identity, capture, PROOF_PX)
    jpegs: dict[tuple[str, int], bytes] = {}

    def develop(made: str, tones: Sequence[int], exposures: Sequence[Exposure]) -> None:
        for tone, each in zip(tones, exposures, strict=True):
            photo = photograph(each, complexion, studio.tone(tone), capture)
            jpegs[made, tone] = stored(photo, capture.camera.quality)

    def direct(tones: Sequence[int], rays: Rays) -> tuple[Exposure, ...]:
        return exposed_directly(studio, identity, capture, exposure, tones, rays)

    develop(_RELIT, PROOF_TONES, [exposure] * len(PROOF_TONES))
    for made, rays in ((_DIRECT, Rays()), (_OTHER_RAYS, Rays(seed=_OTHER_SEED))):
        develop(made, PROOF_TONES, [each.smoothed() for each in direct(PROOF_TONES, rays)])
    if number == 0:
        develop(_MANY_RAYS, MANY_RAYS_TONES, direct(MANY_RAYS_TONES, Rays(MANY_RAYS)))
    return _Prints(person, number, exposure.landmarks, exposure.coverage > 0.5, jpegs)


def _seen(engine: Engine, permit: Permit, jpeg: bytes, prints: _Prints) -> _Seen | None:
    found = faces_in(engine, jpeg, engine.capture.probe)
    faces = [] if isinstance(found, Refusal) else found
    hits = [each for each in faces if is_hit(each.face, prints.landmarks)]
    if not hits:
        return None
    best = max(hits, key=lambda each: each.face.confidence)
    return _Seen(
        np.asarray(Image.open(io.BytesIO(jpeg))),
        best.face.landmarks,
        best.face.confidence,
        None if best.refusal is None else best.refusal.code,
        templates_of(engine, [best], permit)[0].vector,
    )


def _compared(seen: _SeenAs, prints: Sequence[_Prints], one: str, other: str) -> _Compared:
    changes, other_verdicts, count = [], 0, 0
    for each in prints:
        for tone in (tone for made, tone in each.jpegs if made == other):
            before, after = (seen[each.person, each.capture, made, tone] for made in (one, other))
            count += 1
            if before is None or after is None:
                other_verdicts += before is not after
                continue
            other_verdicts += before.refused != after.refused
            changes.append(_change(before, after, each))
    return _Compared(changes, other_verdicts, count)


def _change(before: _Seen, after: _Seen, prints: _Prints) -> _Change:
    colours = [lab_from_linear(linear_from_srgb(each.pixels / 255)) for each in (before, after)]
    eyes = prints.landmarks[:2]
    shifts = np.linalg.norm(after.landmarks - before.landmarks, axis=1)
    return _Change(
        colour=float(ciede2000(*colours)[prints.skin].mean()),
        shift=float(shifts.max() / np.linalg.norm(eyes[1] - eyes[0])),
        confidence=abs(after.confidence - before.confidence),
        angle_deg=_angle_deg(before, after),
    )


def _angle_deg(one: _Seen, other: _Seen) -> float:
    # By the chord: the arc cosine of a product near 1 has too few digits in float32.
    chord = np.linalg.norm(one.vector.astype(np.float64) - other.vector.astype(np.float64))
    return float(np.degrees(2 * np.arcsin(min(1.0, float(chord) / 2))))


def _rows(seen: _SeenAs, compared: dict[str, _Compared]) -> list[Row]:
    moved = {made: _moved_by_tone(seen, made) for made in (_RELIT, _DIRECT)}
    tone_deg = mean(moved[_RELIT].values())
    grain = compared[_OTHER_RAYS]
    both = moved[_RELIT].keys() & moved[_DIRECT].keys()
    off = [abs(moved[_RELIT][key] - moved[_DIRECT][key]) for key in both]
    return [
        *_change_rows("relit, and traced directly", compared[_DIRECT], tone_deg, grain),
        *_change_rows("traced directly, by other rays", grain, tone_deg),
        *_change_rows(
            f"relit, and traced by {MANY_RAYS} rays, no filter", compared[_MANY_RAYS], tone_deg
        ),
        Row(f"a tone's angle from tone {_BASE}, relit: mean, largest",
            _both(moved[_RELIT].values(), "°")),
        Row("  traced directly", _both(moved[_DIRECT].values(), "°")),
        Row("  their difference, without its sign", _both(off, "°"),
            ratio=f"{mean(off) / tone_deg:.3f}"),
        Row("  for comparison: another capture's angle", _both(_between_captures(seen), "°")),
    ]  # fmt: skip


def _change_rows(
    what: str, compared: _Compared, tone_deg: float, limit: _Compared | None = None
) -> list[Row]:
    changes, angle_deg = compared.changes, _mean_angle_deg(compared)
    return [
        Row(
            f"{what}: other verdict",
            f"{compared.other_verdicts} of {compared.count}",
            target="" if limit is None else f"≤ {limit.other_verdicts}",
            met=None if limit is None else compared.other_verdicts <= limit.other_verdicts,
        ),
        Row("  skin, CIEDE2000: mean, largest", _both([each.colour for each in changes])),
        Row(
            "  landmark moved, of the eyes' distance",
            _both([each.shift for each in changes], "", 4),
        ),
        Row("  confidence", _both([each.confidence for each in changes], "", 4)),
        Row(
            "  angle, and its share of a tone's",
            _both([each.angle_deg for each in changes], "°"),
            ratio=f"{angle_deg / tone_deg:.3f}",
            target="" if limit is None else f"≤ {_mean_angle_deg(limit):.2f}°",
            met=None if limit is None else angle_deg <= _mean_angle_deg(limit),
        ),
    ]


def _mean_angle_deg(compared: _Compared) -> float:
    return mean(each.angle_deg for each in compared.changes)


def _moved_by_tone(seen: _SeenAs, made: str) -> dict[tuple[int, int, int], float]:
    return {
        (person, capture, tone): _angle_deg(base, each)
        for (person, capture, how, tone), each in seen.items()
        if how == made and tone != _BASE and each and (base := seen[person, capture, made, _BASE])
    }


def _between_captures(seen: _SeenAs) -> list[float]:
    rows = [
        [seen[person, capture, _RELIT, _BASE] for capture in range(PROOF_CAPTURES)]
        for person in range(PROOF_PEOPLE)
    ]
    pairs = (pair for row in rows for pair in combinations(row, 2))
    return [_angle_deg(one, other) for one, other in pairs if one and other]


def _both(values: Any, unit: str = "", digits: int = 2) -> str:
    values = list(values)
    return f"{mean(values):.{digits}f}{unit}, {max(values):.{digits}f}{unit}"


if __name__ == "__main__":
    print(json.dumps(_speed(int(sys.argv[1]))))
