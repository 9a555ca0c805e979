"""Draws a card: its code on the right, and on the left whose it is to honour, what for, until when.

85.60 × 53.98 mm (ISO/IEC 7810, ID-1) at 600 dots an inch. Nothing on it shows the person.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from PIL import Image, ImageDraw

from chiso.interfaces.card_picture.code import qr_code
from chiso.interfaces.card_picture.lettering import broken, leading_px, lettered

DPI = 600
_MM_PER_INCH = 25.4
_POINTS_PER_INCH = 72
_SCALES = (1.0, 0.9, 0.8, 0.7)
"""Of the letters: the first at which all of them fit."""
_INK, _SOFT, _ACCENT, _PAPER = "#1d2226", "#565f66", "#7a2e1d", "#ffffff"
_NOTE = (
    "Your face is in this code, sealed: only the system that made it can compare you with it. "
    "To end it, or if it is lost, ask at any desk and say its number."
)


def _px(mm: float) -> int:
    return round(mm / _MM_PER_INCH * DPI)


WIDTH_PX, HEIGHT_PX = _px(85.60), _px(53.98)
CODE_PX = _px(45.0)
"""What a code may take, with the white around it."""
LEAST_MODULE_PX = _px(0.33)
"""Smaller modules are lost by ordinary printers and cameras."""
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
    qr = qr_code(code, CODE_PX, LEAST_MODULE_PX)
    left = WIDTH_PX - qr.width - _px(1.2)
    picture.paste(qr.convert("RGB"), (left, (HEIGHT_PX - qr.height) // 2))
    draw.rectangle((0, 0, _px(1.6), HEIGHT_PX), fill=_ACCENT)
    column = _Column(draw, _EDGE_PX, left - _px(0.4) - _EDGE_PX)
    bottom = column.write_up([_Text(_NOTE, 4.4, _SOFT, lines=8)], HEIGHT_PX - _EDGE_PX + _px(0.6))
    texts = _texts(words)
    fits = (each for each in _SCALES if column.height(texts, each) <= bottom - _px(1) - _EDGE_PX)
    column.write(texts, _EDGE_PX, next(fits, _SCALES[-1]))
    return picture


@dataclass(frozen=True, slots=True)
class _Text:
    """A text in at most so many lines, and the space above it."""

    text: str
    size_pt: float
    ink: str
    above_mm: float = 0.0
    lines: int = 1
    is_bold: bool = False


def _texts(words: CardWords) -> list[_Text]:
    texts = [_Text(words.controller, 9.5, _INK, lines=3, is_bold=True)]
    if words.name is not None:
        texts.append(_Text(words.name, 7.5, _INK, 1.1, lines=2))
    for label, text in (
        ("For", words.purpose),
        ("Valid until", f"{words.expires.day} {words.expires:%B %Y}"),
        ("Card", words.number),
    ):
        texts.append(_Text(label, 5, _SOFT, 1.5))
        texts.append(_Text(text, 7, _INK, 0.3, lines=2))
    return texts


class _Column:
    """Texts set below one another in one column."""

    def __init__(self, draw: ImageDraw.ImageDraw, left: int, width: int) -> None:
        self._draw = draw
        self._left = left
        self._width = width

    def height(self, texts: Sequence[_Text], scale: float) -> int:
        """What these texts take at this scale, in pixels."""
        return self._set(texts, 0, scale, is_dry=True)

    def write(self, texts: Sequence[_Text], top: int, scale: float) -> None:
        """Set texts from here downwards."""
        self._set(texts, top, scale, is_dry=False)

    def write_up(self, texts: Sequence[_Text], bottom: int) -> int:
        """Set texts so that they end here; where they begin."""
        top = bottom - self.height(texts, 1)
        self.write(texts, top, 1)
        return top

    def _set(self, texts: Sequence[_Text], top: int, scale: float, *, is_dry: bool) -> int:
        for each in texts:
            top += _px(each.above_mm * scale)
            shown, font = lettered(each.text, each.size_pt * scale / _POINTS_PER_INCH * DPI)
            for line in broken(shown, font, self._width, each.lines):
                if not is_dry:
                    stroke = 2 if each.is_bold else 0
                    place = (self._left, top)
                    self._draw.text(
                        place, line, each.ink, font, stroke_width=stroke, stroke_fill=each.ink
                    )
                top += leading_px(font)
        return top
