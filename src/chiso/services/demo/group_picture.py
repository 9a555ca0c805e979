"""Composes one group picture of many people from a photo of each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chiso.core.samples import Box, Pixels

WIDTH_PX, HEIGHT_PX = 1680, 1000
_JPEG_QUALITY = 92
_TOP_RGB, _BOTTOM_RGB = (208, 212, 214), (226, 229, 230)
# From the back to the front: share of the people, side of a portrait, height of its centre.
_ROWS = ((7 / 18, 210, 150), (6 / 18, 310, 400), (5 / 18, 460, 750))
_FADE_POWER = 4.0


@dataclass(frozen=True, slots=True)
class GroupPicture:
    """A JPEG, and where in it each person's portrait is, in the order given."""

    content: bytes
    places: tuple[Box, ...]


def compose(portraits: Sequence[Pixels]) -> GroupPicture:
    """Three rows of people before a plain wall: the back row small, the front row large.

    `portraits`: one (height, width, 3) image a person, uint8, RGB; the middle square is used.
    """
    canvas = _wall()
    places: list[Box] = []
    for (_, side_px, centre_y_px), count in zip(_ROWS, _row_counts(len(portraits)), strict=True):
        for column in range(count):
            centre_x_px = (column + 0.5) * WIDTH_PX / count
            left, top = round(centre_x_px - side_px / 2), round(centre_y_px - side_px / 2)
            portrait = _square(portraits[len(places)], side_px)
            canvas.paste(portrait, (left, top), _fading_edges(side_px))
            places.append(Box(left, top, side_px, side_px))
    stream = io.BytesIO()
    canvas.save(stream, "JPEG", quality=_JPEG_QUALITY)
    return GroupPicture(stream.getvalue(), tuple(places))


def _row_counts(people: int) -> tuple[int, ...]:
    front = [round(people * share) for share, *_ in _ROWS[1:]]
    return (people - sum(front), *front)


def _wall() -> Image.Image:
    rows = np.linspace(_TOP_RGB, _BOTTOM_RGB, HEIGHT_PX)
    pixels = np.broadcast_to(rows[:, None, :], (HEIGHT_PX, WIDTH_PX, 3))
    return Image.fromarray(pixels.round().astype(np.uint8))


def _square(pixels: Pixels, side_px: int) -> Image.Image:
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = Image.fromarray(pixels[top : top + side, left : left + side])
    return middle.resize((side_px, side_px), Image.Resampling.LANCZOS)


def _fading_edges(side_px: int) -> Image.Image:
    """Opaque in the middle, clear at the edges, so that walls run into one another."""
    across: NDArray[np.float64] = np.abs(np.linspace(-1.0, 1.0, side_px))
    ramp = 1.0 - across**_FADE_POWER
    alpha = np.minimum.outer(ramp, ramp)
    return Image.fromarray((255 * alpha).astype(np.uint8))
