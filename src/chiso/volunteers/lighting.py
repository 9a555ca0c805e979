"""Each kind of light as a sphere of radiance about the volunteer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chiso.volunteers.capture import Light

Floats = npt.NDArray[np.float64]

ROWS, COLUMNS = 64, 128


def directions() -> Floats:
    """Unit directions of the cells of a sphere, (ROWS, COLUMNS, 3): +z to the camera, +y up.

    Row 0 is overhead; column 0 lies behind the volunteer, a quarter further on is her left.
    """
    theta = (np.arange(ROWS) + 0.5) / ROWS * np.pi
    phi = (np.arange(COLUMNS) + 0.5) / COLUMNS * 2 * np.pi
    t, p = np.meshgrid(theta, phi, indexing="ij")
    return np.stack([np.sin(t) * np.sin(p), np.cos(t), -np.sin(t) * np.cos(p)], axis=-1)


def sphere(light: Light) -> Floats:
    """Radiance from each direction, (ROWS, COLUMNS, 3) linear sRGB.

    Scaled so that white cards which face the camera, or up to 50 degrees aside of it, reflect 1
    on average: a meter that reads the light, not the face.
    """
    away = directions()
    key = _key(light, away)
    around = _around(light, away)
    tint = _tint(light.warmth)
    cool = _tint(-0.5 * light.warmth)
    total = key[..., None] * tint + around[..., None] * cool
    return np.asarray(total / _card(total.mean(axis=-1), away))


def _key(light: Light, away: Floats) -> Floats:
    """The main light alone, scaled to give a card that faces it 1."""
    lamp = _lamp(light, light.azimuth_deg, away)
    return lamp + _lamp(light, -light.azimuth_deg, away) if light.kind == "reference" else lamp


def _lamp(light: Light, azimuth_deg: float, away: Floats) -> Floats:
    azimuth, elevation = np.radians([azimuth_deg, light.elevation_deg])
    towards = np.array([
        np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)
    ])  # fmt: skip
    off_deg = np.degrees(np.arccos(np.clip(away @ towards, -1, 1)))
    width_deg = {"noon": 3.5, "dim room": 9.0, "window": 17.0, "reference": 8.0}.get(
        light.kind, 14.0
    )
    width_deg *= 0.75 + 0.6 * light.softness
    lit = 1 / (1 + np.exp(np.clip((off_deg - width_deg) / (0.12 * width_deg), -50, 50)))
    return np.asarray(lit / max(_irradiance(lit, away, towards) / np.pi, 1e-9))


def _around(light: Light, away: Floats) -> Floats:
    """Everything else: walls and floor, or sky and ground."""
    up = away[..., 1]
    if light.kind == "noon":
        shape = np.where(up > 0, 0.9 + 0.5 * up, 0.45)
    elif light.kind == "reference":
        shape = np.ones_like(up)
    else:
        shape = 0.75 + 0.35 * up + 0.3 * np.clip(away[..., 2], 0, 1)
    return np.asarray(light.fill * shape)


def _irradiance(radiance: Floats, away: Floats, normal: Floats) -> float:
    theta = (np.arange(ROWS) + 0.5) / ROWS * np.pi
    solid = np.sin(theta)[:, None] * (np.pi / ROWS) * (2 * np.pi / COLUMNS)
    return float((radiance * np.clip(away @ normal, 0, None) * solid).sum())


def _card(radiance: Floats, away: Floats) -> float:
    turned = np.radians([-50, -25, 0, 25, 50])
    cards = [np.array([np.sin(a), 0.1, np.cos(a)]) for a in turned]
    return float(
        np.mean([_irradiance(radiance, away, c / np.linalg.norm(c)) for c in cards]) / np.pi
    )


def _tint(warmth: float) -> Floats:
    """White at 0; about 3500 K at 1, 9000 K at -1."""
    tint = np.array([1 + 0.22 * warmth, 1.0, 1 - 0.30 * warmth])
    return np.asarray(tint / tint.mean())
