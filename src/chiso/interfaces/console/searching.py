"""Searching a table that is short enough to be read whole: by what its rows say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, TypeVar

from fastapi import Query, Request

from chiso.interfaces.console.languages import language_of, translations

_Row = TypeVar("_Row")
Sought = Annotated[str, Query(max_length=200)]
"""What is looked for; empty for everything."""


def matching(
    request: Request, rows: Iterable[_Row], q: str, words: Callable[[_Row], Iterable[str]]
) -> list[_Row]:
    """The rows that say every word of `q`, or a part of it, in any case; all where it is empty.

    `words`: what a row says in English; what that is in the reader's language is found too.
    """
    say = translations(language_of(request).code).gettext
    wanted = q.casefold().split()

    def is_wanted(row: _Row) -> bool:
        said = [each for each in words(row) if each]
        text = "\n".join([*said, *map(say, said)]).casefold()
        return all(word in text for word in wanted)

    return [row for row in rows if is_wanted(row)]
