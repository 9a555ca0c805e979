"""Names of people and purposes, written one way, so that the same name is the same text."""

from __future__ import annotations

import unicodedata

from chiso.core.errors import ChisoError, Code

MAX_CHARACTERS = 200
_JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner: unseen, but without them many Persian, Sinhala and Malayalam
names are misspelt."""


def label_from(text: str, what: str) -> str:
    """`text` without outer spaces, in Unicode normal form C: é typed as one key or two is one é.

    Raises ChisoError(BAD_ARGUMENT) where nothing printable is left, or too much.
    """
    label = unicodedata.normalize("NFC", text.strip())
    seen = label.translate(dict.fromkeys(map(ord, _JOINERS)))
    if not seen or not seen.isprintable() or len(label) > MAX_CHARACTERS:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{text!r} cannot be a {what}.",
            f"Give 1 to {MAX_CHARACTERS} printable characters on one line.",
        )
    return label
