"""A drawn picture as a file, and what a decoder makes of it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from chiso.core.ports import Decoder
from chiso.core.samples import BiometricSample


def drawn(width_px: int = 64, height_px: int = 48, blue: int = 90) -> Image.Image:
    """Smooth, and different in every corner."""
    rows, columns = np.mgrid[:height_px, :width_px]
    red = 40 + 150 * columns / width_px
    green = 30 + 180 * rows / height_px
    pixels = np.stack([red, green, np.full_like(red, blue)], axis=2)
    return Image.fromarray(pixels.astype(np.uint8))


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file of this kind."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


GOOD = saved(drawn())


def assert_still_decodes(decoder: Decoder) -> None:
    """A good photo comes out as it went in."""
    answer = decoder.decode(GOOD)
    assert isinstance(answer, BiometricSample), answer
    assert np.array_equal(answer.pixels, np.asarray(drawn()))
