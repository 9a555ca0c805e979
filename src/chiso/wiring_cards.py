"""The composition root of reading cards: what finds codes in a picture."""

from __future__ import annotations

from chiso.adapters.card_codes import qr_texts
from chiso.core.ports import CodeReader


def code_reader() -> CodeReader:
    """What finds QR codes in pixels."""
    return qr_texts
