"""Intervals of error rates: variance pair by pair, exact bounds, and what never may be."""

from __future__ import annotations

from itertools import product
from math import isnan, log

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import beta
from tests.evaluate.sums import Comparison, of_people, some_sums, sums_of, within_group

from chiso.evaluate.dependence import shared_residuals, spread
from chiso.evaluate.error_sums import ErrorSums
from chiso.evaluate.exact_bounds import divergence, exact_interval
from chiso.evaluate.findings import IntervalMethod
from chiso.evaluate.intervals import rate_of, wilson_by_people

_ROUNDING = 1e-12


def _both(comparisons: list[Comparison]) -> float:
    """Products of residuals over every two comparisons that share a person, by looking at each."""
    rate = sum(wrong for _, _, wrong in comparisons) / len(comparisons)
    return sum(
        (first[2] - rate) * (second[2] - rate)
        for first, second in product(comparisons, repeat=2)
        if {first[0], first[1]} & {second[0], second[1]}
    )


@given(some_sums())
def test_an_interval_lies_between_0_and_1_and_holds_the_rate(sums: ErrorSums) -> None:
    rate = rate_of(sums)
    low, high = rate.interval
    assert 0 <= low <= rate.value + _ROUNDING
    assert rate.value - _ROUNDING <= high <= 1
    assert low < high


@given(st.data())
def test_sums_by_person_give_the_variance_that_every_two_comparisons_give(
    data: st.DataObject,
) -> None:
    people = data.draw(st.integers(2, 6))
    mated = data.draw(st.booleans())
    person = st.integers(0, people - 1)
    pairs = st.tuples(person, person).filter(lambda pair: (pair[0] == pair[1]) == mated)
    comparisons = data.draw(
        st.lists(st.tuples(pairs, st.booleans()).map(lambda c: (*c[0], c[1])), min_size=1)
    )
    assert shared_residuals(sums_of(comparisons, 1)) == pytest.approx(_both(comparisons), abs=1e-9)


def test_the_variance_is_right_on_average_however_few_people() -> None:
    # Every pair of six people errs by itself, half of the time: the truth is 1/4 by the 15 pairs.
    rng = np.random.default_rng(5)
    pairs = [(one, other) for one in range(6) for other in range(one + 1, 6)]
    found = []
    for _ in range(1500):
        wrong = rng.random(len(pairs)) < 0.5
        sums = within_group(
            6, {pair for pair, is_wrong in zip(pairs, wrong, strict=True) if is_wrong}
        )
        apart = 1 - (6 * 25 - 15) / 15**2
        found.append(shared_residuals(sums) / 15**2 / apart)
    assert np.mean(found) == pytest.approx(0.25 / 15, rel=0.1)


@given(some_sums())
def test_comparisons_never_count_for_more_than_if_they_shared_nobody(sums: ErrorSums) -> None:
    assume(0 < sums.errors < sums.trials)
    assert spread(sums).variance >= sums.rate * (1 - sums.rate) / sums.trials


@pytest.mark.parametrize(("people", "units"), [(5, 2), (7, 3), (53, 26), (500, 250)])
def test_no_error_is_bounded_by_pairs_of_people_that_share_nobody(people: int, units: int) -> None:
    rate = rate_of(within_group(people, set(), each=4 if people < 100 else 1))
    assert rate.interval == pytest.approx((0.0, 1 - 0.025 ** (1 / units)))
    assert rate.method is IntervalMethod.EXACT


def test_no_miss_among_seven_people_bounds_their_fnmr_at_41_per_cent_however_often_tried() -> None:
    for trials in (1, 100):
        rate = rate_of(of_people([0] * 7, [trials] * 7))
        assert rate.interval == pytest.approx((0.0, 0.4096), abs=1e-4)


def test_nothing_but_errors_is_bounded_as_no_error_is() -> None:
    none, all_wrong = rate_of(of_people([0] * 9, [2] * 9)), rate_of(of_people([2] * 9, [2] * 9))
    assert all_wrong.interval == pytest.approx((1 - none.interval[1], 1.0))
    assert all_wrong.method is IntervalMethod.EXACT


@pytest.mark.parametrize(
    "sums",
    [within_group(3, set()), within_group(3, {(0, 1)}), of_people([0], [50]), sums_of([], 0)],
)
def test_where_all_comparisons_share_a_person_nothing_is_known(sums: ErrorSums) -> None:
    rate = rate_of(sums)
    assert (rate.interval, rate.method) == ((0.0, 1.0), IntervalMethod.NONE)
    assert isnan(rate.value) == (sums.trials == 0)


def test_one_person_who_makes_every_error_is_one_witness() -> None:
    hub = within_group(40, {(0, other) for other in range(1, 21)})
    strangers = within_group(40, {(2 * pair, 2 * pair + 1) for pair in range(20)})
    assert hub.errors == strangers.errors
    assert spread(hub).witnesses < 2 < 15 < spread(strangers).witnesses
    assert rate_of(hub).method is IntervalMethod.EXACT
    assert rate_of(strangers).method is IntervalMethod.WILSON
    assert rate_of(hub).interval[1] > 5 * rate_of(strangers).interval[1]


def test_comparing_the_same_people_more_often_tells_no_more() -> None:
    wrong = {(0, 1), (2, 3), (4, 9), (5, 8), (6, 7), (10, 11)}
    once, often = within_group(20, wrong), within_group(20, wrong, each=9)
    assert rate_of(often).interval == pytest.approx(rate_of(once).interval)


def test_errors_of_many_people_spread_as_the_paper_has_them() -> None:
    # Worked out by its formula: Wilson's interval at n = p(1 - p) / variance, with Student's t.
    sums = of_people([1] * 30 + [0] * 70, [1] * 100)
    assert spread(sums).variance == pytest.approx(0.3 * 0.7 / 99)
    assert rate_of(sums).interval == pytest.approx((0.217, 0.398), abs=0.002)


def test_people_who_all_err_alike_are_all_witnesses() -> None:
    sums = of_people([1] * 12, [3] * 12)
    assert spread(sums).witnesses == pytest.approx(12)


def test_one_comparison_a_person_with_one_error_gets_the_interval_of_clopper_and_pearson() -> None:
    rate = rate_of(of_people([1] + [0] * 29, [1] * 30))
    assert rate.method is IntervalMethod.EXACT
    assert rate.interval[1] == pytest.approx(beta.ppf(0.975, 2, 29))
    assert rate.interval[0] == pytest.approx(beta.ppf(0.025, 1, 30))


def test_a_person_with_most_of_the_trials_makes_the_others_count_for_less() -> None:
    for errors in ([0] * 10, [1] + [0] * 9):
        even, uneven = of_people(errors, [3] * 10), of_people(errors, [3] * 9 + [300])
        assert rate_of(even).interval[1] < 0.5 < 0.85 < rate_of(uneven).interval[1]


def test_a_person_whom_most_comparisons_are_with_makes_the_others_count_for_less() -> None:
    with_one = [(0, other, False) for other in range(1, 20) for _ in range(50)]
    rate = rate_of(sums_of([*with_one, *((i, i + 1, False) for i in range(1, 19))], 10))
    assert rate.interval[1] > 0.9
    assert rate.method is IntervalMethod.EXACT


@given(st.lists(st.integers(1, 40), min_size=2, max_size=12), st.data())
def test_whoever_errs_no_error_is_seen_less_than_25_in_1000_times_beyond_the_bound(
    trials: list[int], data: st.DataObject
) -> None:
    # People who always err alike, each with any chance: the rate is over all comparisons.
    chances = np.array([data.draw(st.floats(0, 0.999)) for _ in trials])
    rate = float(chances @ trials) / sum(trials)
    upper = rate_of(of_people([0] * len(trials), trials)).interval[1]
    if rate > upper + 1e-9:
        assert np.prod(1 - chances) <= 0.025


def test_of_few_with_many_trials_no_error_is_bounded_as_if_they_made_them_all() -> None:
    # Five of fifty people have 100 trials each, the others one.
    upper = rate_of(of_people([0] * 50, [100] * 5 + [1] * 45)).interval[1]
    assert upper == pytest.approx(500 / 545 * (1 - 0.025 ** (1 / 5)))


def test_people_across_two_groups_count_by_the_smaller_group() -> None:
    across = [(one, other, False) for one in range(3) for other in range(3, 43)]
    none = rate_of(sums_of(across, 3)).interval
    assert none == pytest.approx((0.0, 1 - 0.025 ** (1 / 3)))
    one_hub = [(one, other, one == other - 3) for one, other, _ in across]
    assert rate_of(sums_of(one_hub, 3)).interval[1] < 1


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 5000))
def test_the_exact_bound_rises_with_the_rate(one: float, other: float, units: int) -> None:
    lower, higher = exact_interval(min(one, other), units), exact_interval(max(one, other), units)
    assert lower[0] <= higher[0] + 1e-9
    assert lower[1] <= higher[1] + 1e-9


@given(st.floats(0, 1), st.integers(1, 5000), st.integers(1, 5000))
def test_the_exact_bound_narrows_with_more_people(rate: float, one: int, other: int) -> None:
    few, many = exact_interval(rate, min(one, other)), exact_interval(rate, max(one, other))
    assert few[0] <= many[0] + 1e-9
    assert many[1] <= few[1] + 1e-9


@given(st.floats(0.01, 0.99), st.integers(1, 5000))
def test_the_exact_bound_ends_where_the_divergence_allows_no_more(rate: float, units: int) -> None:
    for end in exact_interval(rate, units):
        if 1e-9 < end < 1 - 1e-9:
            assert units * divergence(rate, end) == pytest.approx(log(40), rel=1e-5)


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
