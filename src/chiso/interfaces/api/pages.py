"""Cursors: where a page of a list ended, as text that callers give back unread."""

from __future__ import annotations

import base64
import json
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from chiso.core.errors import ChisoError, Code
from chiso.core.page_storage import Place
from chiso.core.times import from_epoch_s, to_epoch_s
from chiso.interfaces.api.fields import PERSON, RECEIPT

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SEQ_EXAMPLE = "WzUwXQ"
_EXAMPLE = "WzE3OTU2Nzk1OTksICI1ZjBjMmY0ZS04YTUxLTRkMGItOWYwZS0zYzFiN2E5ZDJlNjQiXQ"
_MOST_S = 253_402_300_799
"""The last second of the year 9999."""

Limit = Annotated[
    int, Query(ge=1, le=200, description="How many there are on a page.", examples=[50])
]
_CURSOR = "`next` of the page before; the first page needs none."
_NEXT = "The cursor of the next page; null on the last one."
Cursor = Annotated[str | None, Query(max_length=200, description=_CURSOR, examples=[_EXAMPLE])]
Next = Annotated[str | None, Field(description=_NEXT, examples=[_EXAMPLE])]
SeqCursor = Annotated[
    str | None, Query(max_length=200, description=_CURSOR, examples=[_SEQ_EXAMPLE])
]
SeqNext = Annotated[str | None, Field(description=_NEXT, examples=[_SEQ_EXAMPLE])]
SubjectPath = Annotated[str, Path(pattern=f"^{_UUID}$", examples=[PERSON])]
ReceiptPath = Annotated[str, Path(pattern=f"^{_UUID}$", examples=[RECEIPT])]
SubjectQuery = Annotated[
    str | None,
    Query(pattern=f"^{_UUID}$", description="One person's only.", examples=[PERSON]),
]
ID_PATTERN = f"^{_UUID}$"
WHOLE = 2**53 - 1
"""The largest whole number that JSON carries everywhere (RFC 8259 §6)."""


def cursor_of(place: Place | None) -> str | None:
    """A place as a cursor."""
    return None if place is None else _text([to_epoch_s(place.at), place.id])


def place_in(cursor: str | None) -> Place | None:
    """The place that a cursor tells. Raises BAD_ARGUMENT where it is none of ours."""
    if cursor is None:
        return None
    match _content(cursor):
        case [int(at), str(identity)] if 0 <= at <= _MOST_S and identity.isprintable():
            return Place(from_epoch_s(at), identity)
    raise _no_cursor()


def cursor_at(seq: int | None) -> str | None:
    """A number, in the log or in a list that only grows, as a cursor."""
    return None if seq is None else _text([seq])


def seq_in(cursor: str | None) -> int | None:
    """The number that a cursor tells. Raises BAD_ARGUMENT where it is none of ours."""
    if cursor is None:
        return None
    match _content(cursor):
        case [int(seq)] if type(seq) is int and 0 <= seq <= WHOLE:
            return seq
    raise _no_cursor()


def _text(content: list[int | str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _content(cursor: str) -> object:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        content: object = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise _no_cursor() from error
    return content


def _no_cursor() -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        "This is no cursor of this list.",
        "Give `next` of the page before, unchanged, or none for the first page.",
    )
