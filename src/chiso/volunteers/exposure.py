"""What light does to a volunteer, before her skin has a tone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TEMPLATE_LOW = np.array([-3.2, 3.0, -1.4])
TEMPLATE_HIGH = np.array([3.2, 8.7, 2.4])
"""Corners of the box that the skin's template coordinates are coded in, decimetres."""


_REACH_PX = 3
_SPREAD_PX = 1.7
_CONTRAST = 0.16  # of the logarithm of light


@dataclass(frozen=True, slots=True)
class Exposure:
    """One photo as a polynomial of skin albedo a: fixed + a·linear + a²·quadratic.

    Light that met no skin is in `fixed`, with what skin reflects off its surface, which no pigment
    changes. Light scattered once in skin is linear in its albedo; light that went from skin to
    skin (beside the nose, in the eye sockets) is quadratic; what comes after is below 1 %.

    Attributes:
        fixed: (h, w, 3) linear sRGB radiance.
        linear: (h, w, 3), not negative.
        quadratic: (h, w, 3).
        alpha: (h, w) share of the pixel that is not backdrop.
        coverage: (h, w) share of the pixel that is skin.
        lips: (h, w) share that is lip; of the coverage.
        hair: (h, w) share whose skin bears hair; of the coverage.
        template: (h, w, 3) where the skin in it lies on the template, coded 0 to 1 between
            TEMPLATE_LOW and TEMPLATE_HIGH, times coverage.
        mm_per_px: size of a pixel at the face.
        landmarks: (5, 2) float32, pixels.
    """

    fixed: Floats
    linear: Floats
    quadratic: Floats
    alpha: Floats
    coverage: Floats
    lips: Floats
    hair: Floats
    template: Floats
    mm_per_px: float
    landmarks: npt.NDArray[np.float32]

    def places(self) -> Floats:
        """Where the skin of each pixel lies on the template, decimetres (h, w, 3)."""
        coded = self.template / np.maximum(self.coverage, 1e-3)[..., None]
        return np.asarray(coded * (TEMPLATE_HIGH - TEMPLATE_LOW) + TEMPLATE_LOW)

    def smoothed(self) -> Exposure:
        """The same with the grain of too few rays taken out of the light in the skin.

        A bilateral filter (Tomasi and Manduchi 1998) whose weights come from a blurred copy of
        the light, so that shadows keep their edges; the same weights for every tone.
        """
        cover = np.maximum(self.coverage, 1e-3)[..., None]
        light = np.concatenate([self.linear, self.quadratic], axis=-1) / cover
        here = self.coverage > 0.05
        weight = np.where(here, self.coverage, 0.0)
        guide = np.log(
            0.02 + _mean_of_neighbours(self.linear.mean(axis=-1) / cover[..., 0], weight)
        )
        total = np.zeros_like(light)
        counted = np.zeros_like(weight)
        for dy in range(-_REACH_PX, _REACH_PX + 1):
            for dx in range(-_REACH_PX, _REACH_PX + 1):
                near = np.exp(-(dx * dx + dy * dy) / (2 * _SPREAD_PX**2))
                other = np.roll(guide, (dy, dx), axis=(0, 1))
                w = near * np.exp(-(((other - guide) / _CONTRAST) ** 2) / 2)
                w *= np.roll(weight, (dy, dx), axis=(0, 1))
                total += w[..., None] * np.roll(light, (dy, dx), axis=(0, 1))
                counted += w
        smooth = np.where(
            here[..., None], total / np.maximum(counted, 1e-9)[..., None] * cover, light * cover
        )
        return replace(self, linear=smooth[..., :3], quadratic=smooth[..., 3:])


def _mean_of_neighbours(values: Floats, weight: Floats) -> Floats:
    total, counted = np.zeros_like(values), np.zeros_like(values)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            w = np.roll(weight, (dy, dx), axis=(0, 1)) * np.exp(-(dx * dx + dy * dy) / 4)
            total += w * np.roll(values, (dy, dx), axis=(0, 1))
            counted += w
    return np.asarray(total / np.maximum(counted, 1e-9))
