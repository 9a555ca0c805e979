"""The colour of skin, from the melanin of its epidermis and the blood of its dermis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chiso.volunteers.colour import Floats, lab_from_linear
from chiso.volunteers.spectra import (
    BASELINE_PER_MM,
    EUMELANIN_PER_MM,
    PHEOMELANIN_PER_MM,
    REDUCED_SCATTERING_PER_MM,
    SRGB_WEIGHTS,
    blood_per_mm,
)

ALBEDO_MIN = 0.003
ALBEDO_MAX = 0.98
MELANIN_MAX = 0.95
"""A fraction of the epidermis."""
BLOOD_MAX = 0.6
"""A fraction of the dermis."""

_EPIDERMIS_MM = 0.06
"""The thickness for which Jacques 2013, table 3, gives fractions of melanin."""
_INNER_MIRROR = 0.53
"""Share of diffuse light that the surface throws back into skin, n = 1.4 against air (W. G. Egan,
T. W. Hilgeman, "Optical Properties of Inhomogeneous Materials", 1979)."""


@dataclass(frozen=True, slots=True)
class Pigments:
    """What colours one person's skin.

    Attributes:
        melanin: melanosomes' share of the epidermis's volume, 0 to 0.95; 0.01 to 0.43 is usual.
        eumelanin_share: of that melanin, the rest being pheomelanin, 0 to 1.
        blood: whole blood's share of the dermis's volume, 0 to 0.6; 0.002 to 0.07 is usual.
        oxygenation: share of its haemoglobin that carries oxygen, 0 to 1.
        scattering: reduced scattering of both layers over the published mean; 1 is usual.
    """

    melanin: float
    eumelanin_share: float
    blood: float
    oxygenation: float
    scattering: float


@dataclass(frozen=True, slots=True)
class _Light:
    """(..., 31) each, of one wavelength: where light ends that has entered the skin."""

    epidermis: Floats  # thrown back by the epidermis alone
    whole: Floats  # thrown back by both layers, within the skin
    epidermis_per_mm: Floats  # effective attenuation in the epidermis
    dermis_per_mm: Floats  # effective attenuation in the dermis


def _trace(
    melanin: Floats, eumelanin_share: Floats, blood: Floats, oxygenation: Floats, scattering: Floats
) -> _Light:
    eumelanin = eumelanin_share[..., None]
    pigment = eumelanin * EUMELANIN_PER_MM + (1 - eumelanin) * PHEOMELANIN_PER_MM
    dark = melanin[..., None]
    red = blood[..., None]
    absorbed_above = dark * pigment + (1 - dark) * BASELINE_PER_MM
    absorbed_below = red * blood_per_mm(oxygenation) + (1 - red) * BASELINE_PER_MM
    scattered = scattering[..., None] * REDUCED_SCATTERING_PER_MM

    back = 0.75 * scattered
    ratio_below = 2 * absorbed_below / back
    dermis = 1 + ratio_below - np.sqrt(ratio_below * (ratio_below + 2))

    centre = 1 + 2 * absorbed_above / back
    swing = np.sqrt(centre**2 - 1)
    faded = np.exp(-swing * back * _EPIDERMIS_MM)
    below = centre * (1 - faded**2) + swing * (1 + faded**2)
    epidermis = (1 - faded**2) / below
    through = 2 * swing * faded / below
    return _Light(
        epidermis=epidermis,
        whole=epidermis + through**2 * dermis / (1 - epidermis * dermis),
        epidermis_per_mm=np.sqrt(3 * absorbed_above * (absorbed_above + scattered)),
        dermis_per_mm=np.sqrt(3 * absorbed_below * (absorbed_below + scattered)),
    )


def _leave(inside: Floats) -> Floats:
    """Reflectance outside, for that within: the surface throws part of the light back in."""
    return (1 - _INNER_MIRROR) * inside / (1 - _INNER_MIRROR * inside)


def _bounded(values: npt.ArrayLike, highest: float) -> Floats:
    return np.clip(np.asarray(values, dtype=np.float64), 0.0, highest)


def reflectance(
    melanin: npt.ArrayLike,
    eumelanin_share: npt.ArrayLike,
    blood: npt.ArrayLike,
    oxygenation: npt.ArrayLike,
    scattering: npt.ArrayLike,
) -> Floats:
    """The diffuse albedo of skin under D65, without the gloss of its surface.

    Two layers, each of Kubelka-Munk's theory with K = 2 μa and S = 3/4 μs' (W. M. Star, J. P. A.
    Marijnissen, M. J. C. van Gemert, Phys. Med. Biol. 33, 1988): an epidermis 0.06 mm thick that
    scatters, and absorbs by its melanin, upon an endless dermis that scatters, and absorbs by its
    blood; light goes to and fro between them (P. Kubelka, JOSA 44, 1954). Diffuse light is thrown
    back in at the surface (J. L. Saunderson, JOSA 32, 1942). The layers and their pigments are
    those of C. Donner and H. W. Jensen (EGSR 2006), the blends those of S. L. Jacques (Phys. Med.
    Biol. 58, 2013); J. Jimenez et al. (SIGGRAPH Asia 2010) colour faces by such a model.

    Args:
        melanin: (...) as `Pigments.melanin`; clipped to 0 and 0.95.
        eumelanin_share: (...) as `Pigments.eumelanin_share`.
        blood: (...) as `Pigments.blood`; clipped to 0 and 0.6.
        oxygenation: (...) as `Pigments.oxygenation`.
        scattering: (...) as `Pigments.scattering`, above 0.

    Returns:
        (..., 3) float64, linear sRGB, a share of the light that enters the skin. A channel may
        fall below 0 where a colour is outside sRGB.
    """
    arrays = np.broadcast_arrays(
        _bounded(melanin, MELANIN_MAX),
        _bounded(eumelanin_share, 1.0),
        _bounded(blood, BLOOD_MAX),
        _bounded(oxygenation, 1.0),
        np.asarray(scattering, dtype=np.float64),
    )
    colour: Floats = _leave(_trace(*arrays).whole) @ SRGB_WEIGHTS
    return colour


def colour_of(pigments: Pigments) -> Floats:
    """The model's own albedo: (3,) float64, linear sRGB; see `reflectance`."""
    return reflectance(
        pigments.melanin,
        pigments.eumelanin_share,
        pigments.blood,
        pigments.oxygenation,
        pigments.scattering,
    )


def scatter_lengths_mm(pigments: Pigments) -> Floats:
    """How far light travels sideways within the skin before it leaves, in each channel.

    Diffusion theory's 1/σtr, σtr = √(3 μa (μa + μs')) (H. W. Jensen et al., SIGGRAPH 2001), of the
    layer from which the light comes back, and the mean of that over both layers and over the
    spectrum, weighted by the light that leaves.

    Returns:
        (3,) float64, millimetres: red, green, blue.
    """
    light = _trace(
        *(
            np.array(value)
            for value in (
                pigments.melanin,
                pigments.eumelanin_share,
                pigments.blood,
                pigments.oxygenation,
                pigments.scattering,
            )
        )
    )
    deep = light.whole - light.epidermis
    length = light.epidermis / light.epidermis_per_mm + deep / light.dermis_per_mm
    weights = np.maximum(SRGB_WEIGHTS, 0.0)
    mean: Floats = (length @ weights) / (light.whole @ weights)
    return mean


# --- the pigments of a wanted colour ----------------------------------------------------------

_LOWEST: Floats = np.array([0.004, 0.0, 0.005, 0.5, 0.25])
"""Some melanin and some blood always, so that freckles and a blush have a base to multiply."""
_HIGHEST: Floats = np.array([0.75, 1.0, 0.06, 0.98, 2.5])
_USUAL: Floats = np.array([0.05, 0.75, 0.015, 0.7, 1.0])
_LOGARITHMIC = np.array([True, False, True, False, True])
_PULL: Floats = np.array([0.02, 0.5, 0.15, 4.0, 0.3])
"""What a step away from the usual costs, in units of Lab: decides between equal colours."""
_FIT_STEPS = 40


def pigments_for(albedo: npt.ArrayLike) -> tuple[Pigments, Floats]:
    """The pigments whose colour is nearest to the one wanted, and what is missing then.

    Least squares in CIELAB with a slight pull towards usual skin, from the best of a coarse grid,
    by Levenberg's and Marquardt's steps within bounds. The same albedo gives the same pigments.

    Args:
        albedo: (3,) linear sRGB, each above 0.003 and below 0.98.

    Returns:
        The pigments, and the gain: (3,) float64 by which each channel of their colour is to be
        multiplied to be the albedo.

    Raises:
        ValueError: the albedo is outside its range.
    """
    wanted = np.asarray(albedo, dtype=np.float64)
    if wanted.shape != (3,) or not np.all((wanted > ALBEDO_MIN) & (wanted < ALBEDO_MAX)):
        raise ValueError(
            f"an albedo is three numbers between {ALBEDO_MIN} and {ALBEDO_MAX}, not {albedo!r}"
        )
    target = lab_from_linear(wanted)
    low, high = _coded(_LOWEST), _coded(_HIGHEST)
    place = _best_of_grid(target, low, high)
    error = _residual(place, target)
    damping = 1e-2
    for _ in range(_FIT_STEPS):
        slope = (_residual(place + 1e-5 * np.eye(5), target) - error).T / 1e-5
        downhill = -slope.T @ error
        free = ~(((place <= low) & (downhill < 0)) | ((place >= high) & (downhill > 0)))
        slope, downhill = slope * free, downhill * free
        step = np.linalg.solve(slope.T @ slope + damping * np.eye(5), downhill)
        trial = np.clip(place + step, low, high)
        trial_error = _residual(trial, target)
        if trial_error @ trial_error < error @ error:
            place, error, damping = trial, trial_error, damping / 4
        else:
            damping *= 8
    pigments = Pigments(*(float(value) for value in _decoded(place)))
    return pigments, wanted / np.maximum(colour_of(pigments), ALBEDO_MIN)


def _coded(values: Floats) -> Floats:
    return np.where(_LOGARITHMIC, np.log(np.maximum(values, 1e-9)), values)


def _decoded(place: Floats) -> Floats:
    return np.where(_LOGARITHMIC, np.exp(np.minimum(place, 5.0)), place)


def _residual(place: Floats, target: Floats) -> Floats:
    """(..., 8): how far the colour of (..., 5) is from the target, and the place from the usual."""
    values = _decoded(place)
    colour = reflectance(*np.moveaxis(values, -1, 0))
    pulled = _PULL * (place - _coded(_USUAL))
    return np.concatenate([lab_from_linear(colour) - target, pulled], axis=-1)


def _best_of_grid(target: Floats, low: Floats, high: Floats) -> Floats:
    counts = (22, 3, 9, 1, 7)
    axes = [np.linspace(a, b, n + 2)[1:-1] for a, b, n in zip(low, high, counts, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(counts))
    best: Floats = grid[int(np.argmin((_residual(grid, target) ** 2).sum(axis=-1)))]
    return best


# --- a fast table for one tone ----------------------------------------------------------------

_MELANIN_STEPS_PER_OCTAVE = 8
_MELANIN_EXPONENTS = np.arange(-16, 22)
_BLOOD_STEPS_PER_ROOT = 16
_BLOOD_ROOTS = np.arange(0, 47)


class SkinTable:
    """One person's albedo for any share of her melanin and blood, looked up.

    Bilinear in the logarithm of the melanin (multipliers from 1/4 to 6.1) and the square root of
    the blood (0 to 8.2); beyond that, the nearest is taken. Both 1 gives exactly what was wanted.
    """

    def __init__(self, pigments: Pigments, gain: npt.ArrayLike) -> None:
        melanin = pigments.melanin * 2.0 ** (_MELANIN_EXPONENTS / _MELANIN_STEPS_PER_OCTAVE)
        blood = pigments.blood * (_BLOOD_ROOTS / _BLOOD_STEPS_PER_ROOT) ** 2
        colours = reflectance(
            melanin[:, None],
            pigments.eumelanin_share,
            blood,
            pigments.oxygenation,
            pigments.scattering,
        )
        closed = colours * np.asarray(gain, dtype=np.float64)
        self._albedos = np.clip(closed, ALBEDO_MIN, ALBEDO_MAX).astype(np.float32).reshape(-1, 3)

    def albedo(self, melanin: npt.ArrayLike, blood: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """The albedo where the skin has so much of its base melanin and blood.

        Args:
            melanin: (...) times the base, 1 being the base.
            blood: (...) times the base, of a shape that broadcasts with `melanin`.

        Returns:
            (..., 3) float32, linear sRGB, 0.003 to 0.98.
        """
        dark = np.maximum(np.asarray(melanin, dtype=np.float32), np.float32(1e-3))
        red = np.maximum(np.asarray(blood, dtype=np.float32), np.float32(0))
        row, down = _cell(
            np.log2(dark) * np.float32(_MELANIN_STEPS_PER_OCTAVE) - _MELANIN_EXPONENTS[0],
            len(_MELANIN_EXPONENTS),
        )
        column, across = _cell(np.sqrt(red) * np.float32(_BLOOD_STEPS_PER_ROOT), len(_BLOOD_ROOTS))
        corner = row * len(_BLOOD_ROOTS) + column
        upper = self._between(corner, across)
        lower = self._between(corner + len(_BLOOD_ROOTS), across)
        mixed: npt.NDArray[np.float32] = upper + (lower - upper) * down[..., None]
        return mixed

    def _between(
        self, corner: npt.NDArray[np.intp], across: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        left = self._albedos[corner]
        return left + (self._albedos[corner + 1] - left) * across[..., None]


def _cell(
    place: npt.NDArray[np.float32], count: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """The grid cell that holds each place, and how far into it, 0 to 1."""
    inside = np.clip(place, 0, count - 1).astype(np.float32)
    first = np.minimum(inside.astype(np.intp), count - 2)
    return first, (inside - first).astype(np.float32)


def albedo_table(pigments: Pigments, gain: npt.ArrayLike) -> SkinTable:
    """The table of a person with these pigments and this (3,) gain, as `pigments_for` has them."""
    return SkinTable(pigments, gain)
