"""Develops an exposure: skin of a tone, light that spreads beneath it, then what a camera does."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from chiso.volunteers.backdrop import backdrop
from chiso.volunteers.capture import Camera, Capture
from chiso.volunteers.chance import stream
from chiso.volunteers.colour import srgb_from_linear
from chiso.volunteers.complexion import Complexion
from chiso.volunteers.exposure import Exposure
from chiso.volunteers.skin import Pigments, SkinTable

Floats = npt.NDArray[np.float64]

_FLOOR_MM = 0.25
_SHOULDER = 0.85


@dataclass(frozen=True, slots=True)
class ToneOfSkin:
    """One Monk Skin Tone, ready to paint with."""

    tone: int
    pigments: Pigments
    table: SkinTable
    scatter_mm: Floats
    """(3,)."""


def radiance(exposure: Exposure, complexion: Complexion, tone: ToneOfSkin) -> Floats:
    """Linear sRGB (h, w, 3) of the volunteer with skin of that tone, over black."""
    albedo = tone.table.albedo(
        complexion.melanin.astype(np.float32), complexion.blood.astype(np.float32)
    ).astype(np.float64)
    albedo *= complexion.shade[..., None]
    reached = exposure.linear + albedo * exposure.quadratic
    spread = _beneath(reached, exposure, tone.scatter_mm)
    return np.asarray(exposure.fixed + albedo * spread)


def photograph(
    exposure: Exposure, complexion: Complexion, tone: ToneOfSkin, capture: Capture
) -> Floats:
    """The photo before it is stored: sRGB-encoded (h, w, 3) in [0, 1]."""
    seen = radiance(exposure, complexion, tone)
    size_px = len(seen)
    behind = backdrop(capture, size_px)
    seen = seen + (1 - exposure.alpha[..., None]) * behind
    return _camera(seen, capture.camera, capture.seed)


def stored(photo: Floats, quality: int) -> bytes:
    """The photo as JPEG."""
    pixels = np.rint(np.clip(photo, 0, 1) * 255).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=quality, optimize=True)
    return written.getvalue()


def _beneath(reached: Floats, exposure: Exposure, scatter_mm: Floats) -> Floats:
    """Light spread sideways under the skin, by channel, over skin alone.

    Two Gaussians stand for the profile of diffusion, whose peak is sharp and whose tail is long
    (d'Eon and Luebke, GPU Gems 3, ch. 14). The blur is in the picture, not on the surface: it is
    kept from crossing to other things by the share of skin in each pixel.
    """
    cover = exposure.coverage
    result = np.empty_like(reached)
    for channel in range(3):
        length_px = max(float(scatter_mm[channel]), _FLOOR_MM) / exposure.mm_per_px
        light = reached[..., channel]
        near = _blurred(light, cover, 0.5 * length_px)
        far = _blurred(light, cover, 1.5 * length_px)
        result[..., channel] = 0.6 * near + 0.4 * far
    # `reached` is already weighted by the share of skin; so must the result be.
    return result


def _blurred(light: Floats, cover: Floats, sigma_px: float) -> Floats:
    if sigma_px < 0.2:
        return light
    weight = _gaussian(cover, sigma_px)
    return np.where(
        cover > 0.01, _gaussian(light, sigma_px) / np.maximum(weight, 1e-3) * cover, light
    )


def _gaussian(values: Floats, sigma_px: float) -> Floats:
    """Separable; the edges repeat. (h, w) or (h, w, c)."""
    reach = max(1, int(np.ceil(2.5 * sigma_px)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_px) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        widths = [(0, 0)] * values.ndim
        widths[axis] = (reach, reach)
        padded = np.pad(values, widths, mode="edge")
        size = values.shape[axis]
        values = sum(
            weight * np.take(padded, range(k, k + size), axis=axis)
            for k, weight in enumerate(kernel)
        )
    return values


def _camera(seen: Floats, camera: Camera, seed: int) -> Floats:
    """Exposure, white balance, blur, noise, then the curve of sRGB with a soft shoulder."""
    chance = stream("sensor", seed)
    size_px = len(seen)
    balance = np.array([1 + 0.18 * camera.warmth, 1.0, 1 - 0.25 * camera.warmth])
    raw = seen * 2.0**camera.exposure_stops * balance
    sigma_px = camera.blur_px * size_px / 512
    if sigma_px > 0.15:
        raw = _gaussian(raw, sigma_px)
    if camera.noise:
        # Photon noise grows as the root of the light, and some is there without any (read noise).
        deviation = camera.noise * np.sqrt(np.clip(raw, 0, None) / 0.18 * 0.85 + 0.15)
        grain = chance.normal(size=raw.shape)
        grain = 0.75 * grain + 0.25 * grain.mean(axis=2, keepdims=True)
        raw = raw + 0.35 * deviation * grain
    raw = np.clip(raw, 0, None)
    over = raw > _SHOULDER
    rest = 1 - _SHOULDER
    raw = np.where(over, _SHOULDER + rest * np.tanh((raw - _SHOULDER) / rest), raw)
    return np.asarray(srgb_from_linear(raw))
