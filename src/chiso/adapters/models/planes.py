"""Turns pixels into the float planes that a network takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chiso.adapters.models.manifest import Normalisation
from chiso.core.samples import Pixels

Planes = NDArray[np.float32]


def planes_of(images: NDArray[np.uint8], normalisation: Normalisation) -> Planes:
    """Images (n, height, width, 3), uint8, RGB, as normalised planes (n, 3, height, width)."""
    if normalisation.channel_order == "bgr":
        images = images[..., ::-1]
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32)
    if any(normalisation.mean):
        planes -= np.array(normalisation.mean, np.float32)[:, None, None]
    if normalisation.scale != 1.0:
        planes *= np.float32(normalisation.scale)
    return planes


def pad_to_multiple(pixels: Pixels, multiple_px: int) -> Pixels:
    """`pixels` with black rows and columns at the end, to sides divisible by `multiple_px`."""
    height_px, width_px = pixels.shape[:2]
    below_px, right_px = -height_px % multiple_px, -width_px % multiple_px
    if not below_px and not right_px:
        return pixels
    return np.pad(pixels, ((0, below_px), (0, right_px), (0, 0)))
