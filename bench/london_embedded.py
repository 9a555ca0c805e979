"""Templates of the London people: one posed reference each, and one everyday probe."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.london import folder
from chiso import wiring
from chiso.core.samples import Refusal
from chiso.core.settings import CaptureSettings
from chiso.evaluate import everyday
from chiso.interfaces.cli.study import read_study
from chiso.services.engine import MeasuredFace, single_face
from chiso.services.home import Engine

SEVERITY = everyday.EVERYDAY


@dataclass(frozen=True, slots=True)
class Embedded:
    """`references`, `probes`: shape (people, dimensions); the group each person reported.

    `refused`: people left out, because a photo of theirs gave no template.
    """

    references: NDArray[np.float32]
    probes: NDArray[np.float32]
    groups: list[str]
    refused: int


def embedded(seed: int) -> Embedded:
    """The first photo by name as it is, the second degraded."""
    photos = folder()
    if photos is None:
        sys.exit("No London photos: name their folder in CHISO_LONDON.")
    study = read_study(photos, photos / "people.csv", "ethnicity")
    engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
    by_person: dict[str, list[tuple[str, bytes, str]]] = {}
    for photo in study.photos:
        each = by_person.setdefault(photo.subject, [])
        each.append((photo.name, photo.content, photo.group))
    pairs, groups = [], []
    for number, given in enumerate(by_person.values()):
        (_, first, group), (_, second, _) = sorted(given)[:2]
        pair = _templates(engine, first, second, (seed, number))
        if pair is not None:
            pairs.append(pair)
            groups.append(group)
    references, probes = (np.stack(side) for side in zip(*pairs, strict=True))
    return Embedded(references, probes, groups, len(by_person) - len(pairs))


def _templates(
    engine: Engine, first: bytes, second: bytes, seed: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    reference = single_face(engine, first, engine.capture.enrolment)
    posed = single_face(engine, second, engine.capture.enrolment)
    if isinstance(reference, Refusal) or isinstance(posed, Refusal):
        return None
    with Image.open(io.BytesIO(second)) as image:
        pixels = np.array(image.convert("RGB"))
    eyes = np.asarray(posed.face.landmarks[:2], dtype=np.float64)
    degraded = everyday.everyday_photo(pixels, eyes, SEVERITY, seed)
    probe = single_face(engine, degraded, engine.capture.probe)
    if isinstance(probe, Refusal):
        return None
    return _vector(engine, reference), _vector(engine, probe)


def _vector(engine: Engine, face: MeasuredFace) -> NDArray[np.float32]:
    (template,) = engine.embedder.embed([face.aligned.chip])
    return template.vector
