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
from chiso.consent.policy import permit_study
from chiso.core.consent import Permit
from chiso.core.samples import Refusal
from chiso.core.settings import CaptureSettings
from chiso.evaluate import everyday
from chiso.interfaces.cli.files import sha256_of
from chiso.interfaces.cli.study import PEOPLE_FILE, read_people
from chiso.services.engine import reference_templates_of, single_face, templates_of
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
    people = read_people(photos)
    engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
    signed = sha256_of(photos / PEOPLE_FILE, "what these people signed")
    permit = permit_study(signed, wiring.clock().now())
    pairs, groups = [], []
    for number, person in enumerate(people):
        first, second = (photo.read_bytes() for photo in person.photos[:2])
        pair = _templates(engine, permit, (first, second), (seed, number))
        if pair is not None:
            pairs.append(pair)
            groups.append(person.row["ethnicity"])
    references, probes = (np.stack(side) for side in zip(*pairs, strict=True))
    return Embedded(references, probes, groups, len(people) - len(pairs))


def _templates(
    engine: Engine, permit: Permit, photos: tuple[bytes, bytes], seed: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Of the first photo as a reference and of the second, degraded, as a probe."""
    first, second = photos
    posed_first = single_face(engine, first, engine.capture.enrolment)
    posed_second = single_face(engine, second, engine.capture.enrolment)
    if isinstance(posed_first, Refusal) or isinstance(posed_second, Refusal):
        return None
    with Image.open(io.BytesIO(second)) as image:
        pixels = np.array(image.convert("RGB"))
    eyes = np.asarray(posed_second.face.landmarks[:2], dtype=np.float64)
    degraded = everyday.everyday_photo(pixels, eyes, SEVERITY, seed)
    everyday_second = single_face(engine, degraded, engine.capture.probe)
    if isinstance(everyday_second, Refusal):
        return None
    (reference,) = reference_templates_of(engine, [posed_first], permit)
    (probe,) = templates_of(engine, [everyday_second], permit)
    return reference.vector, probe.vector
