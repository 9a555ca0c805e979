"""Draws one rate, or one change of a rate, of every group: a row each, a mark and its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import isfinite

from markupsafe import Markup

from chiso.interfaces.drawing import svg
from chiso.interfaces.fairness_report.drawing import (
    Axis,
    at_most_mark,
    dot,
    linear_axis,
    log_axis,
    path,
    words,
)

_WIDTH, _EDGE = 440.0, 10.0
_ROW, _FOOT, _LIMIT_LINE = 42.0, 26.0, 18.0
_STRIP = (18.0, 38.0)
_INSET = 44.0
_LETTERS = 58


class Scale(Enum):
    """What the axis is: rates, rates that differ by powers of ten, or changes."""

    LINEAR = "linear"
    LOG = "log"
    CHANGE = "change"


class Kind(Enum):
    """What is known: an estimate, no more than a bound, or nothing."""

    ESTIMATE = "estimate"
    AT_MOST = "at most"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Row:
    """One group's mark. `text`: numbers beside its name; `more`: told, but not drawn."""

    label: str
    kind: Kind
    value: float
    interval: tuple[float, float]
    text: str
    more: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure of rows. `limit`: a value to read the others against, and what it is."""

    ident: str
    title: str
    rows: tuple[Row, ...]
    scale: Scale
    limit: tuple[float, str] | None = None


def draw(panel: Panel) -> Markup:
    """The figure; its description says all its numbers."""
    axis = _axis(panel)
    first = _LIMIT_LINE if panel.limit else 0.0
    height = first + _ROW * len(panel.rows) + _FOOT
    tops = [first + _ROW * row for row in range(len(panel.rows))]
    parts = [*_grid(axis, tops, height - _FOOT + 17), *_limit(panel, axis, tops)]
    for row, top in zip(panel.rows, tops, strict=True):
        parts += _row(row, axis, top)
    return svg(panel.ident, panel.title, _said(panel), (_WIDTH, height), parts)


def _said(panel: Panel) -> str:
    rows = [", ".join(part for part in (row.text, row.more) if part) for row in panel.rows]
    said = [f"{row.label}: {text}." for row, text in zip(panel.rows, rows, strict=True)]
    limit = [f"Drawn across: {panel.limit[1]}."] if panel.limit else []
    return " ".join([*said, *limit])


def _axis(panel: Panel) -> Axis:
    shown = [
        each
        for row in panel.rows
        if row.kind is not Kind.NOTHING
        for each in (row.value, *row.interval)
        if isfinite(each)
    ]
    if panel.limit is not None:
        shown.append(panel.limit[0])
    ends = (_EDGE, _WIDTH - _EDGE)
    if panel.scale is Scale.LOG:
        return log_axis(shown, *ends, inset=_INSET)
    if panel.scale is Scale.CHANGE:
        return linear_axis(min([*shown, 0.0]), max([*shown, 0.0]), *ends, signed=True)
    return linear_axis(0.0, max([*shown, 0.0]), *ends)


def _grid(axis: Axis, tops: Sequence[float], foot: float) -> list[Markup]:
    """Lines beside the marks alone, so that none runs through a text; labels at the foot."""
    parts = []
    for tick in axis.ticks:
        x = axis.at(tick.value)
        parts += _down_the_rows(x, tops, "zero" if tick.value == 0 else "grid")
        # The outermost labels lean inwards, so that none is cut off.
        side = "start" if x < _EDGE + 12 else "end" if x > _WIDTH - _EDGE - 12 else "mid"
        place = {"start": 1.0, "end": _WIDTH - 1}.get(side, x)
        parts.append(words(place, foot, tick.label, side))
    return parts


def _limit(panel: Panel, axis: Axis, tops: Sequence[float]) -> list[Markup]:
    if panel.limit is None:
        return []
    value, said = panel.limit
    x = axis.at(value)
    side = "end" if x > _WIDTH / 2 else "start"
    label = words(x + (-5 if side == "end" else 5), 11, said, f"limit-text {side}")
    return [label, path([(x, 1), (x, 14)], "limit"), *_down_the_rows(x, tops, "limit")]


def _down_the_rows(x: float, tops: Sequence[float], css: str) -> list[Markup]:
    return [path([(x, top + _STRIP[0]), (x, top + _STRIP[1])], css) for top in tops]


def _row(row: Row, axis: Axis, top: float) -> list[Markup]:
    y = top + sum(_STRIP) / 2
    label = shortened(row.label, int(_LETTERS - len(row.text)))
    parts = [words(1, top + 13, label, "name"), words(_WIDTH - 1, top + 13, row.text, "value end")]
    if row.kind is Kind.NOTHING:
        return parts
    low, high = (axis.at(each) for each in row.interval)
    if row.kind is Kind.AT_MOST:
        line = path([(axis.start, y), (high, y)], "whisker open")
        return [*parts, line, at_most_mark(high, y, "bound")]
    x = axis.at(row.value)
    caps = [path([(end, y - 4), (end, y + 4)], "whisker") for end in (low, high)]
    return [*parts, path([(low, y), (high, y)], "whisker"), *caps, dot(x, y, "dot")]


def shortened(name: str, letters: int) -> str:
    """A name that fits; the tables have it whole."""
    return name if len(name) <= letters else f"{name[: letters - 1].rstrip()}…"
