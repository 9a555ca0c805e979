"""Warps a face to the geometry that an embedder wants."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chiso.core.errors import ChisoError, Code
from chiso.core.samples import AlignedFace, AlignmentGeometry, BiometricSample, Face

Affine = NDArray[np.float64]
"""Shape (2, 3): (x, y) maps to M[:, :2] @ (x, y) + M[:, 2]. Pixel centres are whole numbers."""

# Pixels around the sampled area that the bicubic kernel reaches.
_KERNEL_MARGIN_PX = 2


def align(sample: BiometricSample, face: Face, geometry: AlignmentGeometry) -> AlignedFace:
    """The face as a chip (size, size, 3), uint8, RGB; what lies outside the sample is black.

    `face` is in the sample's frame. Raises `ChisoError(BAD_ARGUMENT)` where its landmarks coincide.
    """
    to_chip = similarity(face.landmarks.astype(np.float64), np.array(geometry.points))
    return AlignedFace(face, _warp(sample, to_chip, geometry.size_px))


def similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> Affine:
    """The rotation, scale and shift that takes `source` (n, 2) nearest to `target` (n, 2).

    Least squares without reflection: Umeyama (1991), eq. 40 to 43. In the plane, with points as
    complex numbers, it is one division.
    """
    from_points, to_points = source @ (1, 1j), target @ (1, 1j)
    from_mean, to_mean = from_points.mean(), to_points.mean()
    centred = from_points - from_mean
    spread = np.vdot(centred, centred).real
    if not spread > 0:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "All landmarks of a face lie in one place.",
            "Detect the face again; these landmarks cannot be aligned.",
        )
    turn = np.vdot(centred, to_points - to_mean) / spread
    shift = to_mean - turn * from_mean
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _warp(sample: BiometricSample, to_chip: Affine, size_px: int) -> NDArray[np.uint8]:
    """The square of `size_px` that `to_chip` maps onto, smoothed first where it is shrunk."""
    to_sample = _inverse(to_chip)
    left, top, right, bottom = _reach(to_sample, size_px, sample)
    if left >= right or top >= bottom:
        return np.zeros((size_px, size_px, 3), np.uint8)
    patch = Image.fromarray(np.ascontiguousarray(sample.pixels[top:bottom, left:right]))

    sample_px_per_chip_px = float(np.hypot(to_sample[0, 0], to_sample[1, 0]))
    shrink = max(1, floor(sample_px_per_chip_px))
    if shrink > 1:
        patch = patch.reduce(shrink)

    # Pillow counts from pixel corners, so shift by half a pixel on both sides.
    linear = to_sample[:, :2]
    origin = linear @ (-0.5, -0.5) + to_sample[:, 2] + 0.5 - (left, top)
    coefficients = np.column_stack([linear, origin]) / shrink
    chip = patch.transform(
        (size_px, size_px),
        Image.Transform.AFFINE,
        tuple(coefficients.ravel().tolist()),
        resample=Image.Resampling.BICUBIC,
    )
    return np.asarray(chip)


def _inverse(affine: Affine) -> Affine:
    linear = np.linalg.inv(affine[:, :2])
    return np.column_stack([linear, -linear @ affine[:, 2]])


def _reach(to_sample: Affine, size_px: int, sample: BiometricSample) -> tuple[int, int, int, int]:
    """The sample's part (left, top, right, bottom) that the chip shows."""
    end = size_px - 1
    corners = np.array([(0, 0), (end, 0), (0, end), (end, end)]) @ to_sample[:, :2].T
    corners += to_sample[:, 2]
    margin = _KERNEL_MARGIN_PX * max(1.0, float(np.hypot(to_sample[0, 0], to_sample[1, 0])))
    left, top = corners.min(axis=0) - margin
    right, bottom = corners.max(axis=0) + margin
    return (
        max(0, floor(left)),
        max(0, floor(top)),
        min(sample.width_px, ceil(right) + 1),
        min(sample.height_px, ceil(bottom) + 1),
    )
