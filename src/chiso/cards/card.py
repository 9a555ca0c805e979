"""What a card says, as the bytes that are sealed into it; docs/formats.md gives every one."""

from __future__ import annotations

import hashlib
import struct
import uuid
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from chiso.cards.quantise import Quantised
from chiso.core.consent import Mode, ReceiptId
from chiso.core.templates import ModelDigest
from chiso.core.times import from_epoch_s, to_epoch_s

_FIXED = struct.Struct(">16s16sQQ32s32sBf")
_BITS = {Mode.VERIFY: 1, Mode.IDENTIFY: 2}


@dataclass(frozen=True, slots=True)
class Card:
    """A card's content. Whose it is, only the home's list of receipts says."""

    card_id: str
    """Random UUID."""
    receipt_id: ReceiptId
    issued: datetime
    expires: datetime
    model: ModelDigest
    purpose_sha256: bytes
    modes: frozenset[Mode]
    template: Quantised


def purpose_digest(purpose: str) -> bytes:
    """SHA-256 of a purpose: its text may be longer than a card has room for."""
    return hashlib.sha256(purpose.encode()).digest()


def card_bytes(card: Card) -> bytes:
    """A card as bytes: 117 and one for each dimension. `parse_card` reads them back."""
    fixed = _FIXED.pack(
        uuid.UUID(card.card_id).bytes,
        uuid.UUID(card.receipt_id).bytes,
        to_epoch_s(card.issued),
        to_epoch_s(card.expires),
        bytes.fromhex(card.model),
        card.purpose_sha256,
        sum(_BITS[mode] for mode in card.modes),
        card.template.scale,
    )
    return fixed + card.template.levels.tobytes()


def parse_card(content: bytes | bytearray) -> Card:
    """Read what `card_bytes` wrote. Raises ValueError for anything else.

    The template's levels are a view of `content`: whoever overwrites one overwrites the other.
    """
    try:
        card_id, receipt_id, issued, expires, model, purpose, modes, scale = _FIXED.unpack_from(
            content
        )
        levels = np.frombuffer(content, np.int8, offset=_FIXED.size)
        return Card(
            str(uuid.UUID(bytes=card_id)),
            ReceiptId(str(uuid.UUID(bytes=receipt_id))),
            from_epoch_s(issued),
            from_epoch_s(expires),
            ModelDigest(model.hex()),
            purpose,
            frozenset(mode for mode, bit in _BITS.items() if modes & bit),
            Quantised(levels, scale),
        )
    except (struct.error, OverflowError, OSError) as error:
        raise ValueError("this is no card's content") from error
