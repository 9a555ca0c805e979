"""What services need from the world outside, as Protocols; adapters implement them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from chiso.core.samples import AlignmentGeometry, BiometricSample, Face, Pixels, Refusal
from chiso.core.templates import ModelDigest, Template

CodeReader = Callable[[Pixels], Sequence[str]]
"""Finds the text of every QR code in an image; none where there is none."""


class Decoder(Protocol):
    """Turns the bytes of a photo that nobody vouches for into pixels."""

    def decode(self, photo: bytes) -> BiometricSample | Refusal:
        """What `chiso.capture.decode.decode` says, under limits that were set beforehand.

        A photo that stops the decoder, or takes it too long, is a Refusal as well, and the next one
        is decoded. Raises ChisoError(DECODER_MISSING) where nothing can be decoded. May be called
        from several threads.
        """
        ...


class Detector(Protocol):
    """Finds faces in one image, at the size given: no pyramid, no tiling (that is capture's)."""

    @property
    def name(self) -> str:
        """Name in the model manifest."""
        ...

    def detect(self, pixels: Pixels) -> tuple[Face, ...]:
        """Faces above the model's own confidence, after non-maximum suppression, surest first.

        `pixels` may have any height and width; coordinates are in its frame.
        """
        ...


class Embedder(Protocol):
    """Turns aligned chips into unit-length templates (each averaged with its mirror image).

    A reference is made with more care than a probe, once, at enrolment. Both are templates of the
    same model and compare with each other.
    """

    @property
    def name(self) -> str:
        """Name in the model manifest."""
        ...

    @property
    def digest(self) -> ModelDigest:
        """Identity of the whole recipe; templates of different digests are never compared."""
        ...

    @property
    def geometry(self) -> AlignmentGeometry:
        """The chip that this embedder wants."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a template's vector."""
        ...

    def embed(self, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        """One probe's template a chip; each chip (size, size, 3), uint8, RGB, is left unchanged."""
        ...

    def embed_references(self, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        """One reference's template a chip, likewise; slower, and nearer to poor photos."""
        ...


class Clock(Protocol):
    """The only source of the current time."""

    def now(self) -> datetime:
        """Now, timezone-aware, UTC."""
        ...


class Randomness(Protocol):
    """The only source of random bytes for keys, salts and ids."""

    def token(self, size_bytes: int) -> bytes:
        """`size_bytes` bytes from a cryptographic source."""
        ...
