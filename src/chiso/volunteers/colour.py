"""sRGB, CIELAB and the CIEDE2000 difference, on arrays whose last axis is the three channels."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

XYZ_FROM_SRGB: Floats = np.array(
    [
        [0.4123907993, 0.3575843394, 0.1804807884],
        [0.2126390059, 0.7151686788, 0.0721923154],
        [0.0193308187, 0.1191947798, 0.9505321522],
    ]
)
"""Linear sRGB to CIE XYZ, from the primaries and the D65 white (0.3127, 0.3290) of
IEC 61966-2-1. Y of white is 1."""

SRGB_FROM_XYZ: Floats = np.asarray(np.linalg.inv(XYZ_FROM_SRGB), dtype=np.float64)
D65_WHITE_XYZ: Floats = XYZ_FROM_SRGB.sum(axis=1)


def srgb_from_linear(linear: npt.ArrayLike) -> Floats:
    """Encodes linear light for display (IEC 61966-2-1).

    Args:
        linear: (..., 3), 1 is white; values outside 0 to 1 are clipped.

    Returns:
        (..., 3) float64, 0 to 1.
    """
    light = np.clip(np.asarray(linear, dtype=np.float64), 0.0, 1.0)
    curved = 1.055 * light ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, 12.92 * light, curved)


def linear_from_srgb(encoded: npt.ArrayLike) -> Floats:
    """Decodes sRGB into linear light (IEC 61966-2-1).

    Args:
        encoded: (..., 3), 0 to 1.

    Returns:
        (..., 3) float64, 0 to 1.
    """
    code = np.asarray(encoded, dtype=np.float64)
    curved = (np.maximum(code + 0.055, 0.0) / 1.055) ** 2.4
    return np.where(code <= 0.04045, code / 12.92, curved)


def luminance(linear: npt.ArrayLike) -> Floats:
    """Relative luminance Y of (..., 3) linear sRGB: (...) float64, 1 for white."""
    weighed: Floats = np.asarray(linear, dtype=np.float64) @ XYZ_FROM_SRGB[1]
    return weighed


def lab_from_linear(linear: npt.ArrayLike) -> Floats:
    """CIELAB under D65, 2-degree observer (CIE 15:2004, 8.2.1).

    Args:
        linear: (..., 3) linear sRGB, 1 is white.

    Returns:
        (..., 3) float64: L* (0 to 100), a*, b*.
    """
    ratio = np.asarray(linear, dtype=np.float64) @ XYZ_FROM_SRGB.T / D65_WHITE_XYZ
    straight = ratio * (841 / 108) + 4 / 29
    root = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), straight)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(lab_one: npt.ArrayLike, lab_two: npt.ArrayLike) -> Floats:
    """The CIEDE2000 colour difference, with kL = kC = kH = 1.

    G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 Color-Difference Formula: Implementation Notes,
    Supplementary Test Data, and Mathematical Observations", Color Research and Application 30(1),
    2005, equations 2 to 22.

    Args:
        lab_one: (..., 3) CIELAB.
        lab_two: (..., 3) CIELAB, of a shape that broadcasts with `lab_one`.

    Returns:
        (...) float64, 0 for equal colours; about 1 is just noticeable.
    """
    first = np.asarray(lab_one, dtype=np.float64)
    second = np.asarray(lab_two, dtype=np.float64)
    chroma = (np.hypot(first[..., 1], first[..., 2]) + np.hypot(second[..., 1], second[..., 2])) / 2
    stretch = 1.5 - 0.5 * _high_chroma(chroma)
    chroma_1, hue_1 = _chroma_and_hue(first, stretch)
    chroma_2, hue_2 = _chroma_and_hue(second, stretch)
    grey = chroma_1 * chroma_2 == 0

    turn = hue_2 - hue_1
    hue_step = np.where(grey, 0.0, turn - 360 * np.round(turn / 360))
    apart = np.abs(turn) > 180
    half_turn = np.where(hue_1 + hue_2 < 360, 180.0, -180.0)
    hue = np.where(grey, hue_1 + hue_2, (hue_1 + hue_2) / 2 + np.where(apart, half_turn, 0.0))

    chroma_mean = (chroma_1 + chroma_2) / 2
    light_off = ((first[..., 0] + second[..., 0]) / 2 - 50) ** 2
    scale_l = 1 + 0.015 * light_off / np.sqrt(20 + light_off)
    scale_c = 1 + 0.045 * chroma_mean
    scale_h = 1 + 0.015 * chroma_mean * _hue_weight(hue)
    bend = np.deg2rad(60 * np.exp(-(((hue - 275) / 25) ** 2)))
    rotation = -2 * _high_chroma(chroma_mean) * np.sin(bend)

    step_l = (second[..., 0] - first[..., 0]) / scale_l
    step_c = (chroma_2 - chroma_1) / scale_c
    step_h = 2 * np.sqrt(chroma_1 * chroma_2) * np.sin(np.deg2rad(hue_step) / 2) / scale_h
    squared = step_l**2 + step_c**2 + step_h**2 + rotation * step_c * step_h
    difference: Floats = np.sqrt(np.maximum(squared, 0.0))
    return difference


def _high_chroma(chroma: Floats) -> Floats:
    """0 for greys, towards 1 above a chroma of 25."""
    return np.sqrt(chroma**7 / (chroma**7 + 25.0**7))


def _chroma_and_hue(lab: Floats, stretch: Floats) -> tuple[Floats, Floats]:
    """Chroma and hue (degrees, 0 to 360) with a* stretched near the grey axis."""
    a = stretch * lab[..., 1]
    b = lab[..., 2]
    return np.hypot(a, b), np.rad2deg(np.arctan2(b, a)) % 360


def _hue_weight(hue: Floats) -> Floats:
    """T of the paper's equation 15; `hue` in degrees."""
    return (
        1
        - 0.17 * np.cos(np.deg2rad(hue - 30))
        + 0.24 * np.cos(np.deg2rad(2 * hue))
        + 0.32 * np.cos(np.deg2rad(3 * hue + 6))
        - 0.20 * np.cos(np.deg2rad(4 * hue - 63))
    )
