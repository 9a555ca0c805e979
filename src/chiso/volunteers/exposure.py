"""What light does to a volunteer, before her skin has a tone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TEMPLATE_LOW = np.array([-3.2, 3.0, -1.4])
TEMPLATE_HIGH = np.array([3.2, 8.7, 2.4])
"""Corners of the box that the skin's template coordinates are coded in, decimetres."""


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
