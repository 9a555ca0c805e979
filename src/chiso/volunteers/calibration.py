"""Brings rendered skin onto the Monk Skin Tone swatches, under one reference light."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chiso.volunteers.capture import REFERENCE_STOPS
from chiso.volunteers.colour import ciede2000, lab_from_linear
from chiso.volunteers.complexion import Complexion
from chiso.volunteers.develop import ToneOfSkin, radiance
from chiso.volunteers.exposure import Exposure
from chiso.volunteers.monk import swatch
from chiso.volunteers.portraits import TONES
from chiso.volunteers.skin import (
    ALBEDO_MAX,
    ALBEDO_MIN,
    albedo_table,
    colour_of,
    pigments_for,
    scatter_lengths_mm,
)

Floats = npt.NDArray[np.float64]
Albedos = Mapping[int, tuple[float, float, float]]

_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Sitter:
    """One person in the reference light."""

    exposure: Exposure
    complexion: Complexion


@dataclass(frozen=True, slots=True)
class ToneError:
    """How far rendered skin is from a swatch: medians over people, in sRGB's own colour space."""

    tone: int
    albedo: tuple[float, float, float]
    rendered: tuple[float, float, float]
    """Linear sRGB, 0 to 1."""
    delta_e: float
    """CIEDE2000 of the median over people to the swatch."""
    delta_e_model: float
    """The same of the skin model alone at this albedo, before its gain."""
    delta_e_largest: float
    """Of the one person who is farthest off."""


def tone_of_skin(tone: int, albedo: Sequence[float] | Floats) -> ToneOfSkin:
    """A tone, made ready from the albedo of its skin at large."""
    pigments, gain = pigments_for(np.asarray(albedo, dtype=np.float64))
    table = albedo_table(pigments, gain)
    return ToneOfSkin(tone, pigments, table, np.asarray(scatter_lengths_mm(pigments)))


def calibrated(
    sitters: Sequence[Sitter], told: Callable[[int], None] = lambda _: None
) -> dict[int, tuple[float, float, float]]:
    """Albedos by tone at which the median rendered colour is nearest to the swatch.

    It is the swatch's own unless the albedo would fall below twice ALBEDO_MIN.
    """
    found = {}
    for tone in TONES:
        wanted = swatch(tone)
        albedo = np.clip(wanted / 2**REFERENCE_STOPS, 1.2 * ALBEDO_MIN, ALBEDO_MAX)
        for _ in range(_ROUNDS):
            made = tone_of_skin(tone, albedo)
            seen = np.median([_colour(each, made) for each in sitters], axis=0)
            light = np.median([_light(each) for each in sitters], axis=0)
            albedo = np.clip(albedo + (wanted - seen) / light, 2 * ALBEDO_MIN, 0.95 * ALBEDO_MAX)
        found[tone] = (
            round(float(albedo[0]), 5), round(float(albedo[1]), 5), round(float(albedo[2]), 5)
        )  # fmt: skip
        told(tone)
    return found


def errors_of(sitters: Sequence[Sitter], albedos: Albedos) -> list[ToneError]:
    """How near each tone comes to its swatch on these people."""
    rows = []
    for tone in TONES:
        made = tone_of_skin(tone, albedos[tone])
        wanted = lab_from_linear(swatch(tone))
        colours = [_colour(each, made) for each in sitters]
        middle = np.median(colours, axis=0)
        own = lab_from_linear(np.clip(colour_of(made.pigments), 0, 1))
        rows.append(
            ToneError(
                tone=tone,
                albedo=albedos[tone],
                rendered=(float(middle[0]), float(middle[1]), float(middle[2])),
                delta_e=float(ciede2000(lab_from_linear(middle), wanted)),
                delta_e_model=float(ciede2000(own, lab_from_linear(np.array(albedos[tone])))),
                delta_e_largest=max(
                    float(ciede2000(lab_from_linear(each), wanted)) for each in colours
                ),
            )
        )
    return rows


def _colour(sitter: Sitter, tone: ToneOfSkin) -> Floats:
    """Median linear colour of her cheeks and forehead, (3,)."""
    seen = radiance(sitter.exposure, sitter.complexion, tone) * 2**REFERENCE_STOPS
    return np.asarray(np.median(seen[_plain_skin(sitter.exposure)], axis=0))


def _light(sitter: Sitter) -> Floats:
    here = _plain_skin(sitter.exposure)
    return np.asarray(np.median(sitter.exposure.linear[here], axis=0)) * 2**REFERENCE_STOPS


def _plain_skin(exposure: Exposure) -> npt.NDArray[np.bool_]:
    """Pixels of cheeks and forehead where nothing but skin is seen."""
    x, y, z = np.moveaxis(exposure.places(), -1, 0)
    ax = np.abs(x)
    cheek = (ax > 0.28) & (ax < 0.55) & (y > 6.78) & (y < 7.05)
    forehead = (ax < 0.38) & (y > 7.62) & (y < 7.82)
    whole = (exposure.coverage > 0.98) & (exposure.hair < 0.05) & (z > 0.9)
    return np.asarray((cheek | forehead) & whole)
