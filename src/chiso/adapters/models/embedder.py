"""Descriptor networks behind the Embedder port."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from chiso.adapters.models.enhance import blurred, degraded, denoised
from chiso.adapters.models.manifest import EmbedderSpec, ModelEntry
from chiso.adapters.models.planes import planes_of
from chiso.adapters.models.sessions import Session
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import AlignmentGeometry, Pixels
from chiso.core.templates import ModelDigest, Template

# Beyond this many rows a batch saves no time and costs memory.
_BATCH_ROWS = 32


class OnnxEmbedder:
    """Any network that maps one aligned chip to one vector."""

    def __init__(self, entry: ModelEntry, spec: EmbedderSpec, session: Session) -> None:
        self._name = entry.name
        self._digest = recipe_digest(entry.sha256, spec)
        self._spec = spec
        self._session = session

    @property
    def name(self) -> str:
        """Name in the model manifest."""
        return self._name

    @property
    def digest(self) -> ModelDigest:
        """Identity of the whole recipe; see `recipe_digest`."""
        return self._digest

    @property
    def geometry(self) -> AlignmentGeometry:
        """The chip that this embedder wants."""
        return self._spec.geometry

    @property
    def dimensions(self) -> int:
        """Length of a template's vector."""
        return self._spec.dimensions

    def embed(self, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        """One template a chip, to be compared with references.

        The descriptors of the chip and of its mirror image, added, to unit length; where the recipe
        has an enhancement, the one is denoised and the other blurred. Chips (size, size, 3), uint8,
        RGB. Raises `ChisoError`: BAD_ARGUMENT for another shape, MODEL_FAILED where the network's
        numbers have no direction, so that nothing can be compared.
        """
        if not chips:
            return ()
        upright = mirrored = self._stacked(chips)
        if self._spec.enhancement is not None:
            mirrored = blurred(upright, self._spec.enhancement.blur_px)
            upright = denoised(upright, self._spec.enhancement.denoise)
        return self._templates(self._of_both_sides(upright, mirrored))

    def embed_references(self, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        """One template a chip, to be kept and compared with.

        The mean over the chip and the degraded copies of it that the recipe names, all blurred, so
        that it takes as many times longer as there are copies, once, at enrolment. Raises as
        `embed` does.
        """
        enhancement = self._spec.enhancement
        if enhancement is None or not chips:
            return self.embed(chips)
        clean = self._stacked(chips)
        total = np.zeros((len(chips), self.dimensions), np.float32)
        for copy in [clean, *degraded(clean, enhancement.reference_copies)]:
            soft = blurred(copy, enhancement.blur_px)
            total += self._of_both_sides(soft, soft)
        return self._templates(to_unit_length(total))

    def _of_both_sides(
        self, upright: NDArray[np.uint8], to_mirror: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """Descriptors of chips and of mirror images, added, to unit length: (n, dimensions)."""
        descriptors = self.describe(np.concatenate([upright, to_mirror[:, :, ::-1]]))
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is refused below
            summed = descriptors[: len(upright)] + descriptors[len(upright) :]
            lengths = np.linalg.norm(summed, axis=1)
        if not np.all(np.isfinite(lengths) & (lengths > 0)):
            raise ChisoError(
                Code.MODEL_FAILED,
                f"{self._name} gave numbers that are no template: not finite, or all zero.",
                "Use another model with `chiso models use`; if it is your own, export it anew.",
            )
        return to_unit_length(summed)

    def _templates(self, vectors: NDArray[np.float32]) -> tuple[Template, ...]:
        return tuple(Template(vector, self._digest) for vector in vectors)

    def describe(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The network's own descriptors (n, dimensions), of no particular length.

        Chips (n, size, size, 3), uint8, RGB.
        """
        rows = _BATCH_ROWS if self._session.batch_size is None else self._session.batch_size
        batches = [chips[start : start + rows] for start in range(0, len(chips), rows)]
        return np.concatenate([self._run(batch) for batch in batches])

    def _run(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        (descriptors,) = self._session.run(planes_of(chips, self._spec.normalisation)).values()
        return descriptors

    def _stacked(self, chips: Sequence[Pixels]) -> NDArray[np.uint8]:
        size_px = self._spec.geometry.size_px
        for chip in chips:
            if chip.shape != (size_px, size_px, 3) or chip.dtype != np.uint8:
                raise ChisoError(
                    Code.BAD_ARGUMENT,
                    f"{self._name} was given a chip of {chip.shape} {chip.dtype}.",
                    f"Align faces to its geometry first: ({size_px}, {size_px}, 3) uint8.",
                )
        return np.stack(chips)


def to_unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows, shape (n, dimensions), none of them all zero, at length 1."""
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def recipe_digest(weights_sha256: str, spec: EmbedderSpec) -> ModelDigest:
    """SHA-256 of everything that decides a template, as JSON with sorted keys and no spaces."""
    recipe: dict[str, object] = {
        "weights_sha256": weights_sha256,
        "architecture": spec.architecture.value,
        "geometry": asdict(spec.geometry),
        "normalisation": asdict(spec.normalisation),
        "mirror": True,
        "unit_length": True,
    }
    if spec.enhancement is not None:
        recipe["enhancement"] = asdict(spec.enhancement)
    canonical = json.dumps(recipe, sort_keys=True, separators=(",", ":")).encode()
    return ModelDigest(hashlib.sha256(canonical).hexdigest())
