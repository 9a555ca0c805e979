"""The report's tables, as texts: every number with its counts, its people and its interval."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from chiso.evaluate.findings import (
    CrossRate,
    Disparity,
    Findings,
    GroupFindings,
    Judgement,
    NormaliserFindings,
    Rate,
    Separability,
    Verdict,
)
from chiso.interfaces.fairness_report import words
from chiso.interfaces.fairness_report.method import METHODS
from chiso.interfaces.fairness_report.numbers import (
    NOTHING,
    at_most,
    count,
    counts_text,
    full_text,
    interval_text,
    limit_text,
    number_text,
    points,
    points_range,
    range_text,
    rate_text,
    score_text,
    short_text,
)
from chiso.services.audit.report import RefusedSamples

_SHADES = (0.0001, 0.001, 0.01, 0.1)
"""Where one shade of the map of false matches ends and the next begins."""
NAMED_COLUMNS = 6
"""More groups than this, and the map's columns are numbered."""


@dataclass(frozen=True, slots=True)
class RateRow:
    """One rate of one group."""

    group: str
    what: str
    rate: str
    counts: str
    people: str
    interval: str
    method: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A group's verdicts: its own on either error, and how it compares with every other group."""

    group: str
    people: str
    fmr: Verdict | None
    fmr_text: str
    fnmr: Verdict | None
    fnmr_text: str
    pairs: tuple[tuple[Verdict, int], ...]


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """One requirement and what became of it."""

    groups: str
    requirement: str
    value: str
    interval: str
    limit: str
    verdict: Verdict
    more_people: str
    why: str


@dataclass(frozen=True, slots=True)
class DisparityRow:
    """One disparity. `best`: what perfect equality would give."""

    name: str
    rate: str
    value: str
    interval: str
    best: str
    note: str


@dataclass(frozen=True, slots=True)
class Cell:
    """False matches between two groups. `shade`: 0 for none seen, then 1 to 5."""

    text: str
    bound: str
    shade: int


@dataclass(frozen=True, slots=True)
class CrossMap:
    """False matches between groups: the lower half of a square, the groups' own on its diagonal."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    is_numbered: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What a normaliser does to one group."""

    group: str
    fmr: str
    fmr_change: str
    fmr_interval: str
    fnmr: str
    fnmr_change: str
    fnmr_interval: str
    separability_change: str
    separability_interval: str


def standings(findings: Findings) -> tuple[Standing, ...]:
    """A row a group, for the first table of the page."""
    return tuple(_standing(findings, each) for each in findings.groups[1:])


def rates(findings: Findings) -> tuple[RateRow, ...]:
    """Failures to enrol, false matches and false non-matches of every group."""
    rows = []
    for each in findings.groups:
        if each.fte is not None:
            rows.append(_rate_row(each.group, "FTE", each.fte))
        rows.append(_rate_row(each.group, "FMR", each.fmr))
        rows.append(_rate_row(each.group, "FNMR", each.fnmr))
    return tuple(rows)


def separability(findings: Findings, *, is_distance: bool) -> tuple[tuple[RateRow, str, str], ...]:
    """A rate, the threshold at which it is, and, where there is none, why not."""
    rows = []
    for group in findings.groups:
        for each in group.separability:
            rows.append(_separability_row(group, each, is_distance))
    return tuple(rows)


def judgements(findings: Findings) -> tuple[JudgedRow, ...]:
    """What is broken, then what is open, then what is met; in their order."""
    order = (Verdict.FAIL, Verdict.UNDECIDED, Verdict.PASS)
    return tuple(_judged(each) for kind in order for each in words.judged(findings, kind))


def disparities(findings: Findings) -> tuple[DisparityRow, ...]:
    """How unequal the rates are over all groups."""
    return tuple(_disparity(each) for each in findings.disparities)


def cross_rates(findings: Findings) -> tuple[RateRow, ...]:
    """Every cell of the map with its counts."""
    return tuple(
        _rate_row(
            each.one if each.one == each.other else f"{each.one} with {each.other}",
            "FMR",
            each.fmr,
        )
        for each in findings.cross
    )


def cross_map(findings: Findings) -> CrossMap:
    """The map of false matches between groups."""
    names = tuple(each.group for each in findings.groups[1:])
    found = {frozenset((each.one, each.other)): each for each in findings.cross}
    is_numbered = len(names) > NAMED_COLUMNS
    rows = tuple(
        (
            f"{row + 1} {one}" if is_numbered else one,
            tuple(
                _cell(found.get(frozenset((one, other)))) if column <= row else None
                for column, other in enumerate(names)
            ),
        )
        for row, one in enumerate(names)
    )
    columns = tuple(str(at) for at in range(1, len(names) + 1)) if is_numbered else names
    return CrossMap(columns, rows, is_numbered)


def shades() -> tuple[str, ...]:
    """What each shade of the map stands for."""
    between = [
        f"{limit_text(low)} to {limit_text(high)}" for low, high in itertools.pairwise(_SHADES)
    ]
    return (
        "none seen",
        f"below {limit_text(_SHADES[0])}",
        *between,
        f"{limit_text(_SHADES[-1])} or more",
    )


def changes(normaliser: NormaliserFindings) -> tuple[ChangeRow, ...]:
    """A row a group, both errors side by side."""
    return tuple(
        ChangeRow(
            each.group,
            full_text(each.fmr),
            *_changed(each.fmr_change, each.fmr_change_interval),
            full_text(each.fnmr),
            *_changed(each.fnmr_change, each.fnmr_change_interval),
            *_changed(each.separability_change, each.separability_change_interval),
        )
        for each in normaliser.changes
    )


def refused(samples: Sequence[RefusedSamples]) -> tuple[tuple[str, str, str, str], ...]:
    """Samples without a template: group, role, reason, how many."""
    return tuple((each.group, each.role, each.code, f"{each.count:,}") for each in samples)


def _changed(change: float | None, interval: tuple[float, float] | None) -> tuple[str, str]:
    if change is None or interval is None:
        return NOTHING, NOTHING
    return points(change, interval), points_range(interval)


def _standing(findings: Findings, group: GroupFindings) -> Standing:
    mine = [each for each in findings.judgements if group.group in each.groups]
    between = [each.verdict for each in mine if len(each.groups) > 1]
    return Standing(
        group.group,
        count(group.people, "person", "people"),
        words.own_verdict(findings, group.group, "FMR"),
        short_text(group.fmr),
        words.own_verdict(findings, group.group, "FNMR"),
        short_text(group.fnmr),
        tuple((kind, between.count(kind)) for kind in Verdict if kind in between),
    )


def _rate_row(group: str, what: str, rate: Rate) -> RateRow:
    return RateRow(
        group,
        what,
        rate_text(rate),
        counts_text(rate),
        count(rate.people),
        interval_text(rate),
        METHODS[rate.method],
    )


def _separability_row(
    group: GroupFindings, found: Separability, is_distance: bool
) -> tuple[RateRow, str, str]:
    level = f"at FMR {limit_text(found.at_fmr)}"
    if found.fnmr is None or found.threshold is None:
        nothing = RateRow(group.group, level, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
        return nothing, NOTHING, found.why_not
    threshold = score_text(found.threshold, is_distance=is_distance)
    return _rate_row(group.group, level, found.fnmr), threshold, ""


def _judged(judgement: Judgement) -> JudgedRow:
    value, interval, limit = words.judged_value(judgement)
    return JudgedRow(
        " and ".join(judgement.groups),
        judgement.requirement,
        value,
        interval,
        limit,
        judgement.verdict,
        words.more_people_text(judgement),
        judgement.why,
    )


def _disparity(disparity: Disparity) -> DisparityRow:
    value, interval = disparity.value, disparity.interval
    is_defined = value is not None and isfinite(value)
    return DisparityRow(
        disparity.name,
        disparity.rate,
        number_text(value, interval or (0.0, 0.0)) if value is not None and is_defined else NOTHING,
        range_text(interval) if interval is not None else NOTHING,
        f"{disparity.best:g}",
        disparity.note,
    )


def _cell(cross: CrossRate | None) -> Cell:
    if cross is None or not cross.fmr.trials:
        return Cell(NOTHING, "", 0)
    rate = cross.fmr
    if not rate.errors:
        return Cell("0", at_most(rate), 0)
    shade = 1 + sum(rate.value >= each for each in _SHADES)
    return Cell(rate_text(rate), interval_text(rate), shade)
