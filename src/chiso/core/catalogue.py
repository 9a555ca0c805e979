"""The models that can be had, as a list for people: what each is, whose, and whether it is here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from chiso.core.templates import ModelDigest

Transfer = Callable[[int, int], None]
"""(bytes so far, bytes in all): called as a download goes on."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model of the manifest. `is_here`: its weights are on this machine."""

    name: str
    role: str
    like: str
    sha256: str
    size_bytes: int
    licence: str
    source: str
    input_px: int | None
    """Side of the chip that an embedder wants; None for a detector, which takes any size."""
    normalisation: str
    dimensions: int | None
    score_min: float | None
    """Least confidence at which a detector reports a face; None for an embedder."""
    is_here: bool


@dataclass(frozen=True, slots=True)
class PackCard:
    """A detector and an embedder that work together. `digest` is the embedder's whole recipe."""

    name: str
    detector: str
    embedder: str
    digest: ModelDigest


class Catalogue(Protocol):
    """Lists, fetches and registers models."""

    def models(self) -> Sequence[ModelCard]:
        """Every known model."""
        ...

    def packs(self) -> Sequence[PackCard]:
        """Every pack that a home can use."""
        ...

    def model(self, name: str) -> ModelCard:
        """One model. Raises ChisoError(BAD_ARGUMENT) for a name that nobody has."""
        ...

    def pack(self, name: str) -> PackCard:
        """One pack. Raises ChisoError(BAD_ARGUMENT) for a name that nobody has."""
        ...

    def pull(self, name: str, transfer: Transfer) -> None:
        """Fetch a model from its publisher; the digest is checked before it gets its name."""
        ...

    def add(self, graph: bytes, like: str, name: str, licence: str) -> ModelCard:
        """Register an ONNX file, given its content."""
        ...
