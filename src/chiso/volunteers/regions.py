"""Where on a head something grows or is painted; all of it in the template's own coordinates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chiso.volunteers.anatomy import Points
from chiso.volunteers.noise import smooth_noise

Floats = npt.NDArray[np.float64]

HEAD_AXIS_Z_DM = 0.55  # the upright axis through the middle of the skull
HEAD_CENTRE = np.array([0.0, 7.45, HEAD_AXIS_Z_DM])
EYE = np.array([0.308, 7.284])  # her left one, seen from the front
MOUTH_Y_DM = 6.61

# Height of the hairline over the angle from the front, of a full head of hair; measured by eye.
_HAIRLINE_DEG = (0, 20, 34, 46, 58, 68, 78, 92, 108, 122, 145, 180)
_HAIRLINE_DM = (8.03, 8.02, 7.97, 7.84, 7.62, 7.42, 7.16, 7.42, 7.36, 7.00, 6.72, 6.66)
_RECEDED_DM = (0.20, 0.34, 0.40, 0.36, 0.20, 0.06, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def soft_step(value: Floats, low: float, high: float) -> Floats:
    """0 below `low`, 1 above `high`, smooth between; falls where `low` > `high`."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def around_deg(points: Points) -> Floats:
    """Angle from the front about the upright axis, 0 to 180, the same on both sides."""
    return np.asarray(np.degrees(np.arctan2(np.abs(points[:, 0]), points[:, 2] - HEAD_AXIS_Z_DM)))


def scalp(points: Points, ears: Floats, hairline: float, receded: float) -> Floats:
    """1 where hair grows on the head; `hairline` in [0, 1] is how low it sits; (n,)."""
    receding = receded * np.array(_RECEDED_DM)
    line = np.interp(
        around_deg(points),
        _HAIRLINE_DEG,
        np.array(_HAIRLINE_DM) + receding - 0.12 * hairline + 0.05,
    )
    rough = 0.07 * smooth_noise(points, 77, 0.16)
    return soft_step(points[:, 1] - line + rough, -0.08, 0.16) * (ears < 0.3)


def brow_line(height: float, arch: float, gap: float) -> tuple[Floats, Floats]:
    """Height over |x| of the middle of a brow: xs and ys, decimetres."""
    inner = 0.085 + 0.05 * gap
    xs = np.array([inner, 0.22, 0.36, 0.47, 0.56])
    rise = 0.012 + 0.05 * arch
    ys = 7.475 + 0.045 * height + np.array([0.0, 0.55 * rise, rise, 0.55 * rise, -0.05])
    return xs, ys


def brow(points: Points, height: float, arch: float, gap: float, thickness: float) -> Floats:
    """1 in the middle of a brow, 0 outside."""
    xs, ys = brow_line(height, arch, gap)
    x = np.abs(points[:, 0])
    along = (x - xs[0]) / (xs[-1] - xs[0])
    half = (0.030 + 0.032 * thickness) * np.interp(along, [0, 0.2, 0.6, 1], [0.85, 1.0, 0.75, 0.2])
    off = np.abs(points[:, 1] - np.interp(x, xs, ys)) / half
    inside = (along > -0.03) & (along < 1.0) & (points[:, 2] > 1.0)
    return np.asarray(np.clip(1.35 - off, 0, 1) * inside)


def moustache(points: Points, lips: Floats) -> Floats:
    """1 between nose and upper lip."""
    x, y, z = points.T
    band = soft_step(y, 6.67, 6.72) * soft_step(y, 6.86, 6.80)
    return np.asarray(band * soft_step(np.abs(x), 0.34, 0.27) * (z > 1.2) * (lips < 0.4))


def chin_tuft(points: Points, lips: Floats) -> Floats:
    """1 on the chin and beneath the lower lip, and in a line to the mouth's corners."""
    x, y, z = points.T
    chin = soft_step(np.abs(x), 0.27, 0.20) * soft_step(y, 6.52, 6.46) * soft_step(y, 6.05, 6.15)
    sides = (
        soft_step(np.abs(np.abs(x) - 0.29), 0.07, 0.03)
        * soft_step(y, 6.72, 6.66)
        * soft_step(y, 6.2, 6.3)
    )
    return np.asarray(np.maximum(chin, sides) * (z > 0.9) * (lips < 0.4))


def beard(points: Points, lips: Floats, ears: Floats) -> Floats:
    """1 on jaw, lower cheeks, chin and the upper throat."""
    x, y, _ = points.T
    around = around_deg(points)
    top = np.interp(around, [0, 14, 24, 40, 60, 74, 84], [6.44, 6.48, 6.66, 6.70, 6.84, 7.10, 7.25])
    bottom = np.interp(around, [0, 30, 60, 90], [6.02, 6.05, 6.15, 6.5])
    inside = soft_step(top - y, -0.02, 0.08) * soft_step(y - bottom, -0.08, 0.06)
    return np.asarray(
        inside * soft_step(around, 92, 82) * (ears < 0.3) * (lips < 0.4) * (np.abs(x) < 0.9)
    )
