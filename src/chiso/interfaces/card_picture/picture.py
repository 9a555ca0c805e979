"""Draws a card: its code on the right, and on the left whose it is to honour, what for, until when.

85.60 × 53.98 mm (ISO/IEC 7810, ID-1) at 600 dots an inch. Nothing on it shows the person.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from PIL import Image, ImageDraw, ImageFont

from chiso.interfaces.card_picture.code import qr_code
from chiso.interfaces.card_picture.lettering import broken, leading_px, lettered

DPI = 600
_MM_PER_INCH = 25.4
_INK, _SOFT, _ACCENT, _PAPER = "#1d2226", "#565f66", "#7a2e1d", "#ffffff"
_NOTE = (
    "Your face is in this code, sealed: only the system that made it can compare you with it. "
    "To end it, or if it is lost, ask at any desk and say the number of this card."
)


def _px(mm: float) -> int:
    return round(mm / _MM_PER_INCH * DPI)


WIDTH_PX, HEIGHT_PX = _px(85.60), _px(53.98)
_LEAST_MODULE_PX = _px(0.33)
_CODE_PX = _px(45.0)
_EDGE_PX = _px(4.6)


class Format(StrEnum):
    """What a card is written as."""

    PNG = "png"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class CardWords:
    """What is printed on a card, beside its code."""

    controller: str
    purpose: str
    expires: datetime
    number: str
    name: str | None
    """What its person is called; None: it says nothing of her."""


def card_picture(words: CardWords, code: str, kind: Format) -> bytes:
    """A card as a file of this kind."""
    picture = _drawn(words, code)
    file = io.BytesIO()
    if kind is Format.PDF:
        picture.save(file, "PDF", resolution=DPI, quality=95, title=f"Card {words.number}")
    else:
        picture.save(file, "PNG", dpi=(DPI, DPI), optimize=True)
    return file.getvalue()


def _drawn(words: CardWords, code: str) -> Image.Image:
    picture = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), _PAPER)
    draw = ImageDraw.Draw(picture)
    qr = qr_code(code, _CODE_PX, _LEAST_MODULE_PX)
    left = WIDTH_PX - qr.width - _px(1.2)
    picture.paste(qr.convert("RGB"), (left, (HEIGHT_PX - qr.height) // 2))
    draw.rectangle((0, 0, _px(1.6), HEIGHT_PX), fill=_ACCENT)
    column = _Column(draw, _EDGE_PX, left - _px(0.4) - _EDGE_PX, _EDGE_PX)
    column.write(words.controller, 9.5, _INK, bold=True, lines=3)
    if words.name is not None:
        column.space(1.1)
        column.write(words.name, 7.5, _INK, lines=2)
    for label, text in (
        ("For", words.purpose),
        ("Valid until", f"{words.expires.day} {words.expires:%B %Y}"),
        ("Card", words.number),
    ):
        column.space(1.5)
        column.write(label, 5, _SOFT)
        column.space(0.3)
        column.write(text, 7, _INK, lines=2)
    column.at_bottom(_NOTE, 4.4, _SOFT)
    return picture


class _Column:
    """Text set from the top of the card downwards, in one column."""

    def __init__(self, draw: ImageDraw.ImageDraw, left: int, width: int, top: int) -> None:
        self._draw = draw
        self._left = left
        self._width = width
        self._top = top

    def space(self, mm: float) -> None:
        self._top += _px(mm)

    def write(
        self, text: str, size_pt: float, ink: str, *, bold: bool = False, lines: int = 1
    ) -> None:
        text, font = lettered(text, size_pt / 72 * DPI)
        for line in broken(text, font, self._width, lines):
            self._set(line, self._top, font, ink, 2 if bold else 0)
            self._top += leading_px(font)

    def at_bottom(self, text: str, size_pt: float, ink: str) -> None:
        text, font = lettered(text, size_pt / 72 * DPI)
        lines = broken(text, font, self._width, 8)
        top = HEIGHT_PX - _EDGE_PX + _px(0.6) - len(lines) * leading_px(font)
        for number, line in enumerate(lines):
            self._set(line, top + number * leading_px(font), font, ink, 0)

    def _set(
        self, line: str, top: int, font: ImageFont.FreeTypeFont, ink: str, stroke_px: int
    ) -> None:
        self._draw.text(
            (self._left, top), line, font=font, fill=ink, stroke_width=stroke_px, stroke_fill=ink
        )
