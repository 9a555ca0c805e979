"""Chooses what the figures show: every group's rates, curves, scores and changes, as drawn SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from markupsafe import Markup

from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.findings import (
    Findings,
    GroupFindings,
    NormaliserFindings,
    Rate,
    Separability,
)
from chiso.interfaces.fairness_report.curves_figure import (
    COLOURS,
    Curve,
    ScorePanel,
    curve_key,
    density_top,
    draw_det,
    draw_scores,
    quantile,
    span_of,
)
from chiso.interfaces.fairness_report.intervals_figure import Kind, Panel, Row, Scale, draw
from chiso.interfaces.fairness_report.numbers import (
    NOTHING,
    PERCENT,
    interval_text,
    limit_text,
    points,
    points_range,
    rough_percent,
    score_text,
    short_text,
)

DET_FMRS = (0.1, 0.01, 0.001, 0.0001)
"""Where the table beside the DET curves reads them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One drawing with the heading over it."""

    title: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class DetView:
    """The DET plots with their legend, and what they show at round FMRs."""

    plots: tuple[Figure, ...]
    legend: tuple[tuple[Markup, str], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class ScoresView:
    """The score panels, and where the scores of each group lie: a row of texts each."""

    panels: tuple[Figure, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def errors(findings: Findings, plan: AuditPlan) -> tuple[Figure, Figure]:
    """False matches and false non-matches of every group, side by side."""
    asked = plan.requirements
    most = plan.target_fmr if asked.max_fmr is None else asked.max_fmr
    return (
        _panel(
            Panel(
                "fmr",
                "False match rate by group",
                tuple(_rate_row(each.group, each.fmr) for each in findings.groups),
                Scale.LOG,
                (most, f"limit {limit_text(most)}"),
            )
        ),
        _panel(
            Panel(
                "fnmr",
                "False non-match rate by group",
                tuple(_rate_row(each.group, each.fnmr) for each in findings.groups),
                Scale.LINEAR,
                (asked.max_fnmr, f"limit {limit_text(asked.max_fnmr)}"),
            )
        ),
    )


def separability(findings: Findings) -> tuple[Figure, ...]:
    """FNMR at each group's own FMR, a panel for each FMR."""
    levels = [each.at_fmr for each in findings.groups[0].separability]
    return tuple(
        _panel(
            Panel(
                f"separability-{index}",
                f"FNMR at the group’s own FMR of {limit_text(level)}",
                tuple(_separability_row(each, level) for each in findings.groups),
                Scale.LINEAR,
            )
        )
        for index, level in enumerate(levels)
    )


def det(findings: Findings) -> DetView:
    """One plot where every group can have its own line; else one a group, the others behind it."""
    groups = [each for each in findings.groups[1:] if each.det]
    curves = [_curve(each) for each in groups]
    texts = [f"{each.group}: {_det_text(each)}" for each in groups]
    title = "Both errors at every threshold (DET)"
    legend: tuple[tuple[Markup, str], ...] = ()
    plots: tuple[Figure, ...] = ()
    if len(curves) > COLOURS:
        plots = tuple(
            Figure(
                curve.label,
                draw_det(
                    f"det-{index}", f"DET of {curve.label}", texts[index], [curve], others=curves
                ),
            )
            for index, curve in enumerate(curves)
        )
    elif curves:
        plots = (Figure(title, draw_det("det", title, "; ".join(texts), curves)),)
        legend = tuple((curve_key(index), each.label) for index, each in enumerate(curves))
    return DetView(
        plots,
        legend,
        tuple(f"FMR {limit_text(each)}" for each in DET_FMRS),
        tuple(
            (each.group, tuple(rough_percent(_fnmr_at(each, at)) for at in DET_FMRS))
            for each in findings.groups[1:]
        ),
    )


def scores(findings: Findings, *, is_distance: bool) -> ScoresView:
    """Mated and non-mated scores of every group, on one axis, with the threshold."""
    groups, threshold = findings.groups[1:], findings.threshold.value
    every = [each for one in groups for each in (one.mated_scores, one.nonmated_scores)]
    tops = (
        max((density_top(each.nonmated_scores) for each in groups), default=0.0),
        max((density_top(each.mated_scores) for each in groups), default=0.0),
    )
    span = span_of(every, threshold)
    rows = tuple((each.group, _score_cells(each, is_distance)) for each in groups)
    panels = tuple(
        Figure(
            each.group,
            draw_scores(
                ScorePanel(
                    f"scores-{index}",
                    each.group,
                    _scores_text(cells, score_text(threshold, is_distance=is_distance)),
                    each.mated_scores,
                    each.nonmated_scores,
                    threshold,
                    span,
                    tops,
                    is_distance,
                )
            ),
        )
        for index, (each, (_, cells)) in enumerate(zip(groups, rows, strict=True))
    )
    return ScoresView(panels, rows)


def changes(normaliser: NormaliserFindings, index: int) -> tuple[Figure, Figure]:
    """What a normaliser changes for every group: both errors, side by side."""
    changed = normaliser.changes
    fmr = [_change_row(each.group, each.fmr_change, each.fmr_change_interval) for each in changed]
    fnmr = [
        _change_row(each.group, each.fnmr_change, each.fnmr_change_interval) for each in changed
    ]
    return (
        _change_figure(f"change-{index}-fmr", normaliser.name, "false match rate", fmr),
        _change_figure(f"change-{index}-fnmr", normaliser.name, "false non-match rate", fnmr),
    )


def _change_figure(ident: str, name: str, rate: str, rows: Sequence[Row]) -> Figure:
    """The heading over it names the normaliser; the drawing's own title has to."""
    title = f"Change of the {rate}, percentage points"
    panel = Panel(ident, f"{name}: {title}", tuple(rows), Scale.CHANGE)
    return Figure(title, draw(panel))


def _panel(panel: Panel) -> Figure:
    return Figure(panel.title, draw(panel))


def _rate_row(group: str, rate: Rate) -> Row:
    kind = Kind.NOTHING if not rate.trials else Kind.ESTIMATE if rate.errors else Kind.AT_MOST
    more = f"95{PERCENT} interval {interval_text(rate)}" if rate.errors else ""
    return Row(group, kind, rate.value, rate.interval, short_text(rate), more)


def _separability_row(group: GroupFindings, level: float) -> Row:
    found: Separability | None = next(
        (each for each in group.separability if each.at_fmr == level), None
    )
    if found is None or found.fnmr is None:
        why = found.why_not if found is not None else ""
        return Row(group.group, Kind.NOTHING, 0.0, (0.0, 1.0), "not known", why)
    return _rate_row(group.group, found.fnmr)


def _change_row(group: str, change: float, interval: tuple[float, float]) -> Row:
    text = points(change, interval)
    kind = Kind.NOTHING if text == NOTHING else Kind.ESTIMATE
    return Row(group, kind, change, interval, f"{text} ({points_range(interval)})", "")


def _curve(group: GroupFindings) -> Curve:
    has_both = group.fmr.trials and group.fnmr.trials
    return Curve(
        group.group,
        tuple((each.fmr, each.fnmr) for each in group.det),
        (group.fmr.value, group.fnmr.value) if has_both else None,
    )


def _fnmr_at(group: GroupFindings, at_fmr: float) -> float:
    """The lowest FNMR with an FMR of at most this; NaN with too few comparisons to have it."""
    if group.fmr.trials * at_fmr < 1 - 1e-9:
        return float("nan")
    reached = [each.fnmr for each in group.det if each.fmr <= at_fmr]
    return min(reached, default=float("nan"))


def _det_text(group: GroupFindings) -> str:
    read = [(at, _fnmr_at(group, at)) for at in DET_FMRS]
    said = [f"FNMR {rough_percent(fnmr)} at FMR {limit_text(at)}" for at, fnmr in read]
    return ", ".join(each for each in said if NOTHING not in each) or "too few comparisons"


def _score_cells(group: GroupFindings, is_distance: bool) -> tuple[str, ...]:
    """Non-mated median and its 1 % nearest a match; mated median and its 1 % farthest from one."""
    read = (
        quantile(group.nonmated_scores, 0.5),
        quantile(group.nonmated_scores, 0.99),
        quantile(group.mated_scores, 0.5),
        quantile(group.mated_scores, 0.01),
    )
    # A bar's width is all that is known of where a score lies in it.
    width = max(1e-9, group.mated_scores.edges[1] - group.mated_scores.edges[0])
    places = max(0, -floor(log10(width)))
    sign = -1 if is_distance else 1
    return tuple(
        NOTHING if each is None else f"{sign * each:.{places}f}".replace("-", "−") for each in read
    )


def _scores_text(cells: Sequence[str], threshold: str) -> str:
    middle, near, own, far = cells
    return (
        f"Different people: median {middle}, the 1 % most alike from {near}. Same person: median "
        f"{own}, the 1 % least alike up to {far}. Threshold {threshold}."
    )
