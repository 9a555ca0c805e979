"""Comparisons, counts, intervals and thresholds, against numbers worked out by hand."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.evaluate.comparisons import Comparisons, all_comparisons
from chiso.evaluate.fit import Policy, fit_threshold
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


def _simulated(people: int, spread: float, seed: int, group: str) -> Comparisons:
    generator = np.random.default_rng(seed)
    one, other = np.triu_indices(people, k=1)
    angles = generator.normal(1.0, spread, len(one)).clip(0.01, 3.1)
    return Comparisons(
        np.cos(angles), one.astype(np.int64), other.astype(np.int64), (group,) * people
    )


def test_the_threshold_meets_its_target_where_the_truth_is_known() -> None:
    comparisons = _simulated(100, 0.1, 1, "x")
    fitted = fit_threshold(comparisons, 1e-6, Policy.POOLED, seed=1)
    truth = np.cos(1.0 + NormalDist().inv_cdf(1e-6) * 0.1)
    low, high = fitted.interval
    assert low < truth < high
    assert low <= fitted.value <= high


def test_the_threshold_is_never_below_the_highest_false_score_and_neither_is_its_interval() -> None:
    comparisons = _simulated(100, 0.1, 1, "x")
    fitted = fit_threshold(comparisons, 0.2, Policy.POOLED, seed=1)
    assert fitted.value > comparisons.scores.max()
    assert fitted.value == pytest.approx(comparisons.scores.max())
    low, high = fitted.interval
    assert low <= fitted.value
    assert high >= comparisons.scores.max()


def test_the_worst_group_sets_the_threshold() -> None:
    one, other = np.triu_indices(20, k=1)
    both_close = (one < 10) & (other < 10)
    centre, spread = np.where(both_close, 0.8, 1.0), np.where(both_close, 0.1, 0.03)
    angles = np.random.default_rng(2).normal(centre, spread)
    comparisons = Comparisons(
        np.cos(angles),
        one.astype(np.int64),
        other.astype(np.int64),
        ("close",) * 10 + ("far",) * 10,
    )
    fitted = fit_threshold(comparisons, 0.001, Policy.WORST_GROUP, seed=1)
    assert fitted.set_by == "close"
    assert fitted.value > fit_threshold(comparisons, 0.001, Policy.POOLED, seed=1).value


def test_a_threshold_is_the_same_for_the_same_seed() -> None:
    comparisons = _simulated(20, 0.2, 3, "x")
    one = fit_threshold(comparisons, 0.01, Policy.WORST_GROUP, seed=5)
    assert one == fit_threshold(comparisons, 0.01, Policy.WORST_GROUP, seed=5)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, 2.0])
def test_a_target_that_is_no_rate_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit_threshold(_simulated(5, 0.1, 1, "x"), target, Policy.POOLED, seed=1)


def test_one_person_cannot_give_a_threshold() -> None:
    alone = all_comparisons(_vectors([0.0, 0.1]), [0, 0], ["x"])
    with pytest.raises(ValueError, match="two people"):
        fit_threshold(alone, 0.01, Policy.POOLED, seed=1)


def test_three_people_are_too_few_for_an_interval() -> None:
    comparisons = all_comparisons(_vectors([0.0, 1.0, 2.0]), [0, 1, 2], ["", "", ""])
    with pytest.raises(ValueError, match="too few people"):
        fit_threshold(comparisons, 0.01, Policy.POOLED, seed=1)
