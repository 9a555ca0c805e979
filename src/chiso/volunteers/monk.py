"""The ten swatches of the Monk Skin Tone scale."""

from __future__ import annotations

import numpy as np

from chiso.volunteers.colour import Floats, linear_from_srgb

_SWATCHES = (
    "f6ede4",
    "f3e7db",
    "f7ead0",
    "eadaba",
    "d7bd96",
    "a07e56",
    "825c43",
    "604134",
    "3a312a",
    "292420",
)


def swatch_hex(tone: int) -> str:
    """The sRGB code of a tone, six hexadecimal digits.

    E. Monk, "The Monk Skin Tone Scale", 2019 (https://skintone.google).

    Args:
        tone: 1 (lightest) to 10 (darkest).

    Raises:
        ValueError: there is no such tone.
    """
    if not 1 <= tone <= len(_SWATCHES):
        raise ValueError(f"a Monk Skin Tone is 1 to {len(_SWATCHES)}, not {tone}")
    return _SWATCHES[tone - 1]


def swatch(tone: int) -> Floats:
    """A tone's colour: (3,) float64, linear sRGB, 1 is white.

    Args:
        tone: 1 (lightest) to 10 (darkest).

    Raises:
        ValueError: there is no such tone.
    """
    return linear_from_srgb(np.frombuffer(bytes.fromhex(swatch_hex(tone)), dtype=np.uint8) / 255)
