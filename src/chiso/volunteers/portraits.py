"""A portrait of a rendered volunteer, and the port behind which it is made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

TONES = tuple(range(1, 11))
"""The ten Monk Skin Tones: 1 is the lightest, 10 the darkest."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """One photo of one rendered volunteer.

    Attributes:
        person: the seed that she is made from.
        capture: the seed of the photo: pose, expression, light, camera, clothes.
        tone: her Monk Skin Tone in it, 1 to 10. Nothing else depends on it.
        jpeg: the photo as a camera wrote it, square, `size_px` a side, sRGB.
        landmarks: (5, 2) float32, pixels, the centre of the top-left one at (0, 0): the centres
            of her eyes (image left first), the tip of her nose, the corners of her mouth (image
            left first), as the geometry has them, whether or not something hides them.
        person_traits: what the seed chose for her ("hair": "braids", "age_years": "41" …).
        capture_traits: what the seed chose for the photo ("light": "window", "yaw_deg": "-12" …).
    """

    person: int
    capture: int
    tone: int
    jpeg: bytes
    size_px: int
    landmarks: npt.NDArray[np.float32]
    person_traits: Mapping[str, str]
    capture_traits: Mapping[str, str]


class Studio(Protocol):
    """Makes portraits. The same arguments give the same bytes, on one machine, in any process."""

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of all that a portrait depends on beside the arguments."""
        ...

    def portraits(
        self, person: int, capture: int, tones: Sequence[int], size_px: int
    ) -> tuple[Portrait, ...]:
        """One portrait for each tone, in that order; light is traced once for all of them.

        Args:
            person: 0 to 2**63 - 1.
            capture: 0 to 2**63 - 1.
            tones: at least one of TONES.
            size_px: 64 to 2048.
        """
        ...


def derived_seed(*parts: int | str) -> int:
    """A seed of 63 bits from the parts, the same on every machine (SHA-256).

    >>> derived_seed("person", 1, 0) == derived_seed("person", 1, 0)
    True
    """
    text = "\x00".join(str(part) for part in ("chiso volunteers", *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
