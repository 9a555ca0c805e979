"""Draws levels and differences by skin tone as inline SVG: dots, intervals, swatches as axis marks.

Colours and fonts come from the page; every series has a shape of its own as well as a colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from chiso.interfaces.drawing import key, round_ticks, svg, tick_number
from chiso.interfaces.tone_report.names import Unit, value_text
from chiso.volunteers.monk import swatch_hex

_SIZE = (480.0, 236.0)
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 472.0, 12.0, 184.0
_SWATCH_Y, _NUMBER_Y, _SERIES_GAP = 202.0, 227.0, 11.0


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a tone with its interval; not drawn where it is NaN."""

    tone: int
    value: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind, drawn in one shape and colour."""

    label: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A value to read the others against, drawn across."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Plot:
    """What one figure shows.

    `margin`: a band on both sides of zero within which a difference does not matter. `limits`:
    drawn where they lie near the points. `from_zero`: the axis holds zero.
    """

    ident: str
    title: str
    text: str
    unit: Unit
    series: tuple[Series, ...]
    margin: float | None = None
    limits: tuple[Line, ...] = ()
    from_zero: bool = False


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    ticks: tuple[float, ...]

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _BOTTOM - share * (_BOTTOM - _TOP)


def draw(plot: Plot, tones: Sequence[int]) -> Markup:
    """The figure as SVG, with its title and its content in words for those who cannot see it."""
    axis = _axis(plot)
    parts = [
        *_band(plot, axis),
        *_grid(plot, axis),
        *_swatches(tones),
        *_limits(plot, axis),
    ]
    for index, series in enumerate(plot.series):
        offset = (index - (len(plot.series) - 1) / 2) * _SERIES_GAP
        parts += _series(series, index, offset, tones, axis)
    drawn = [Markup(part) for part in parts]  # noqa: S704 - text was escaped below
    return svg(plot.ident, plot.title, plot.text, _SIZE, drawn)


def series_key(index: int) -> Markup:
    """The mark of a series, for a legend."""
    return key(Markup(_mark(index, 7, 7)), 14)  # noqa: S704 - numbers alone


def _axis(plot: Plot) -> _Axis:
    shown = [
        each
        for series in plot.series
        for point in series.points
        for each in (point.value, *point.interval)
        if isfinite(each)
    ] or [0.0]
    if plot.margin is not None:
        shown += [-1.25 * plot.margin, 1.25 * plot.margin]
    if plot.from_zero:
        shown.append(0.0)
    low, high = min(shown), max(shown)
    near = 0.8 * (high - low)
    shown += [each.value for each in plot.limits if low - near <= each.value <= high + near]
    low, high = min(shown), max(shown)
    if not high > low:
        low, high = low - abs(low or 1.0) / 10, high + abs(high or 1.0) / 10
    ticks = round_ticks(low, high)
    return _Axis(ticks[0], ticks[-1], ticks)


def _grid(plot: Plot, axis: _Axis) -> list[str]:
    lines = []
    for tick in axis.ticks:
        y = axis.y(tick)
        kind = "zero" if plot.margin is not None and abs(tick) < 1e-12 else "grid"
        lines.append(f'<path class="{kind}" d="M{_LEFT:g} {y:.1f}H{_RIGHT:g}"/>')
        label = Markup.escape(_tick_text(tick, plot.unit, axis))
        lines.append(f'<text class="tick" x="{_LEFT - 7:g}" y="{y + 4:.1f}">{label}</text>')
    return lines


def _tick_text(tick: float, unit: Unit, axis: _Axis) -> str:
    factor, _, after, _ = unit.value
    return tick_number(factor * tick, factor * (axis.ticks[1] - axis.ticks[0])) + after


def _band(plot: Plot, axis: _Axis) -> list[str]:
    if plot.margin is None:
        return []
    top, bottom = axis.y(plot.margin), axis.y(-plot.margin)
    return [f'<path class="band" d="M{_LEFT:g} {top:.1f}H{_RIGHT:g}V{bottom:.1f}H{_LEFT:g}z"/>']


def _limits(plot: Plot, axis: _Axis) -> list[str]:
    drawn = []
    for line in plot.limits:
        if not axis.low <= line.value <= axis.high:
            continue
        y = axis.y(line.value)
        label = Markup.escape(f"{line.label} {value_text(line.value, plot.unit)}")
        drawn.append(f'<path class="limit" d="M{_LEFT:g} {y:.1f}H{_RIGHT:g}"/>')
        drawn.append(f'<text class="limit-text" x="{_LEFT + 4:g}" y="{y - 4:.1f}">{label}</text>')
    return drawn


def _swatches(tones: Sequence[int]) -> list[str]:
    drawn = []
    for tone in tones:
        x = _x(tone, tones)
        drawn.append(
            f'<circle class="swatch" cx="{x:.1f}" cy="{_SWATCH_Y:g}" r="8" '
            f'fill="#{swatch_hex(tone)}"/>'
            f'<text class="tone" x="{x:.1f}" y="{_NUMBER_Y:g}">{tone}</text>'
        )
    return drawn


def _series(
    series: Series, index: int, offset: float, tones: Sequence[int], axis: _Axis
) -> list[str]:
    drawn = []
    for point in series.points:
        if not isfinite(point.value):
            continue
        x, y = _x(point.tone, tones) + offset, axis.y(point.value)
        if all(isfinite(each) for each in point.interval):
            low, high = (axis.y(each) for each in point.interval)
            drawn.append(
                f'<path class="s{index} whisker" d="M{x:.1f} {low:.1f}V{high:.1f}'
                f'M{x - 3:.1f} {low:.1f}h6M{x - 3:.1f} {high:.1f}h6"/>'
            )
        drawn.append(_mark(index, x, y))
    return drawn


def _mark(index: int, x: float, y: float) -> str:
    """A circle, a diamond or a square."""
    if index == 0:
        return f'<circle class="s0 dot" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    if index == 1:
        return f'<path class="s1 dot" d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"/>'
    return f'<rect class="s2 dot" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>'


def _x(tone: int, tones: Sequence[int]) -> float:
    step = (_RIGHT - _LEFT) / len(tones)
    return _LEFT + (tones.index(tone) + 0.5) * step
