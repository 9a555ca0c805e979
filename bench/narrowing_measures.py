"""What may be done to chips before they are compared, each measure alone and together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.narrowing_errors import Vectors
from chiso.adapters.models.embedder import OnnxEmbedder, to_unit_length
from chiso.adapters.models.enhance import blurred, degraded, denoised
from chiso.adapters.models.manifest import Enhancement, packaged_entries
from chiso.core.samples import Pixels

GAUSSIAN_PX = 2.0
BILATERAL_RADIUS_PX, BILATERAL_PX, BILATERAL_LEVELS = 2, 2.0, 25.0

Chips = NDArray[np.uint8]
Filter = Callable[[Chips], Chips]
Embed = Callable[[Sequence[Pixels]], Vectors]


@dataclass(frozen=True, slots=True)
class Measure:
    """A way from chips to templates. `against`: the measures that it must beat, by name."""

    name: str
    probe: Embed
    reference: Embed
    against: tuple[str, ...]


def measures(embedder: OnnxEmbedder) -> tuple[Measure, ...]:
    """Each alone on top of the mirror, and those that ship together, by the embedder itself."""
    enhancement = _enhancement(embedder)

    def stock(chips: Sequence[Pixels]) -> Vectors:
        return to_unit_length(embedder.describe(np.stack(chips)))

    def filtered(smooth: Filter) -> Embed:
        return lambda chips: _mirrored(embedder, smooth(np.stack(chips)))

    def copied(chips: Sequence[Pixels]) -> Vectors:
        upright = np.stack(chips)
        copies = [upright, *degraded(upright, enhancement.reference_copies)]
        return to_unit_length(np.sum([_mirrored(embedder, each) for each in copies], axis=0))

    mirror = filtered(lambda chips: chips)
    gaussian = filtered(lambda chips: blurred(chips, GAUSSIAN_PX))
    bilateral = filtered(_bilateral)
    guided = filtered(lambda chips: denoised(chips, enhancement.denoise))
    return (
        Measure("stock", stock, stock, ()),
        Measure("mirror", mirror, mirror, ("stock",)),
        Measure("copies", mirror, copied, ("mirror",)),
        Measure("Gaussian", gaussian, gaussian, ("mirror",)),
        Measure("bilateral", bilateral, bilateral, ("mirror",)),
        Measure("guided", guided, guided, ("mirror",)),
        Measure(
            "shipped",
            lambda chips: np.stack([each.vector for each in embedder.embed(chips)]),
            lambda chips: np.stack([each.vector for each in embedder.embed_references(chips)]),
            ("mirror", "guided", "copies"),
        ),
    )


def _enhancement(embedder: OnnxEmbedder) -> Enhancement:
    (spec,) = (each.spec for each in packaged_entries() if each.name == embedder.name)
    if spec.role != "embedder" or spec.enhancement is None:
        raise RuntimeError(f"{embedder.name} enhances nothing")
    return spec.enhancement


def _mirrored(embedder: OnnxEmbedder, upright: Chips) -> Vectors:
    both = embedder.describe(np.concatenate([upright, upright[:, :, ::-1]]))
    return to_unit_length(both[: len(upright)] + both[len(upright) :])


def _bilateral(chips: Chips) -> Chips:
    """Tomasi & Manduchi (1998), weights by distance and by difference of colour."""
    radius = BILATERAL_RADIUS_PX
    levels = chips.astype(np.float32)
    padded = np.pad(levels, ((0, 0), (radius, radius), (radius, radius), (0, 0)), mode="reflect")
    height, width = chips.shape[1:3]
    total, weights = np.zeros_like(levels), np.zeros((*chips.shape[:3], 1), np.float32)
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            near = padded[:, radius + down :, radius + right :][:, :height, :width]
            apart = np.mean((near - levels) ** 2, axis=3, keepdims=True)
            weight = np.exp(
                -(down**2 + right**2) / (2 * BILATERAL_PX**2) - apart / (2 * BILATERAL_LEVELS**2)
            )
            total += weight * near
            weights += weight
    smooth: Chips = (total / weights + 0.5).astype(np.uint8)
    return smooth
