"""Chips of the people that narrowing is measured on: posed, and everyday ones made of them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.narrowing_errors import Index
from bench.timing import say
from chiso.capture.align import align
from chiso.capture.decode import decode
from chiso.capture.detect import detect_faces
from chiso.core.samples import BiometricSample, Face, Pixels, Refusal
from chiso.evaluate import everyday
from chiso.services.home import Engine

SEEDS = (11, 12)
MILD_SEED = 13
MILD_COPIES = 2
ALONE = -1
LONDON_GROUPS = ("black", "east_asian", "west_asian", "white")
TONE_BANDS: Mapping[str, range] = {
    "tones 1-3": range(1, 4),
    "tones 4-6": range(4, 7),
    "tones 7-8": range(7, 9),
    "tones 9-10": range(9, 11),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """One aligned face: of which person, of which of her photos; `seed` is -1 where it is posed."""

    person: int
    photo: int
    seed: int
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Set:
    """People and their chips.

    `groups`: names; `group`: shape (people,), index into them, `ALONE` of who is alone in hers and
    compared across groups only. `mild`: of each person's first photo, mildly degraded. `lost`:
    everyday photos in which no face was found, by group.
    """

    name: str
    groups: tuple[str, ...]
    group: Index
    posed: tuple[Chip, ...]
    mild: tuple[Chip, ...]
    everyday: tuple[Chip, ...]
    lost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Person:
    group: int
    photos: tuple[Path, ...]


def london_set(engine: Engine, folder: Path, variants: int) -> Set:
    """Neutral and smiling photos, both as they are and `variants` times everyday a seed."""
    people = [
        _Person(
            _place(row["ethnicity"]),
            tuple(folder / f"{row['subject']}_{look}.jpg" for look in ("neutral", "smiling")),
        )
        for row in _rows(folder)
    ]
    return _seen(engine, "London", LONDON_GROUPS, people, variants, range(2))


def volunteer_set(engine: Engine, folder: Path, variants: int) -> Set:
    """Rendered people of whom there is more than one photo; the first is never made everyday."""
    bands = list(TONE_BANDS.values())
    people = [
        _Person(
            next(index for index, band in enumerate(bands) if int(row["tone"]) in band),
            tuple(sorted(folder.glob(f"{row['subject']}_*.jpg"))),
        )
        for row in _rows(folder)
    ]
    several = [each for each in people if len(each.photos) > 1]
    most = max(len(each.photos) for each in several)
    return _seen(engine, "volunteers", tuple(TONE_BANDS), several, variants, range(1, most))


def _place(reported: str) -> int:
    return LONDON_GROUPS.index(reported) if reported in LONDON_GROUPS else ALONE


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "people.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _seen(
    engine: Engine,
    name: str,
    groups: tuple[str, ...],
    people: Sequence[_Person],
    variants: int,
    made_everyday: range,
) -> Set:
    say(f"{name}: finding the faces of {len(people)} people")
    posed: list[Chip] = []
    mild: list[Chip] = []
    degraded: list[Chip] = []
    lost: Counter[int] = Counter()
    for number, person in enumerate(people):
        for photo, path in enumerate(person.photos):
            sample, face = _face(engine, path.read_bytes())
            if sample is None or face is None:
                raise RuntimeError(f"no face was found in {path.name}")
            posed.append(Chip(number, photo, -1, _chip(engine, sample, face)))
            wanted = [(mild, everyday.MILD, MILD_SEED, MILD_COPIES)] if photo == 0 else []
            if photo in made_everyday:
                wanted += [(degraded, everyday.EVERYDAY, seed, variants) for seed in SEEDS]
            for found, severity, seed, count in wanted:
                eyes = face.landmarks[:2].astype(np.float64)
                for variant in range(count):
                    file = everyday.everyday_photo(
                        sample.pixels, eyes, severity, (seed, number, photo, variant)
                    )
                    again, its_face = _face(engine, file)
                    if again is None or its_face is None:
                        lost[person.group] += 1
                    else:
                        pixels = _chip(engine, again, its_face)
                        found.append(Chip(number, photo, seed, pixels))
    group = np.array([person.group for person in people])
    by_group = tuple(lost[index] for index in range(len(groups)))
    return Set(name, groups, group, tuple(posed), tuple(mild), tuple(degraded), by_group)


def _face(engine: Engine, file: bytes) -> tuple[BiometricSample | None, Face | None]:
    """The largest face, whatever its quality: what a quality limit refuses is measured here too."""
    sample = decode(file, engine.capture.decode)
    if isinstance(sample, Refusal):
        return None, None
    faces = detect_faces(engine.detector, sample)
    return sample, max(faces, key=lambda face: face.box.width * face.box.height, default=None)


def _chip(engine: Engine, sample: BiometricSample, face: Face) -> Pixels:
    return align(sample, face, engine.embedder.geometry).chip
