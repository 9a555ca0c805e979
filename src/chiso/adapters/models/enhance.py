"""What is done to chips so that more of a face is carried: denoising, and copies of a reference.

The network learnt from clean photos. A sensor's noise, which weighs most where little light comes
back from a face, moves its descriptor; smoothing takes most of it away, from every photo alike. A
reference is averaged over degraded copies of itself, so that it also lies near what a poor photo of
the same person gives. `docs/narrowing.md` has what each does to each group.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from chiso.adapters.models.manifest import Copy, GuidedFilter

Chips = NDArray[np.uint8]
Planes = NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_GAMMA = 2.2
_DARK_SHARE = 0.01


def denoised(chips: Chips, settings: GuidedFilter) -> Chips:
    """Chips (n, side, side, 3), uint8, RGB, smoothed where they are flat; edges stay.

    The guided filter of He, Sun & Tang (2013), "Guided image filtering", with the chip's own luma
    as its guide: every channel is fitted by a line of the luma in each window of `radius_px`,
    lines are averaged. `epsilon` is in squares of levels in [0, 1]: what varies less is noise.
    """
    return np.stack([_denoised(chip, settings) for chip in chips])


def blurred(chips: Chips, sigma_px: float) -> Chips:
    """Chips (n, side, side, 3), uint8, through a Gaussian of this standard deviation."""
    kernel = ImageFilter.GaussianBlur(sigma_px)
    return np.stack([np.asarray(Image.fromarray(chip).filter(kernel)) for chip in chips])


def degraded(chips: Chips, copies: Sequence[Copy]) -> list[Chips]:
    """The chips once for each copy, degraded so; the same every time."""
    return [np.stack([_copy(chip, each) for chip in chips]) for each in copies]


def _denoised(chip: NDArray[np.uint8], settings: GuidedFilter) -> NDArray[np.uint8]:
    channels = np.ascontiguousarray(chip.transpose(2, 0, 1), np.float32) / np.float32(255.0)
    luma = np.tensordot(_LUMA, channels, axes=1)[np.newaxis]
    sums = np.concatenate([luma, luma * luma, channels, luma * channels])
    means = _box_means(sums, settings.radius_px)
    mean, square, channel, product = means[0], means[1], means[2:5], means[5:8]
    slope = (product - mean * channel) / (square - mean * mean + np.float32(settings.epsilon))
    lines = _box_means(np.concatenate([slope, channel - slope * mean]), settings.radius_px)
    smooth = lines[:3] * luma + lines[3:]
    levels = np.clip(smooth * np.float32(255.0) + np.float32(0.5), 0, 255)
    return np.ascontiguousarray(levels.transpose(1, 2, 0).astype(np.uint8))


def _box_means(planes: Planes, radius_px: int) -> Planes:
    """Means of planes (n, height, width) over squares about each pixel, mirrored at the border."""
    side_px = 2 * radius_px + 1
    for axis in (1, 2):
        around = [(0, 0)] * 3
        around[axis] = (radius_px, radius_px)
        padded = np.pad(planes, around, mode="symmetric")
        length = planes.shape[axis]
        total = padded.take(range(length), axis=axis)
        for start in range(1, side_px):
            total += padded[(slice(None),) * axis + (slice(start, start + length),)]
        planes = total / np.float32(side_px)
    return planes


def _copy(chip: NDArray[np.uint8], how: Copy) -> NDArray[np.uint8]:
    image = Image.fromarray(chip)
    if how.blur_px:
        image = image.filter(ImageFilter.GaussianBlur(how.blur_px))
    if how.side_px:
        small = image.resize((how.side_px, how.side_px), Image.Resampling.BOX)
        image = small.resize(image.size, Image.Resampling.BICUBIC)
    pixels = np.asarray(image)
    return _in_less_light(pixels, how) if how.noise or how.light != 1.0 else pixels


def _in_less_light(pixels: NDArray[np.uint8], how: Copy) -> NDArray[np.uint8]:
    """Less light, and noise that grows with its square root."""
    linear = (pixels / 255.0) ** _GAMMA * how.light
    noise = how.noise * np.sqrt(linear + _DARK_SHARE) * _normal(how.seed, linear.shape)
    encoded = np.clip(linear + noise, 0.0, 1.0) ** (1 / _GAMMA)
    return (encoded * 255.0 + 0.5).astype(np.uint8)


def _normal(seed: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Standard normal numbers (Box & Muller 1958) from raw bits.

    numpy promises the bits of a bit generator for good, and not what `Generator.normal` makes of
    them; a reference must come out the same in any version.
    """
    count = int(np.prod(shape))
    bits = np.random.PCG64(seed).random_raw(2 * count).reshape(2, count)
    one, other = ((bits >> np.uint64(11)) + 0.5) * 2.0**-53
    normal: NDArray[np.float64] = np.sqrt(-2.0 * np.log(one)) * np.cos(2.0 * np.pi * other)
    return normal.reshape(shape)
