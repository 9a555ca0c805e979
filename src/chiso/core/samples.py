"""What a photo becomes on its way to a template: sample, face, aligned face, refusal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.core.refusals import Refusal

__all__ = [
    "AlignedFace",
    "AlignmentGeometry",
    "BiometricSample",
    "Box",
    "Face",
    "Landmarks",
    "Pixels",
    "Refusal",
]

Pixels = NDArray[np.uint8]
"""An image: shape (height, width, 3), uint8, RGB, sRGB-encoded, row 0 at the top."""

Landmarks = NDArray[np.float32]
"""Five points: shape (5, 2), float32, (x, y) in pixels of the image that they were found in.

Order: the eye centre on the image's left, the one on its right, the nose tip, the mouth corner on
the image's left, the one on its right. The centre of the top-left pixel is (0, 0).
"""


@dataclass(frozen=True, slots=True)
class BiometricSample:
    """A decoded photo: pixels only, upright, without any metadata."""

    pixels: Pixels

    @property
    def width_px(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the sample; (x, y) is its top-left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Face:
    """One detected face, in the pixel frame of the image given to the detector."""

    box: Box
    landmarks: Landmarks
    confidence: float
    """Detector's score in [0, 1]; higher is surer. Not a probability."""


@dataclass(frozen=True, slots=True)
class AlignmentGeometry:
    """Where an embedder wants the five landmarks: points (5, 2) in pixels of a square chip."""

    size_px: int
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class AlignedFace:
    """A face warped to an embedder's geometry: chip of shape (size, size, 3), uint8, RGB."""

    face: Face
    chip: Pixels
