"""Smooth chance in space: gradient noise and cells, the same on every machine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_CORNERS = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])


def _mixed(cells: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.uint32]:
    """A hash of integer cells (n, 3): the finaliser of MurmurHash3 over a linear mix."""
    c = cells.astype(np.uint32)
    h = (
        c[..., 0] * np.uint32(0x8DA6B343)
        ^ c[..., 1] * np.uint32(0xD8163841)
        ^ c[..., 2] * np.uint32(0xCB1AB31F)
        ^ np.uint32(seed & 0xFFFFFFFF)
    )
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    return np.asarray(h ^ (h >> np.uint32(16)))


def smooth_noise(points: Floats, seed: int, wavelength: float) -> Floats:
    """Gradient noise (Perlin 2002), about -1 to 1, deviation near 0.3; points (n, 3)."""
    scaled = points / wavelength
    cell = np.floor(scaled).astype(np.int64)
    inside = scaled - cell
    fade = inside**3 * (inside * (inside * 6 - 15) + 10)
    total = np.zeros(len(points))
    for corner in _CORNERS:
        h = _mixed(cell + corner, seed)
        away = inside - corner
        angle = (h & np.uint32(0xFFFF)) * (2 * np.pi / 65536)
        height = (h >> np.uint32(16)) * (2 / 65536) - 1
        flat = np.sqrt(1 - height**2)
        slope = (
            flat * np.cos(angle) * away[:, 0]
            + flat * np.sin(angle) * away[:, 1]
            + height * away[:, 2]
        )
        weight = np.where(corner, fade, 1 - fade).prod(axis=1)
        total += weight * slope
    return np.asarray(total * 1.6)


def octaves(points: Floats, seed: int, wavelength: float, count: int, gain: float = 0.5) -> Floats:
    """Noise over noise of half the wavelength, each `gain` as strong as the one before."""
    total = np.zeros(len(points))
    for k in range(count):
        total += gain**k * smooth_noise(points, seed + 101 * k, wavelength / 2**k)
    return total


def spots(points: Floats, seed: int, spacing: float, present: float, radius: float) -> Floats:
    """Round spots, one in a share `present` of the cells: 1 in the middle, 0 outside; (n,)."""
    scaled = points / spacing
    base = np.floor(scaled - 0.5).astype(np.int64)
    strongest = np.zeros(len(points))
    for corner in _CORNERS:
        cell = base + corner
        h = _mixed(cell, seed)
        g = _mixed(cell, seed ^ 0x5BD1E995)
        centre = (
            cell
            + 0.5
            + (
                np.stack(
                    [
                        h & np.uint32(1023),
                        (h >> np.uint32(10)) & np.uint32(1023),
                        g & np.uint32(1023),
                    ],
                    axis=1,
                )
                / 1023
                - 0.5
            )
            * 0.8
        )
        here = ((g >> np.uint32(10)) & np.uint32(4095)) < present * 4096
        size = radius * (0.5 + ((h >> np.uint32(20)) & np.uint32(1023)) / 1023)
        distance = np.linalg.norm(scaled - centre, axis=1) * spacing
        value = np.clip(1.6 * (1 - distance / size), 0, 1) * here
        np.maximum(strongest, value, out=strongest)
    return strongest
