"""Fonts that have the letters of a text, and text broken into lines."""

from __future__ import annotations

import unicodedata
from functools import cache

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

_SYSTEM_FONTS = (
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "LiberationSans-Regular.ttf",
    "Arial.ttf",
)
"""Tried, in this order, for letters that the font that comes with Pillow lacks: it has ASCII."""
_NO_CHARACTER = "\uffff"


def lettered(text: str, size_px: float) -> tuple[str, FreeTypeFont]:
    """The text, and a font that has its letters.

    Where no font on this machine has them all, letters lose their accents rather than their shape.
    """
    for font in _fonts(size_px):
        if _has(font, text):
            return text, font
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(each for each in apart if not unicodedata.combining(each))
    return plain, next((font for font in _fonts(size_px) if _has(font, plain)), _fonts(size_px)[-1])


def leading_px(font: FreeTypeFont) -> int:
    """From one line to the next."""
    return round(font.size * 1.22)


def broken(text: str, font: FreeTypeFont, width_px: int, most: int) -> list[str]:
    """The text in at most so many lines of this width; what does not fit ends in three dots."""
    lines, rest = list[str](), text
    while rest and len(lines) < most:
        line = _first_line(rest, font, width_px)
        if len(lines) == most - 1 and line != rest:
            lines.append(_cut(rest, font, width_px))
            break
        lines.append(line.rstrip())
        rest = rest[len(line) :].lstrip()
    return lines


@cache
def _fonts(size_px: float) -> tuple[FreeTypeFont, ...]:
    own = ImageFont.load_default(size_px)
    found = [own] if isinstance(own, FreeTypeFont) else []
    for name in _SYSTEM_FONTS:
        try:
            found.append(ImageFont.truetype(name, size_px))
        except OSError:
            continue
    return tuple(found)


def _has(font: FreeTypeFont, text: str) -> bool:
    """Whether no letter of this text is drawn as the box that stands for a missing one."""
    missing = bytes(font.getmask(_NO_CHARACTER))
    return all(bytes(font.getmask(each)) != missing for each in set(text) - {" "})


def _first_line(text: str, font: FreeTypeFont, width_px: int) -> str:
    if font.getlength(text) <= width_px:
        return text
    fits = next(n for n in range(len(text) - 1, 0, -1) if font.getlength(text[:n]) <= width_px)
    at_space = text.rfind(" ", 0, fits + 1)
    return text[: at_space if at_space > 0 else fits]


def _cut(text: str, font: FreeTypeFont, width_px: int) -> str:
    while text and font.getlength(f"{text}...") > width_px:
        text = text[:-1]
    return f"{text.rstrip()}..."
