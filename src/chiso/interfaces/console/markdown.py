"""A small part of Markdown as HTML: headings, paragraphs, lists, bold, emphasis; no HTML passes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

_HEADING = re.compile(r"(#{1,3})\s+(.+)")
_BULLET = re.compile(r"[-*]\s+(.+)")
_NUMBER = re.compile(r"[0-9]{1,3}[.)]\s+(.+)")
_LISTS = {"ul": _BULLET, "ol": _NUMBER}
_BOLD = re.compile(r"\*\*(\S(?:.*?\S)?)\*\*")
_EMPHASIS = re.compile(r"(?<!\w)[*_](\S(?:[^*_]*?\S)?)[*_](?!\w)")


def html_of(text: str, top: int = 2) -> Markup:
    """`text` as HTML. Its first level of headings is `<h{top}>`.

    What is no part of the subset is shown as it was typed: links, pictures, HTML.
    """
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    return Markup("\n").join(part for block in blocks for part in _parts(block.split("\n"), top))


def _parts(lines: list[str], top: int) -> Iterator[Markup]:
    """One block: headings and lists may follow a paragraph without an empty line between."""
    lines = [line.strip() for line in lines if line.strip()]
    while lines:
        if heading := _HEADING.fullmatch(lines[0]):
            level = top + len(heading[1]) - 1
            yield Markup("<h{0}>{1}</h{0}>").format(level, _inline(heading[2]))
            lines = lines[1:]
            continue
        kind = _kind(lines[0])
        length = _run(lines, kind)
        if kind is None:
            yield Markup("<p>{}</p>").format(_inline(" ".join(lines[:length])))
        else:
            yield _list(kind, lines[:length])
        lines = lines[length:]


def _kind(line: str) -> str | None:
    return next((kind for kind, pattern in _LISTS.items() if pattern.fullmatch(line)), None)


def _run(lines: list[str], kind: str | None) -> int:
    """How many lines go on with what the first one is; a list's line may be broken."""
    for count, line in enumerate(lines[1:], start=1):
        if _HEADING.fullmatch(line) or _kind(line) not in (kind, None):
            return count
    return len(lines)


def _list(kind: str, lines: list[str]) -> Markup:
    items: list[str] = []
    for line in lines:
        found = _LISTS[kind].fullmatch(line)
        if found:
            items.append(found[1])
        else:
            items[-1] += f" {line}"
    inside = Markup("").join(Markup("<li>{}</li>").format(_inline(each)) for each in items)
    return Markup("<{0}>{1}</{0}>").format(kind, inside)


def _inline(text: str) -> Markup:
    bold = _BOLD.sub(r"<b>\1</b>", str(escape(text)))
    return Markup(_EMPHASIS.sub(r"<em>\1</em>", bold))  # noqa: S704 - escaped before
