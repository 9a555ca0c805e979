"""What lies behind a volunteer: a wall, a room or the outdoors, out of focus."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from chiso.volunteers.capture import Capture
from chiso.volunteers.chance import stream
from chiso.volunteers.noise import octaves

Floats = npt.NDArray[np.float64]
_BRIGHTNESS = {"back light": 1.9, "dim room": 0.35, "noon": 0.9}


@lru_cache(maxsize=1)  # the ten tones of a portrait have one backdrop
def backdrop(capture: Capture, size_px: int) -> Floats:
    """Linear sRGB radiance (size, size, 3), read-only; the same picture at any size."""
    chance = stream("backdrop", capture.seed)
    grid = (np.arange(size_px) + 0.5) / size_px
    y, x = np.meshgrid(grid, grid, indexing="ij")
    base = np.array(capture.backdrop_colour)
    make = {"wall": _wall, "room": _room, "outdoors": _outdoors}[capture.backdrop]
    picture = make(chance, x, y, base)
    bright = _BRIGHTNESS.get(capture.light.kind, 0.75)
    made = np.clip(picture * bright, 0.002, 3)
    made.setflags(write=False)
    return made


def _wall(chance: np.random.Generator, x: Floats, y: Floats, base: Floats) -> Floats:
    slope = chance.uniform(-0.35, 0.35, 2)
    shade = 1 + slope[0] * (x - 0.5) + slope[1] * (y - 0.5)
    at = np.stack([x.ravel() * 3, y.ravel() * 3, np.full(x.size, 0.5)], axis=1)
    texture = octaves(at, int(chance.integers(0, 2**30)), 0.8, 4).reshape(x.shape)
    lighter = 0.35 * base + 0.35
    return np.asarray(lighter * (shade * (1 + 0.04 * texture))[..., None])


def _room(chance: np.random.Generator, x: Floats, y: Floats, base: Floats) -> Floats:
    picture = np.ones((*x.shape, 3)) * (0.5 * base + 0.15)
    for _ in range(9):
        left, top = chance.uniform(-0.2, 1.0), chance.uniform(-0.2, 0.9)
        wide, high = chance.uniform(0.08, 0.5), chance.uniform(0.1, 0.7)
        colour = chance.uniform(0.02, 0.75, 3) * 0.5 + chance.uniform(0.0, 0.35)
        picture = _block(
            picture, x, y, (left, top, wide, high), colour, chance.uniform(0.012, 0.05)
        )
    return picture


def _outdoors(chance: np.random.Generator, x: Floats, y: Floats, base: Floats) -> Floats:
    horizon = chance.uniform(0.45, 0.75)
    sky = np.array([0.45, 0.62, 0.9]) * (0.75 + 0.4 * y[..., None])
    at = np.stack([x.ravel() * 4, y.ravel() * 4, np.full(x.size, 0.5)], axis=1)
    leaves = octaves(at, int(chance.integers(0, 2**30)), 0.6, 4).reshape(x.shape)
    green = np.array([0.10, 0.16, 0.05]) * (1 + 0.9 * leaves)[..., None]
    line = horizon + 0.18 * leaves
    ground = 1 / (1 + np.exp(np.clip((line - y) / 0.03, -40, 40)))
    picture = sky * (1 - ground)[..., None] + np.clip(green, 0.01, 1) * ground[..., None]
    for _ in range(3):
        box = (
            chance.uniform(-0.2, 0.9),
            horizon - chance.uniform(0, 0.4),
            chance.uniform(0.1, 0.4),
            0.9,
        )
        colour = chance.uniform(0.1, 0.6) * (0.6 * base / base.mean() + 0.4)
        picture = _block(picture, x, y, box, colour, 0.02)
    return picture


def _block(
    picture: Floats, x: Floats, y: Floats, box: tuple[float, float, float, float], colour: Floats,
    soft: float,
) -> Floats:  # fmt: skip
    left, top, wide, high = box

    def edge(value: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(np.clip(-value / soft, -40, 40))))

    inside = edge(x - left) * edge(left + wide - x) * edge(y - top) * edge(top + high - y)
    return np.asarray(picture * (1 - inside[..., None]) + colour * inside[..., None])
