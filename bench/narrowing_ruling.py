"""Whether a measure is kept, by what it changes for every group where it learnt nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.narrowing_errors import Count
from bench.narrowing_rows import Row

TIE = 0.005


@dataclass(frozen=True, slots=True)
class Change:
    """Of one group's FNMR at its own FMR of 1 %, in shares; `low` to `high`: halves' 5 % to 95 %.

    Half of the people leave out as many as they take in, so halves scatter about as much as the
    whole set would from one draw of its people to the next (Shao & Wu 1989, "A general theory for
    jackknife variance estimation"): the range tells sampling of people, roughly.
    """

    way: str
    group: str
    change: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ruling:
    """Against which measure, the verdict, and the changes it rests on."""

    measure: str
    against: str
    verdict: str
    changes: tuple[Change, ...]


def rulings(rows: Sequence[Row]) -> list[Ruling]:
    """Of every measure that learnt nothing from the people it is tested on, with one reference."""
    seen = [row for row in rows if row.is_unseen and row.against and row.way.has_one_reference]
    pairs = dict.fromkeys((row.measure, base) for row in seen for base in row.against)
    found = []
    for name, against in pairs:
        mine = [row for row in seen if row.measure == name]
        changes = tuple(
            change for row in mine for change in _changes(row, _named(rows, row, against))
        )
        found.append(Ruling(name, against, verdict(changes), changes))
    return found


def verdict(changes: Sequence[Change]) -> str:
    """Kept if no group on any way is missed more often and some are less.

    A change of less than `TIE` is none. A rise whose range holds zero cannot be told from chance:
    *undecided*, and so not kept; any other rise drops the measure.
    """
    rises = [each for each in changes if each.change > TIE]
    if any(each.low > 0 for each in rises):
        return "dropped"
    if rises:
        return "undecided"
    return "kept" if any(each.change < -TIE for each in changes) else "no gain"


def _named(rows: Sequence[Row], row: Row, measure: str) -> Row:
    return next(each for each in rows if each.way == row.way and each.measure == measure)


def _changes(row: Row, base: Row) -> list[Change]:
    """Paired: both are measured on the same halves and the same everyday photos."""
    changes = []
    mine, theirs = row.counts.sum(axis=0), base.counts.sum(axis=0)
    for group, name in enumerate(row.groups):
        trials = mine[:, group, Count.MATED]
        if not trials.any():
            continue
        apart = (mine - theirs)[:, group, Count.OWN_MISSED]
        low, high = np.quantile(apart[trials > 0] / trials[trials > 0], [0.05, 0.95])
        change = float(apart.sum() / trials.sum())
        changes.append(Change(row.way.name, name, change, float(low), float(high)))
    return changes
