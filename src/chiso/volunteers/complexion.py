"""Paints skin: how much more or less pigment there is at each place than in her skin at large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chiso.volunteers.chance import stream
from chiso.volunteers.exposure import Exposure
from chiso.volunteers.identity import Identity
from chiso.volunteers.noise import octaves, smooth_noise, spots
from chiso.volunteers.regions import EYE, soft_step

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Complexion:
    """By pixel, as multiples of the pigment of her skin at large; the same at every tone."""

    melanin: Floats
    blood: Floats
    shade: Floats
    """(h, w) factor on the colour: roots of hair in the skin, the line between the lips."""


def painted(identity: Identity, exposure: Exposure) -> Complexion:
    """The complexion of every pixel of a photo in which there is skin."""
    shape = exposure.coverage.shape
    here = exposure.coverage > 0.02
    share = exposure.coverage[here]
    lips = np.clip(exposure.lips[here] / share, 0, 1)
    roots = np.clip(exposure.hair[here] / share, 0, 1)
    melanin, blood, shade = pigments_at(identity, exposure.places()[here], lips, roots)
    filled = [np.ones(shape) for _ in range(3)]
    for image, values in zip(filled, (melanin, blood, shade), strict=True):
        image[here] = values
    return Complexion(*filled)


def pigments_at(
    identity: Identity, at: Floats, lips: Floats, roots: Floats
) -> tuple[Floats, Floats, Floats]:
    """Melanin, blood and shade, (n,) each, at places (n, 3) on the template."""
    skin, pattern = identity.skin, identity.skin.pattern
    x, y, z = at.T
    ax = np.abs(x)
    front = soft_step(z, 0.7, 1.1)
    melanin = 0.16 * skin.unevenness * octaves(at, pattern + 20, 0.45, 3)
    melanin += 0.08 * skin.unevenness * octaves(at, pattern + 21, 0.06, 2)
    blood = 0.45 * skin.unevenness * octaves(at, pattern + 22, 0.30, 3)
    blood += 0.30 * skin.pores * octaves(at, pattern + 23, 0.030, 2)
    cheek = np.exp(-(((ax - 0.42) / 0.20) ** 2 + ((y - 6.95) / 0.19) ** 2)) * front
    nose = np.exp(-((ax / 0.15) ** 2 + ((y - 6.93) / 0.12) ** 2)) * soft_step(z, 1.4, 1.55)
    ear = soft_step(ax, 0.74, 0.82) * soft_step(y, 6.75, 6.9) * soft_step(y, 7.45, 7.3)
    blood += skin.redness * (0.9 * cheek + 0.9 * nose + 1.0 * ear)
    chin = np.exp(-((ax / 0.25) ** 2 + ((y - 6.28) / 0.13) ** 2)) * front
    blood += 0.3 * skin.redness * chin
    socket = np.exp(-(((ax - EYE[0]) / 0.24) ** 2 + ((y - EYE[1] + 0.03) / 0.14) ** 2)) * front
    melanin += 0.28 * skin.eye_shadow * socket
    blood += 0.5 * skin.eye_shadow * socket
    lid = np.exp(-(((ax - EYE[0]) / 0.17) ** 2 + ((y - EYE[1]) / 0.05) ** 2)) * front
    blood += 0.8 * lid
    around_mouth = np.exp(-((ax / 0.38) ** 2 + ((y - 6.6) / 0.26) ** 2)) * front
    melanin += 0.10 * around_mouth
    if skin.freckles > 0:
        where = np.exp(-((ax / 0.5) ** 2 + ((y - 7.0) / 0.3) ** 2)) * front
        small = spots(at, pattern + 30, 0.045, 0.75 * skin.freckles, 0.010)
        large = spots(at, pattern + 31, 0.09, 0.5 * skin.freckles, 0.015)
        melanin += np.maximum(small, large) * where * (0.5 + 0.8 * skin.freckles)
    chance = stream("moles", identity.seed)
    for _ in range(skin.moles):
        centre = np.array([chance.uniform(-0.7, 0.7), chance.uniform(6.2, 7.9)])
        size = chance.uniform(0.010, 0.024)
        away = np.hypot(x - centre[0], y - centre[1])
        melanin += chance.uniform(1.2, 3.5) * soft_step(away, size, 0.5 * size) * front
    if skin.scar:
        a = np.array([chance.uniform(-0.5, 0.5), chance.uniform(6.4, 7.8)])
        b = a + chance.uniform(-0.16, 0.16, 2)
        t = np.clip(
            ((x - a[0]) * (b - a)[0] + (y - a[1]) * (b - a)[1]) / ((b - a) ** 2).sum(), 0, 1
        )
        away = np.hypot(x - a[0] - t * (b - a)[0], y - a[1] - t * (b - a)[1])
        line = soft_step(away, 0.018, 0.006) * front
        melanin -= 0.45 * line
        blood += 0.7 * line
    grain = 1 + 0.25 * smooth_noise(at, pattern + 40, 0.02)
    seam = np.exp(-(((y - 6.605) / 0.012) ** 2)) * soft_step(ax, 0.27, 0.2)
    lines = 0.5 + 0.5 * np.cos(ax * 2 * np.pi / 0.022 + 2 * smooth_noise(at, pattern + 41, 0.05))
    melanin = melanin * (1 - 0.5 * lips) + lips * (-0.42 + 0.55 * skin.lip_melanin - 0.06 * lines)
    blood = blood * (1 - 0.6 * lips) + lips * (1.0 + 0.9 * skin.lip_blood) * grain
    factor = (1 - 0.25 * lips * seam) * (1 - 0.06 * lips * lines)
    dark_hair = 1 - 0.45 * min(1.0, 2.2 * max(identity.hair.colour))
    growing = {"bald": 0.10, "head wrap": 0.0}.get(identity.hair.style, 0.55)
    factor = factor * (
        1 - growing * dark_hair * roots * (0.8 + 0.5 * smooth_noise(at, pattern + 42, 0.03))
    )
    return (
        np.clip(np.exp(melanin), 0.3, 5.0),
        np.clip(np.exp(2.0 * blood), 0.2, 8.0),
        np.clip(factor, 0.15, 1.2),
    )
