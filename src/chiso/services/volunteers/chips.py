"""Cuts chips out of portraits along their true landmarks, as samples to train on."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import numpy as np
from PIL import Image

from chiso.capture.align import align, similarity
from chiso.capture.decode import decode
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import AlignmentGeometry, Box, Face, Pixels, Refusal
from chiso.core.settings import DecodeLimits
from chiso.services.volunteers.plan import Sitting
from chiso.volunteers.portraits import Portrait

_JPEG_QUALITY = 95
_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Chip:
    """One sample of a shard: its key, the chip as JPEG, and what is known of it as JSON."""

    key: str
    jpeg: bytes
    document: bytes
    enlarged: bool


def chip_of(portrait: Portrait, sitting: Sitting, geometry: AlignmentGeometry) -> Chip:
    """The portrait's face in this geometry. Raises ChisoError(STUDIO_FAILED) where it is no photo.

    The key is `0000001_0002_05`: person, capture, tone. A chip's JPEG keeps full colour resolution.
    """
    sample = decode(portrait.jpeg, DecodeLimits())
    if isinstance(sample, Refusal):
        raise ChisoError(
            Code.STUDIO_FAILED,
            f"The studio made a portrait that cannot be read. {sample.message}",
            "Please report this, with the arguments that were given.",
        )
    box = Box(0.0, 0.0, float(portrait.size_px), float(portrait.size_px))
    aligned = align(sample, Face(box, portrait.landmarks, 1.0), geometry)
    landmarks = portrait.landmarks.astype(np.float64)
    to_chip = similarity(landmarks, np.array(geometry.points))
    scale = float(np.hypot(to_chip[0, 0], to_chip[1, 0]))
    document = {
        "person_number": sitting.person_number,
        "capture_number": sitting.capture_number,
        "person": portrait.person,
        "capture": portrait.capture,
        "tone": portrait.tone,
        "landmarks": np.round(landmarks @ to_chip[:, :2].T + to_chip[:, 2], _DECIMALS).tolist(),
        "chip_px_per_portrait_px": round(scale, _DECIMALS),
        "person_traits": dict(portrait.person_traits),
        "capture_traits": dict(portrait.capture_traits),
    }
    return Chip(
        key=f"{sitting.person_number:07d}_{sitting.capture_number:04d}_{portrait.tone:02d}",
        jpeg=_jpeg(aligned.chip),
        document=json.dumps(document, ensure_ascii=False).encode() + b"\n",
        enlarged=scale > 1.0,
    )


def scaled(geometry: AlignmentGeometry, size_px: int) -> AlignmentGeometry:
    """The same geometry in a chip of another size; pixel centres are whole numbers in both."""
    ratio = size_px / geometry.size_px
    points = tuple(((x + 0.5) * ratio - 0.5, (y + 0.5) * ratio - 0.5) for x, y in geometry.points)
    return AlignmentGeometry(size_px, points)


def _jpeg(chip: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(chip).save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()
