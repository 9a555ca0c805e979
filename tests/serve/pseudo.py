"""A language in which every letter of every message is written otherwise: ａｂｃ for abc.

What a page says in plain letters was then said by no message, or is a name, a number, a code.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.mofile import write_mo
from scripts.messages import messages

_KEPT = re.compile(r"%\(\w+\)[sd]|%%|\{\w*\}|<[^>]+>|&\w+;")
"""Blanks and marks inside a message."""
_SPOKEN = frozenset(
    (
        "alt",
        "aria-label",
        "content",
        "data-label",
        "data-name",
        "data-remove",
        "placeholder",
        "title",
    )
)
"""Attributes that someone reads or hears."""
_SILENT = frozenset(("code", "script", "style"))
_VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "option"))


def pseudo(text: str) -> str:
    """A message as this language has it."""
    said, at = "", 0
    for kept in _KEPT.finditer(text):
        said += _wide(text[at : kept.start()]) + kept[0]
        at = kept.end()
    return said + _wide(text[at:])


def write_pseudo(path: Path) -> None:
    """Write the catalogue of this language, compiled, into this folder of catalogues."""
    catalogue = messages()
    catalogue.locale = "sn"
    for message in catalogue:
        if message.id:
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            said = tuple(pseudo(str(each)) for each in ids)
            message.string = said if isinstance(message.id, tuple) else said[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_mo(file, catalogue)


class Visible(HTMLParser):
    """What someone reads or hears of a page: its texts, without quotations in another language."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._language: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read the attributes that are said aloud."""
        named = dict(attrs)
        if tag == "html":
            self._language = named.get("lang")
        is_quiet = tag in _SILENT or named.get("lang", self._language) != self._language
        if tag not in _VOID:
            self._open.append((tag, is_quiet))
        if not self._is_quiet and not is_quiet and tag != "meta":
            self.texts.extend(value for name, value in attrs if name in _SPOKEN and value)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element, and what was left open in it."""
        names = [name for name, _ in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if not self._is_quiet and data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def _is_quiet(self) -> bool:
        return any(is_quiet for _, is_quiet in self._open)


def _wide(text: str) -> str:
    return "".join(
        chr(ord(each) + 0xFEE0) if each.isascii() and each.isalpha() else each for each in text
    )
