"""The code on a card: a header in the clear, a sealed content, and the home's signature over both.

version (1 byte) ‖ home's tag (8) ‖ sealed content ‖ Ed25519 signature (64), in Base45 after
`CHISO1:`. What is signed begins with a domain, so that a signature serves for nothing else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from chiso.cards import base45
from chiso.core.errors import ChisoError, Code

VERSION = 1
PREFIX = "CHISO1:"
_DOMAIN = b"chiso/card/1\x00"
_TAG_DOMAIN = b"chiso/card-home/1\x00"
_TAG_BYTES = 8
_SIGNATURE_BYTES = 64
_HEADER_BYTES = 1 + _TAG_BYTES
MOST_BYTES = 1000
"""What fits on a card in modules that a printer keeps apart; 512 numbers make 730."""
_MAX_CHARACTERS = 4296
"""What the largest QR code holds (ISO/IEC 18004, version 40-L)."""


@dataclass(frozen=True, slots=True)
class SealedCard:
    """A card as it is printed: nothing in it can be read without the home's card key."""

    header: bytes
    sealed: bytes
    signature: bytes

    @property
    def signed_text(self) -> bytes:
        """What the signature is over."""
        return signed_text(self.header, self.sealed)


def header_of(public_key: bytes) -> bytes:
    """The header of this home's cards: version, and the first 8 bytes of a digest of its key."""
    return bytes([VERSION]) + hashlib.sha256(_TAG_DOMAIN + public_key).digest()[:_TAG_BYTES]


def bound_to(header: bytes) -> bytes:
    """The associated data that a card's content is sealed with."""
    return _DOMAIN + header


def signed_text(header: bytes, sealed: bytes) -> bytes:
    """What a home signs of a card."""
    return _DOMAIN + header + sealed


def card_size_bytes(card: SealedCard) -> int:
    """How many bytes a card carries, before Base45."""
    return len(card.header) + len(card.sealed) + len(card.signature)


def code_text(card: SealedCard) -> str:
    """The text in a card's QR code."""
    return PREFIX + base45.encoded(card.header + card.sealed + card.signature)


def is_code(text: str) -> bool:
    """Whether a code that was found in a picture is a card's, whole or not."""
    return text.startswith(PREFIX)


def parse_code(text: str) -> SealedCard:
    """Read what `code_text` wrote. Raises ChisoError(CARD_UNREADABLE) for anything else."""
    if not is_code(text) or len(text) > _MAX_CHARACTERS:
        raise unreadable("This is not the code of a Chiso card.")
    try:
        content = base45.decoded(text[len(PREFIX) :])
    except ValueError as error:
        raise unreadable("The card's code is not whole.") from error
    if len(content) <= _HEADER_BYTES + _SIGNATURE_BYTES:
        raise unreadable("The card's code is not whole.")
    if content[0] != VERSION:
        raise unreadable(f"The card is of version {content[0]}, and this Chiso reads {VERSION}.")
    return SealedCard(
        content[:_HEADER_BYTES],
        content[_HEADER_BYTES:-_SIGNATURE_BYTES],
        content[-_SIGNATURE_BYTES:],
    )


def unreadable(message: str) -> ChisoError:
    """The error for a card that cannot be read."""
    return ChisoError(
        Code.CARD_UNREADABLE,
        message,
        "Hold the card flat, near and in good light, so that its whole code is in the picture.",
    )
