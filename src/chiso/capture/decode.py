"""Turns the bytes of a photo into a biometric sample, or says in plain words why it cannot."""

from __future__ import annotations

import numpy as np

from chiso.capture.raster import Raster, rasterise
from chiso.core.samples import BiometricSample, Refusal
from chiso.core.settings import DecodeLimits


def decode(data: bytes, limits: DecodeLimits) -> BiometricSample | Refusal:
    """The sample of a JPEG, PNG or WebP photo; a refusal for everything else. Never raises.

    Pixels are shape (height, width, 3), uint8, RGB; `rasterise` says how they come about.
    """
    answer = rasterise(data, limits)
    return answer if isinstance(answer, Refusal) else sample_of(answer)


def sample_of(raster: Raster) -> BiometricSample:
    """These pixels as a sample: shape (height, width, 3), uint8, RGB; nothing is copied."""
    pixels = np.frombuffer(raster.rgb, np.uint8)
    return BiometricSample(pixels.reshape(raster.height_px, raster.width_px, 3))
