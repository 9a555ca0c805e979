"""Draws what lies behind the rates: DET curves by group, and the distributions of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from chiso.evaluate.findings import Histogram
from chiso.interfaces.drawing import key, svg
from chiso.interfaces.fairness_report.drawing import (
    Axis,
    dot,
    linear_axis,
    log_axis,
    path,
    words,
)
from chiso.interfaces.fairness_report.numbers import score_text

COLOURS = 6
"""Curves that one plot can hold: each has its own colour and its own dashes."""
_DET = (440.0, 372.0)
_SMALL_DET = (280.0, 262.0)
_DET_MARGINS = (54.0, 8.0, 24.0, 44.0)
_SCORES = (270.0, 176.0)
_SCORE_EDGES = (4.0, 266.0)
_BASE, _REACH = 82.0, 62.0
_INSET = 36.0
_LABEL_PER_LETTER = 6.0
_FINEST_PX = 0.4


@dataclass(frozen=True, slots=True)
class Curve:
    """A group's DET curve as (FMR, FNMR), and where the threshold of the test puts it."""

    label: str
    points: tuple[tuple[float, float], ...]
    operating: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class ScorePanel:
    """The scores of one group. `span`: lowest and highest score of the axis, the same for all.

    `tops`: the highest density of non-mated and of mated scores in any group.
    """

    ident: str
    label: str
    text: str
    mated: Histogram
    nonmated: Histogram
    threshold: float
    span: tuple[float, float]
    tops: tuple[float, float]
    is_distance: bool


def draw_det(
    ident: str, title: str, text: str, curves: Sequence[Curve], others: Sequence[Curve] = ()
) -> Markup:
    """Both errors at every threshold, on logarithmic axes.

    With `others`, which are drawn thin behind, it is one of several plots, and small.
    """
    size = _SMALL_DET if others else _DET
    left, top = _DET_MARGINS[0], _DET_MARGINS[2]
    right, bottom = size[0] - _DET_MARGINS[1], size[1] - _DET_MARGINS[3]
    everything = [*curves, *others]
    across = log_axis(_values(everything, 0), left, right, inset=_INSET)
    up = log_axis(_values(everything, 1), bottom, top, inset=_INSET)
    parts = [*_det_grid(across, up)]
    for curve in others:
        parts.append(path(_thinned(curve, across, up), "curve other"))
    for index, curve in enumerate(curves):
        parts.append(path(_thinned(curve, across, up), f"curve c{index}"))
    for index, curve in enumerate(curves):
        if curve.operating is not None:
            x, y = across.at(curve.operating[0]), up.at(curve.operating[1])
            parts.append(dot(x, y, f"operating c{index}"))
    return svg(ident, title, text, size, parts)


def curve_key(index: int) -> Markup:
    """The line of a curve, for a legend."""
    return key(path([(1, 7), (33, 7)], f"curve c{index}"), 34)


def draw_scores(panel: ScorePanel) -> Markup:
    """Scores of different people above the line, of the same person below; errors stand out."""
    axis = _score_axis(panel.span)
    at = axis.at(panel.threshold)
    parts = [
        *_area(panel.nonmated, axis, -_REACH / (panel.tops[0] or 1.0), panel.threshold, above=True),
        *_area(panel.mated, axis, _REACH / (panel.tops[1] or 1.0), panel.threshold, above=False),
        path([(_SCORE_EDGES[0], _BASE), (_SCORE_EDGES[1], _BASE)], "zero"),
        path([(at, 14), (at, _BASE + _REACH + 4)], "limit"),
        words(_SCORE_EDGES[0], 12, "different people", "kind start"),
        words(_SCORE_EDGES[0], _BASE + _REACH + 2, "same person", "kind start"),
    ]
    for tick in axis.ticks:
        x = axis.at(tick.value)
        label = score_text(tick.value, is_distance=panel.is_distance)
        parts += [
            path([(x, _BASE - 2), (x, _BASE + 2)], "zero"),
            words(x, _SCORES[1] - 8, label, "mid"),
        ]
    return svg(panel.ident, f"Scores in {panel.label}", panel.text, _SCORES, parts)


def density_top(histogram: Histogram) -> float:
    """The highest share by unit of score."""
    return max((share / (high - low) for low, high, share in _bins(histogram)), default=0.0)


def span_of(histograms: Sequence[Histogram], threshold: float) -> tuple[float, float]:
    """From the lowest to the highest score that anyone has, the threshold among them."""
    seen = [each for one in histograms for low, high, share in _bins(one) for each in (low, high)]
    return min([*seen, threshold]), max([*seen, threshold])


def quantile(histogram: Histogram, share: float) -> float | None:
    """The score below which this share of the scores lies, to the bin; None without scores."""
    below = 0.0
    for low, high, part in _bins(histogram):
        if below + part >= share - 1e-12:
            return low + (high - low) * min(1.0, max(0.0, (share - below) / part))
        below += part
    return None


def _bins(histogram: Histogram) -> list[tuple[float, float, float]]:
    """The bins that hold something: lower edge, upper edge, share."""
    edges = histogram.edges
    bins = zip(edges[:-1], edges[1:], histogram.shares, strict=True)
    return [(low, high, share) for low, high, share in bins if share > 0 and high > low]


def _score_axis(span: tuple[float, float]) -> Axis:
    """As long as the scores reach, with the ticks that stand clear of its ends."""
    round_axis = linear_axis(*span, *_SCORE_EDGES)
    low, high = span if span[1] > span[0] else (round_axis.low, round_axis.high)
    clear = (high - low) / 20
    ticks = tuple(t for t in round_axis.ticks if low + clear <= t.value <= high - clear)
    return Axis(low, high, *_SCORE_EDGES, ticks)


def _area(
    histogram: Histogram, axis: Axis, px_by_density: float, threshold: float, *, above: bool
) -> list[Markup]:
    """The right part and the wrong part, each as one shape."""
    right: list[str] = []
    wrong: list[str] = []
    for low, high, share in _bins(histogram):
        reach = px_by_density * share / (high - low)
        cut = min(max(threshold, low), high)
        for start, end, is_match in ((low, cut, False), (cut, high, True)):
            if end > start:
                x, width = axis.at(start), axis.at(end) - axis.at(start)
                shape = f"M{x:.2f} {_BASE:g}v{reach:.2f}h{width:.2f}v{-reach:.2f}z"
                (wrong if is_match is above else right).append(shape)
    kind = "nonmated" if above else "mated"
    return [
        Markup('<path class="area {}" d="{}"/>').format(css, "".join(shapes))
        for css, shapes in ((kind, right), (f"{kind} wrong", wrong))
        if shapes
    ]


def _values(curves: Sequence[Curve], which: int) -> list[float]:
    drawn = [point[which] for curve in curves for point in curve.points]
    return drawn + [curve.operating[which] for curve in curves if curve.operating is not None]


def _det_grid(across: Axis, up: Axis) -> list[Markup]:
    left, right, top, bottom = across.start, across.end, up.end, up.start
    parts = []
    for tick in across.ticks:
        x = across.at(tick.value)
        parts.append(path([(x, top), (x, bottom)], "zero" if tick.value == 0 else "grid"))
        # A long label beside the zero would run into it.
        if tick.value == 0 or x - left > _LABEL_PER_LETTER * len(tick.label):
            parts.append(words(x, bottom + 18, tick.label, "end" if x > right - 16 else "mid"))
    for tick in up.ticks:
        y = up.at(tick.value)
        parts.append(path([(left, y), (right, y)], "zero" if tick.value == 0 else "grid"))
        parts.append(words(left - 7, y + 4, tick.label, "end"))
    parts.append(words(right, bottom + 38, "false match rate →", "axis end"))
    parts.append(words(1, 12, "↑ false non-match rate", "axis start"))
    return parts


def _thinned(curve: Curve, across: Axis, up: Axis) -> list[tuple[float, float]]:
    """The curve's places, without those that lie on the one before."""
    places: list[tuple[float, float]] = []
    for fmr, fnmr in curve.points:
        if not (isfinite(fmr) and isfinite(fnmr)):
            continue
        place = (across.at(fmr), up.at(fnmr))
        if places and max(abs(a - b) for a, b in zip(place, places[-1], strict=True)) < _FINEST_PX:
            continue
        places.append(place)
    return places or [(across.start, up.start)]
