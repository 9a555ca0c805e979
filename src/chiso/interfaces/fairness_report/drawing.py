"""The pieces that every figure is drawn from: texts, lines, marks, axes.

Colours and fonts come from the page's style sheet by class; what is drawn never rests on colour
alone. Sizes are in the figure's own units, about one a CSS pixel.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from markupsafe import Markup

from chiso.interfaces.drawing import round_ticks, tick_number
from chiso.interfaces.fairness_report.numbers import PERCENT

_MOST_DECADES = 7


@dataclass(frozen=True, slots=True)
class Tick:
    """A value on an axis and what is written there."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a value lies between `start` and `end`.

    On a logarithmic axis zero has no place: what is not above `low` is put at `start`, and `low`
    itself a little way in (`inset`), so that the two are told apart.
    """

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[Tick, ...]
    is_log: bool = False
    inset: float = 0.0

    def at(self, value: float) -> float:
        """The place of a value; beyond the ends it stays at the end."""
        if self.is_log:
            if value < self.low * (1 - 1e-9):
                return self.start
            share = log10(value / self.low) / log10(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        share = min(1.0, max(0.0, share))
        first = self.start + (self.inset if self.end > self.start else -self.inset)
        return first + share * (self.end - first)


def words(x: float, y: float, content: str, css: str) -> Markup:
    """A line of text that starts, ends or is centred at `x`, as its class says."""
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(css, x, y, content)


def path(points: Iterable[tuple[float, float]], css: str, *, close: bool = False) -> Markup:
    """A line through points."""
    drawn = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return Markup('<path class="{}" d="M{}{}"/>').format(css, drawn, "z" if close else "")


def dot(x: float, y: float, css: str) -> Markup:
    """An estimate."""
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="5"/>').format(css, x, y)


def at_most_mark(x: float, y: float, css: str) -> Markup:
    """A hollow triangle that points down the axis: it is this much or less."""
    corners = [(x - 8, y), (x + 1, y - 5.5), (x + 1, y + 5.5)]
    return path(corners, css, close=True)


def linear_axis(low: float, high: float, start: float, end: float, *, signed: bool = False) -> Axis:
    """An axis of rates that holds `low` and `high`, in per cent, or in points with a sign."""
    if not high > low:
        high = low + 0.01
    places = round_ticks(low, high)
    step = places[1] - places[0]
    ticks = tuple(Tick(each, _tick_text(100 * each, 100 * step, signed)) for each in places)
    return Axis(places[0], places[-1], start, end, ticks)


def log_axis(values: Iterable[float], start: float, end: float, *, inset: float) -> Axis:
    """A logarithmic axis of rates that holds the positive ones of `values`, by whole decades."""
    shown = [each for each in values if isfinite(each) and each > 0]
    top = min(0, ceil(log10(max(shown, default=1.0)) - 1e-9))
    bottom = floor(log10(min(shown, default=0.01)) + 1e-9)
    bottom = max(min(bottom, top - 1), top - _MOST_DECADES)
    step = 1 if top - bottom <= 4 else 2
    ticks = [Tick(10.0**n, f"{100 * 10.0**n:.6g}{PERCENT}") for n in range(top, bottom - 1, -step)]
    return Axis(
        10.0**bottom, 10.0**top, start, end, (*reversed(ticks), Tick(0.0, "0")), True, inset
    )


def _tick_text(value: float, step: float, signed: bool) -> str:
    text = tick_number(value, step)
    if not text.strip("0."):
        return "0"
    sign = "+" if signed and value > 0 else ""
    return sign + text + ("" if signed else PERCENT)
