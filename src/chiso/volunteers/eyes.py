"""An eyeball: sclera with its veins, iris, pupil, and the bulge of the cornea."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chiso.volunteers.anatomy import Points
from chiso.volunteers.chance import stream
from chiso.volunteers.identity import Colour
from chiso.volunteers.noise import smooth_noise
from chiso.volunteers.regions import soft_step
from chiso.volunteers.surface import Finish, Surface

Floats = npt.NDArray[np.float64]
_IRIS_RATIO = 0.475  # sine of its half angle: 5.9 mm on an eyeball of 12.4 mm
_RINGS, _SPOKES = 72, 96


def eyeball(
    helper: Points, turn: Floats, gaze_deg: tuple[float, float], iris: Colour, seed: int
) -> Surface:
    """An eye where the template's lies: `helper` (n, 3) its vertices, posed; `turn` the head's."""
    centre = (helper.min(axis=0) + helper.max(axis=0)) / 2
    radius = float(np.linalg.norm(helper - centre, axis=1).mean())
    theta = np.pi * np.linspace(0, 1, _RINGS) ** 1.6
    phi = np.linspace(0, 2 * np.pi, _SPOKES, endpoint=False)
    t, p = np.meshgrid(theta, phi, indexing="ij")
    away = np.stack([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)], axis=-1)
    edge = np.arcsin(_IRIS_RATIO)
    bulge = 1 + 0.07 * np.clip(1 - (t / edge) ** 2, 0, 1) ** 1.2
    yaw, pitch = np.radians(gaze_deg)
    look = _looking(yaw, pitch)
    points = centre + radius * ((away * bulge[..., None]).reshape(-1, 3) @ look.T @ turn.T)
    colours = _painted(t.ravel(), p.ravel(), away.reshape(-1, 3), iris, seed)
    return Surface.of("eye", points, _grid(), colours, Finish(0.05, 0.55, 0.6))


def _painted(t: Floats, p: Floats, away: Floats, iris: Colour, seed: int) -> Floats:
    chance = stream("eyes", seed)
    pattern = int(chance.integers(0, 2**31))
    across = np.sin(t) / _IRIS_RATIO
    white = (
        np.array([0.60, 0.555, 0.52])
        * (1 - 0.10 * soft_step(np.abs(away[:, 0]), 0.4, 0.9))[:, None]
    )
    veins = np.clip(smooth_noise(away * [1, 3, 1], pattern, 0.14) - 0.25, 0, 1)
    veins *= soft_step(np.abs(away[:, 0]), 0.5, 0.9)
    white *= 1 - veins[:, None] * np.array([0.1, 0.5, 0.5])
    spokes = np.stack([np.cos(p) * 9, np.sin(p) * 9, across * 0.9], axis=1)
    fibre = (
        1
        + 0.45 * smooth_noise(spokes, pattern + 1, 1.0)
        + 0.3 * smooth_noise(spokes, pattern + 2, 0.5)
    )
    ring = 1 - 0.65 * soft_step(across, 0.72, 1.0) + 0.35 * soft_step(across, 0.62, 0.42)
    inner = np.array(iris)[None] * (np.clip(fibre, 0.3, 2) * ring)[:, None] * 1.25
    pupil = 0.34 + 0.1 * chance.random()
    inner *= soft_step(across, pupil - 0.02, pupil + 0.04)[:, None]
    inner = np.maximum(inner, 0.002)
    outside = (soft_step(across, 0.94, 1.05) * (t < 1.6) + (t >= 1.6))[:, None]
    return np.clip(outside * white + (1 - outside) * inner, 0.002, 0.8)


def _looking(yaw: float, pitch: float) -> Floats:
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    return np.asarray(about_y @ about_x)


def _grid() -> npt.NDArray[np.int64]:
    row, column = np.meshgrid(np.arange(_RINGS - 1), np.arange(_SPOKES), indexing="ij")
    a = (row * _SPOKES + column).ravel()
    b = (row * _SPOKES + (column + 1) % _SPOKES).ravel()
    return np.concatenate(
        [np.stack([a, a + _SPOKES, b], axis=1), np.stack([b, a + _SPOKES, b + _SPOKES], axis=1)]
    )
