"""Sums of errors from comparisons written out one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import strategies as st

from chiso.evaluate.error_sums import ErrorSums

Comparison = tuple[int, int, bool]
"""Two people (the same one twice if mated), and whether it went wrong."""


def sums_of(comparisons: list[Comparison], independent_units: int) -> ErrorSums:
    """Counts the comparisons by person and by unit, in plain loops."""
    people: dict[int, list[int]] = {}
    units: dict[tuple[int, int], list[int]] = {}
    for one, other, wrong in comparisons:
        for counts in [people.setdefault(person, [0, 0]) for person in {one, other}] + [
            units.setdefault((min(one, other), max(one, other)), [0, 0])
        ]:
            counts[0] += wrong
            counts[1] += 1
    by_person = np.array(list(people.values()), dtype=np.float64).reshape(-1, 2)
    by_unit = np.array(list(units.values()), dtype=np.float64).reshape(-1, 2)
    return ErrorSums(
        errors=sum(wrong for _, _, wrong in comparisons),
        trials=len(comparisons),
        person_errors=by_person[:, 0],
        person_trials=by_person[:, 1],
        unit_errors_squared=float(by_unit[:, 0] @ by_unit[:, 0]),
        unit_errors_times_trials=float(by_unit[:, 0] @ by_unit[:, 1]),
        unit_trials_squared=float(by_unit[:, 1] @ by_unit[:, 1]),
        independent_units=independent_units,
        is_mated=all(one == other for one, other, _ in comparisons),
    )


def within_group(people: int, wrong: set[tuple[int, int]], each: int = 1) -> ErrorSums:
    """Every pair of so many people compared `each` times, all wrong for the pairs named."""
    pairs = list(combinations(range(people), 2))
    return sums_of(
        [(one, other, (one, other) in wrong) for one, other in pairs for _ in range(each)],
        people // 2,
    )


def of_people(errors: list[int], trials: list[int]) -> ErrorSums:
    """Mated comparisons: so many errors among so many trials of each person."""
    comparisons = [
        (person, person, trial < wrong)
        for person, (wrong, tried) in enumerate(zip(errors, trials, strict=True))
        for trial in range(tried)
    ]
    return sums_of(comparisons, len(trials))


@st.composite
def some_sums(draw: st.DrawFn) -> ErrorSums:
    """Mated or non-mated comparisons of 2 to 8 people, some repeated, with any errors."""
    people = draw(st.integers(2, 8))
    if draw(st.booleans()):
        units = [(person, person) for person in range(people)]
        independent = people
    else:
        units = list(combinations(range(people), 2))
        independent = people // 2
    comparisons = [
        (*unit, wrong)
        for unit in units
        for wrong in draw(st.lists(st.booleans(), min_size=1, max_size=3))
    ]
    return sums_of(comparisons, independent)
