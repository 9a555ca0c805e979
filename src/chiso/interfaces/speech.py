"""Says sentences in a reader's language; what nobody translated yet is said in English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from string import Formatter

from chiso.consent.retention import Period

Speech = NullTranslations
"""What has the words of one language: `gettext` and `ngettext`."""

ENGLISH: Speech = NullTranslations()

_SAID = frozenset(("hint", "message", "role", "what"))
"""Blanks of a sentence that hold words of ours themselves."""
_ENDS = (".", "?", "!", "…")
"""What a sentence ends with; `{one} and {other}` is none, and would fit too much."""


def marked(text: str) -> str:
    """`text`, which is translated where it is shown: the list of messages is made of such marks."""
    return text


MONTHS = (
    marked("January"),
    marked("February"),
    marked("March"),
    marked("April"),
    marked("May"),
    marked("June"),
    marked("July"),
    marked("August"),
    marked("September"),
    marked("October"),
    marked("November"),
    marked("December"),
)


_ASKERS = {"account ": marked("account {name}"), "key ": marked("key {name}")}
_OTHERS = (marked("her own link"), marked("her own card"))
"""Who asks with neither; whoever works on the machine itself is called by a name."""


def asker_text(name: str, speech: Speech = ENGLISH) -> str:
    """Who asked, as leaves and sessions name them: `key front door`, `account Rudo`."""
    for kind, text in _ASKERS.items():
        if name.startswith(kind):
            return speech.gettext(text).format(name=name.removeprefix(kind))
    return speech.gettext(name) if name in _OTHERS else name


def day_text(instant: datetime, speech: Speech = ENGLISH) -> str:
    """`25 November 2026`."""
    month = speech.gettext(MONTHS[instant.month - 1])
    return speech.gettext("{day} {month} {year}").format(
        day=instant.day, month=month, year=instant.year
    )


def length_of_time(speech: Speech, length: Period | None) -> str:
    """A length of time in words; empty for none."""
    if length is None:
        return ""
    years, months = divmod(length.months, 12)
    if months:
        said = speech.ngettext("{count} month", "{count} months", length.months)
        return said.format(count=length.months)
    if years:
        return speech.ngettext("{count} year", "{count} years", years).format(count=years)
    return speech.ngettext("{count} day", "{count} days", length.days).format(count=length.days)


def told(speech: Speech, text: str) -> str:
    """A sentence that the code said in English, as errors do, in this language.

    Values are in it already, so it is found by what stands between the blanks of a message. What
    fits no message stays as it is.
    """
    if not text:
        return text
    said = speech.gettext(text)
    if said != text:
        return said
    for template in _templates(speech):
        values = values_in(template, text)
        if values is not None:
            blanks = {
                name: told(speech, value) if name in _SAID else value
                for name, value in values.items()
            }
            return speech.gettext(template).format(**blanks)
    return text


def values_in(template: str, text: str) -> Mapping[str, str] | None:
    """What stands in `text` for each `{blank}` of `template`; None where it does not fit."""
    values: dict[str, str] = {}
    at, blank = 0, ""
    for literal, name in _parts(template):
        start = _start(text, literal, at, blank, is_last=not name)
        if start < at:
            return None
        if blank:
            values[blank] = text[at:start]
        at, blank = start + len(literal), name
    if blank:
        values[blank] = text[at:]
    return values if blank or at == len(text) else None


def _start(text: str, literal: str, at: int, blank: str, *, is_last: bool) -> int:
    """Where `literal` begins: here, after a blank further on, after the last at the end."""
    if not blank:
        return at if text.startswith(literal, at) else -1
    if is_last:
        return len(text) - len(literal) if text.endswith(literal) else -1
    return text.find(literal, at)


@cache
def _parts(template: str) -> tuple[tuple[str, str], ...]:
    return tuple((literal, name or "") for literal, name, _, _ in Formatter().parse(template))


@cache
def _templates(speech: Speech) -> tuple[str, ...]:
    """Messages with blanks that are translated, those that say most first: they fit least."""
    if not isinstance(speech, GNUTranslations):
        return ()
    with_blanks = [each for each in _messages(speech) if "{" in each and each.endswith(_ENDS)]
    return tuple(sorted(with_blanks, key=_letters, reverse=True))


def _messages(speech: GNUTranslations) -> Iterator[str]:
    # The standard library keeps them there and has no other way to list them.
    catalogue: Mapping[object, str] = vars(speech)["_catalog"]
    return (each for each in catalogue if isinstance(each, str))


def _letters(template: str) -> int:
    return sum(len(literal) for literal, _ in _parts(template))
