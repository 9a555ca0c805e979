"""Lists a page at a time, in the order of arrival."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from chiso.core.page_storage import Place

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[_Item]):
    """Part of a list, in the order of arrival; `end` is where the next one begins after."""

    items: tuple[_Item, ...]
    end: Place | None
    """None where nothing comes after."""


def page_of(
    items: Iterable[_Item], place_of: Callable[[_Item], Place], place: Place | None, count: int
) -> Page[_Item]:
    """At most `count` of these after `place`."""
    after = sorted(
        (each for each in items if place is None or place_of(each) > place), key=place_of
    )
    shown = tuple(after[:count])
    return Page(shown, place_of(shown[-1]) if len(after) > count else None)
