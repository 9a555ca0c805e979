"""How unequal rates are over groups, by every measure that an audit gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.evaluate.disparities import (
    disparities,
    fairness_discrepancy_rate,
    garbe,
    gini,
    max_geometric_mean,
    max_min,
)
from chiso.evaluate.findings import Disparity, IntervalMethod, Rate

RATES = st.lists(st.floats(1e-6, 1), min_size=2, max_size=6)


def rate(errors: int, trials: int = 1000, interval: tuple[float, float] = (0.0, 1.0)) -> Rate:
    value = errors / trials if trials else float("nan")
    return Rate(value, errors, trials, 50, interval, IntervalMethod.WILSON)


def by_name(found: Sequence[Disparity], name: str, kind: str) -> Disparity:
    return next(one for one in found if (one.name, one.rate) == (name, kind))


def test_ratios_of_one_two_and_four_errors() -> None:
    rates = np.array([0.01, 0.02, 0.04])
    assert max_min(rates) == pytest.approx(4)
    assert max_geometric_mean(rates) == pytest.approx(2)


def test_gini_of_one_two_and_three() -> None:
    # |1-2| + |1-3| + |2-3|, each twice, is 8; by 2 · 9 · 2 it is 2/9; times 3/2 it is 1/3.
    assert gini(np.array([1.0, 2.0, 3.0])) == pytest.approx(1 / 3)


def test_gini_is_one_where_one_group_has_all_errors_and_zero_where_none_has_any() -> None:
    assert gini(np.array([0.0, 0.0, 0.0, 0.2])) == pytest.approx(1)
    assert gini(np.zeros(3)) == 0


def test_garbe_weighs_both_errors_alike() -> None:
    assert garbe(np.array([1.0, 2, 3]) / 100, np.array([0.0, 0, 0.1])) == pytest.approx(2 / 3)


def test_fdr_takes_the_widest_difference_of_each_error() -> None:
    found = fairness_discrepancy_rate(np.array([0.01, 0.05, 0.02]), np.array([0.1, 0.0, 0.02]))
    assert found == pytest.approx(1 - 0.5 * 0.04 - 0.5 * 0.1)


@given(RATES, st.floats(0.01, 1))
def test_ratios_and_gini_do_not_depend_on_how_many_errors_there_are_in_all(
    rates: list[float], factor: float
) -> None:
    shares = np.array(rates)
    for measure in (max_min, max_geometric_mean, gini):
        assert measure(shares) == pytest.approx(measure(shares * factor), abs=1e-9)


def test_a_group_without_errors_leaves_no_ratio_but_what_the_intervals_say() -> None:
    draws = np.full((20, 2), 0.1)
    fmr = [rate(0, interval=(0.0, 0.01)), rate(100, interval=(0.05, 0.2))]
    found = by_name(disparities(fmr, fmr, draws, draws), "max/min", "FMR")
    assert found.value is None
    assert found.interval is None
    assert "1 of 2 groups have no error" in found.note
    assert "at least 5" in found.note


def test_no_error_in_any_group_is_said_so() -> None:
    none = [rate(0), rate(0)]
    draws = np.zeros((20, 2))
    found = disparities(none, none, draws, draws)
    assert by_name(found, "max/min", "FNMR").note == "no group has an error"
    assert by_name(found, "GARBE", "both").value == 0
    assert by_name(found, "FDR", "both").value == 1


def test_intervals_are_percentiles_of_draws_and_infinite_where_draws_divide_by_zero() -> None:
    fmr = [rate(10), rate(20)]
    draws = np.column_stack([np.repeat([0.0, 0.01], [10, 90]), np.full(100, 0.02)])
    found = by_name(disparities(fmr, fmr, draws, draws), "max/min", "FMR")
    assert found.value == pytest.approx(2)
    assert found.interval is not None
    low, high = found.interval
    assert low == pytest.approx(2)
    assert high == np.inf


def test_groups_without_comparisons_are_left_out_and_counted() -> None:
    fmr = [rate(10), rate(20), rate(0, 0)]
    draws = np.column_stack([np.full(50, 0.01), np.full(50, 0.02), np.full(50, np.nan)])
    found = by_name(disparities(fmr, fmr, draws, draws), "max/min", "FMR")
    assert found.value == pytest.approx(2)
    assert found.note == "1 groups without comparisons left out"


def test_groups_of_fewer_than_50_people_are_said_to_make_intervals_too_narrow() -> None:
    draws = np.full((20, 2), 0.1)
    enough = [rate(10), rate(20)]
    few = [rate(10), replace(rate(20), people=20)]
    for found in disparities(enough, enough, draws, draws):
        assert "fewer than 50" not in found.note
    for found in disparities(few, few, draws, draws):
        assert "the smallest group has 20 people, and with fewer than 50" in found.note


def test_a_single_group_has_no_disparity() -> None:
    found = disparities([rate(5)], [rate(5)], np.full((9, 1), 0.1), np.full((9, 1), 0.1))
    assert all(one.value is None and one.note == "fewer than two groups" for one in found)
