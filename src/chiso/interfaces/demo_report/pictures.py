"""Photos for a page that stands alone: small JPEGs as data URIs, and boxes in percent of them."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from chiso.core.samples import BiometricSample, Box, Refusal

Decode = Callable[[bytes], BiometricSample | Refusal]

_JPEG_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG as a data URI; its size on the page, and that of the photo it was made from."""

    uri: str
    width_px: int
    height_px: int
    photo_width_px: int
    photo_height_px: int

    def place(self, box: Box) -> str:
        """CSS that lays a box of the photo's pixels over this picture."""
        return (
            f"left:{100 * box.x / self.photo_width_px:.2f}%;"
            f"top:{100 * box.y / self.photo_height_px:.2f}%;"
            f"width:{100 * box.width / self.photo_width_px:.2f}%;"
            f"height:{100 * box.height / self.photo_height_px:.2f}%"
        )


def picture(photo: bytes, decode: Decode, max_side_px: int) -> Picture | None:
    """A photo, upright, without its metadata, and no larger than asked; None if undecodable."""
    sample = decode(photo)
    if not isinstance(sample, BiometricSample):
        return None
    image = Image.fromarray(sample.pixels)
    image.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    encoded = base64.b64encode(stream.getvalue()).decode()
    return Picture(
        f"data:image/jpeg;base64,{encoded}",
        image.width,
        image.height,
        sample.width_px,
        sample.height_px,
    )
