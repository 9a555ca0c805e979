"""Documents as JSON can have them: null for what is no number, lists for tuples."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite


def with_nulls(document: Mapping[str, object]) -> dict[str, object]:
    """The same with null for every number that is NaN or infinite, however deep: JSON has none."""
    return {str(name): _with_nulls(value) for name, value in document.items()}


def _with_nulls(value: object) -> object:
    match value:
        case float():
            return value if isfinite(value) else None
        case Mapping():
            return with_nulls(value)
        case list() | tuple():
            return [_with_nulls(each) for each in value]
        case _:
            return value
