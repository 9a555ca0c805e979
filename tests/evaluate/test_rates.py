"""Comparisons, counts, intervals and thresholds, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.evaluate.comparisons import all_comparisons
from chiso.evaluate.intervals import wilson_by_people
from chiso.evaluate.rates import EVERYONE, error_counts


def _vectors(angles: list[float]) -> np.ndarray:
    return np.array([[np.cos(angle), np.sin(angle)] for angle in angles], dtype=np.float32)


def test_every_pair_of_templates_is_compared_once() -> None:
    comparisons = all_comparisons(_vectors([0.0, 0.1, 1.0]), [0, 0, 1], ["a", "b"])
    assert comparisons.mated.tolist() == [True, False, False]
    assert comparisons.scores == pytest.approx(np.cos([0.1, 1.0, 0.9]), abs=1e-6)


def test_owners_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="1 owners"):
        all_comparisons(_vectors([0.0, 0.1]), [0], ["a"])
    with pytest.raises(ValueError, match="no group"):
        all_comparisons(_vectors([0.0]), [1], ["a"])


def test_errors_are_counted_within_each_group_and_for_everyone() -> None:
    comparisons = all_comparisons(
        _vectors([0.0, 0.5, 0.05, 3.0, 3.01, 3.02]), [0, 0, 1, 2, 2, 3], ["x", "x", "y", "y"]
    )
    everyone, x, y = error_counts(comparisons, threshold=float(np.cos(0.2)))
    assert (everyone.group, everyone.people) == (EVERYONE, 4)
    assert (everyone.false_matches, everyone.nonmated) == (3, 13)
    assert (x.mated, x.false_nonmatches, x.nonmated, x.false_matches) == (1, 1, 2, 1)
    assert (y.mated, y.false_nonmatches, y.nonmated, y.false_matches) == (1, 0, 2, 2)


def test_a_group_of_one_person_has_no_false_match_rate_and_says_so() -> None:
    comparisons = all_comparisons(_vectors([0.0, 0.1, 2.0]), [0, 0, 1], ["x", "y"])
    _, x, y = error_counts(comparisons, 0.9)
    assert (x.nonmated, x.fmr_interval) == (0, (0.0, 1.0))
    assert (y.mated, y.fnmr_interval) == (0, (0.0, 1.0))


def test_people_without_a_group_are_counted_with_everyone_only() -> None:
    comparisons = all_comparisons(_vectors([0.0, 1.0]), [0, 1], ["", ""])
    assert [each.group for each in error_counts(comparisons, 0.9)] == [EVERYONE]


def test_wilsons_interval_is_the_textbooks() -> None:
    assert wilson_by_people(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)


def test_no_error_among_seven_people_bounds_the_rate_only_below_a_third() -> None:
    low, high = wilson_by_people(0.0, 7)
    assert low == 0.0
    assert high == pytest.approx(0.354, abs=1e-3)


@given(st.floats(0, 1), st.integers(1, 1000))
def test_an_interval_holds_its_rate_and_narrows_with_people(rate: float, people: int) -> None:
    low, high = wilson_by_people(rate, people)
    assert 0.0 <= low <= rate + 1e-9
    assert rate - 1e-9 <= high <= 1.0
    wider_low, wider_high = wilson_by_people(rate, max(1, people // 2))
    assert wider_high - wider_low >= high - low - 1e-12


def test_nobody_gives_no_information() -> None:
    assert wilson_by_people(0.0, 0) == (0.0, 1.0)
