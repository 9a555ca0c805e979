"""An angle under the normal model of where it lies, told as a cosine under everyone's."""

from __future__ import annotations

import numpy as np

from chiso.compare.normalise.port import Floats, Scores


def as_rare(
    cosines: Floats, left: Floats, right: Floats, mean_rad: float, deviation_rad: float
) -> Scores:
    """The cosines, in [-1, 1], at which everyone's angles are as rare as these are here.

    `cosines`: shape (a, b). `left`, `right`: shapes (a, 2) and (b, 2), half of the mean and of the
    deviation of the angles around each sample, in radians: the two halves of a comparison's sides
    add up to its model. `mean_rad`, `deviation_rad`: of everyone's angles.
    """
    angle = np.arccos(np.clip(cosines, -1, 1))
    angle = angle - (left[:, :1] + right[None, :, 0])
    angle /= left[:, 1:2] + right[None, :, 1]
    angle *= deviation_rad
    angle += mean_rad
    rare: Scores = np.cos(np.clip(angle, 0, np.pi)).astype(np.float64)
    return rare
