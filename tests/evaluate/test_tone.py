"""Levels, paired differences and their intervals, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.evaluate.intervals import wilson_by_people
from chiso.evaluate.tone import (
    FEW_DIFFERING,
    Stage,
    ToneResult,
    Tones,
    Values,
    draw_people,
    estimate,
    nothing_seen_bound,
    own_measure,
    people_needed,
    rate_difference_interval,
    rate_interval,
    weighted_means,
)

TONES = Tones((1, 5, 10), base=5)


def _drawn(people: int, seed: int = 1) -> Values:
    return draw_people(people, np.random.default_rng(seed))


def _estimated(values: Values, *, is_rate: bool = False) -> ToneResult:
    measure = own_measure("m", Stage.DETECT, TONES, values, is_rate=is_rate)
    return estimate(measure, TONES, _drawn(len(values)))


def test_a_level_is_the_mean_over_people_of_each_persons_mean() -> None:
    nan = np.nan
    values = np.array([[[1.0, 0, 0], [3.0, 0, 0]], [[8.0, 0, 0], [nan, 0, 0]]])
    first, *_ = _estimated(values).levels
    assert first.value == pytest.approx((2 + 8) / 2)
    assert first.trials == 3


def test_a_difference_is_taken_only_over_captures_that_have_both() -> None:
    nan = np.nan
    values = np.array([[[1.0, 4.0, 4.0], [nan, 100.0, 100.0]], [[2.0, 4.0, 4.0], [2.0, nan, 4.0]]])
    lightest, darkest = _estimated(values).differences
    assert lightest.value == pytest.approx((-3 - 2) / 2)
    assert (darkest.value, darkest.differing) == (0.0, 0)


def test_pairing_removes_what_differs_between_people() -> None:
    generator = np.random.default_rng(3)
    own = generator.normal(0, 10, (60, 1, 1))
    values = own + np.array([0.0, 0.0, 1.0]) + generator.normal(0, 0.1, (60, 2, 3))
    result = _estimated(values)
    low, high = result.levels[2].interval
    assert high - low > 3
    lightest, darkest = result.differences
    assert darkest.simultaneous[0] == pytest.approx(1, abs=0.1)
    assert lightest.simultaneous[0] < 0 < lightest.simultaneous[1]


def test_simultaneous_intervals_are_wider_than_each_ones_own() -> None:
    generator = np.random.default_rng(4)
    result = _estimated(generator.normal(0, 1, (50, 2, 3)))
    for each in result.differences:
        own, all_together = np.diff(each.interval), np.diff(each.simultaneous)
        assert all_together > own


def test_simultaneous_intervals_hold_every_truth_together_about_as_often_as_they_say() -> None:
    generator = np.random.default_rng(5)
    tones = Tones(tuple(range(1, 11)), base=5)
    held = 0
    audits = 150
    for _ in range(audits):
        measure = own_measure("m", Stage.EMBED, tones, generator.normal(0, 1, (40, 2, 10)))
        result = estimate(measure, tones, draw_people(40, generator)[:400])
        held += all(
            each.simultaneous[0] <= 0 <= each.simultaneous[1] for each in result.differences
        )
    assert 0.87 * audits <= held <= audits


def test_no_event_leaves_open_what_wilson_leaves_open_by_people() -> None:
    result = _estimated(np.ones((40, 6, 3)), is_rate=True)
    level = result.levels[0]
    assert (level.events, level.trials, level.value) == (240, 240, 1.0)
    assert level.interval == pytest.approx((1 - wilson_by_people(0, 40)[1], 1.0))
    (difference, _) = result.differences
    bound = nothing_seen_bound(40)
    assert difference.simultaneous == pytest.approx((-bound, bound))


def test_one_event_never_makes_a_rate_surer_than_none() -> None:
    values = np.zeros((40, 6, 3))
    values[0, 0, 0] = 1
    low, high = _estimated(values, is_rate=True).levels[0].interval
    assert low == 0
    assert high >= nothing_seen_bound(40)


@pytest.mark.parametrize("interval", [(-0.01, 0.02), (0.01, 0.02)])
def test_few_who_differ_leave_as_much_open_as_nobody(interval: tuple[float, float]) -> None:
    assert rate_difference_interval(interval, 0.1, FEW_DIFFERING - 1) == (-0.1, 0.1)
    assert rate_difference_interval(interval, 0.1, FEW_DIFFERING) == interval


def test_a_tone_that_differs_less_has_no_wider_interval() -> None:
    values = np.zeros((40, 6, 3))
    values[:20, 0, 1] = 1
    values[5:30, 0, 0] = 1  # differs from the base for many, but hardly on the whole
    values[:, 1, 2] = 1
    values[:20, 0, 2] = 1
    faint, sure = _estimated(values, is_rate=True).differences
    assert faint.differing == 15
    assert faint.simultaneous[0] < 0 < faint.simultaneous[1] < nothing_seen_bound(40)
    assert sure.simultaneous[0] > 0


def test_a_difference_counts_who_has_a_value_at_both_tones() -> None:
    values = np.ones((5, 2, 3))
    values[0, :, 2] = np.nan
    values[1, 0, 2] = np.nan
    lightest, darkest = _estimated(values).differences
    assert (lightest.people, darkest.people) == (5, 4)


def test_nobody_measured_gives_no_number() -> None:
    values = np.ones((5, 2, 3))
    values[:, :, 2] = np.nan
    result = _estimated(values)
    assert result.levels[2].trials == 0
    assert np.isnan([result.levels[2].value, *result.levels[2].interval]).all()
    assert np.isnan([result.differences[1].value, *result.differences[1].simultaneous]).all()


def test_a_person_drawn_twice_makes_no_pair_with_herself() -> None:
    values = np.full((3, 3, 1), 100.0)
    values[0, 1] = values[1, 0] = 1.0
    values[0, 2] = values[2, 0] = 2.0
    values[1, 2] = values[2, 1] = 6.0
    weights = np.array([[1.0, 1, 1], [2, 1, 0], [3, 0, 0]])
    everyone, two, one = weighted_means(values, weights)[:, 0]
    assert everyone == pytest.approx(3.0)
    assert two == pytest.approx(1.0)
    assert np.isnan(one)


def test_pairs_weigh_as_often_as_a_draw_holds_both() -> None:
    values = np.zeros((3, 3, 1))
    values[0, 1] = values[1, 0] = 1.0
    (mean,) = weighted_means(values, np.array([[2.0, 2, 1]]))[:, 0]
    assert mean == pytest.approx(4 / (4 + 2 + 2))


@given(st.floats(0.005, 0.5))
def test_as_many_people_as_needed_rule_a_rate_out_and_one_fewer_do_not(rate: float) -> None:
    people = people_needed(rate)
    assert nothing_seen_bound(people) <= rate
    assert people == 1 or nothing_seen_bound(people - 1) > rate


def test_a_rates_interval_only_ever_widens() -> None:
    assert rate_interval((0.3, 0.4), 0.1) == (0.3, 0.4)
    assert rate_interval((0.0, 0.02), 0.1) == (0.0, 0.1)
    assert rate_interval((0.97, 1.0), 0.1) == (0.9, 1.0)


def test_the_same_draws_give_the_same_intervals() -> None:
    values = np.random.default_rng(6).normal(0, 1, (20, 2, 3))
    assert _estimated(values) == _estimated(values)
