"""Simulated people have the truth they are said to have, and intervals hold it often enough."""

from __future__ import annotations

import numpy as np
import pytest
from bench.coverage_draws import (
    INDEPENDENT,
    MODERATE,
    STRONG,
    Draw,
    across,
    coverage,
    mated,
    rare_hubs,
    uneven,
    within,
)

from chiso.evaluate.intervals import rate_of

_DRAWS = {
    "within": (within(STRONG), 12),
    "across": (across(STRONG), 12),
    "mated": (mated(STRONG), 12),
    "hubs": (rare_hubs(0.05), 12),
    "uneven": (uneven(5), 120),
}


@pytest.mark.parametrize("name", _DRAWS)
def test_simulated_people_err_as_often_as_they_are_said_to(name: str) -> None:
    rng = np.random.default_rng(1)
    draw, people = _DRAWS[name]
    drawn = [draw(people, (0.1, 0.01), rng) for _ in range(1500)]
    for index, truth in enumerate((0.1, 0.01)):
        errors = sum(sums[index].errors for sums in drawn)
        trials = sum(sums[index].trials for sums in drawn)
        assert errors / trials == pytest.approx(truth, rel=0.15)


@pytest.mark.parametrize("draw", [within(MODERATE), across(MODERATE), mated(MODERATE)])
def test_sums_of_simulated_errors_agree_with_each_other(draw: Draw) -> None:
    (sums,) = draw(9, (0.2,), np.random.default_rng(2))
    each = 1 if sums.is_mated else 2
    assert sums.person_errors.sum() == each * sums.errors > 0
    assert sums.person_trials.sum() == each * sums.trials
    assert sums.errors <= sums.unit_errors_squared <= sums.unit_errors_times_trials


@pytest.mark.parametrize("draw", [within(STRONG), across(STRONG), mated(STRONG)])
def test_intervals_hold_the_truth_in_93_of_100_draws_where_plain_ones_do_not(draw: Draw) -> None:
    (found,) = coverage(draw, 50, (0.1,), 400, rate_of, np.random.default_rng(3))
    assert found.covered >= 0.93 > found.plain_covered
    assert found.covered == pytest.approx(1 - found.above - found.below)


def test_intervals_of_people_who_share_nothing_are_hardly_wider_than_plain_ones() -> None:
    (found,) = coverage(within(INDEPENDENT), 100, (0.01,), 100, rate_of, np.random.default_rng(4))
    assert found.covered >= 0.93
    assert found.width < 1.3 * found.plain_width
    assert found.adjusted == 1


def test_hubs_that_the_sample_may_lack_are_beyond_any_interval() -> None:
    (found,) = coverage(rare_hubs(0.01), 50, (0.01,), 200, rate_of, np.random.default_rng(5))
    assert found.covered < 0.6


@pytest.mark.parametrize(("samples", "people"), [(15, 50), (5, 100)])
def test_few_with_many_samples_who_make_all_the_errors_are_covered(
    samples: int, people: int
) -> None:
    (found,) = coverage(uneven(samples), people, (0.1,), 400, rate_of, np.random.default_rng(6))
    assert found.covered >= 0.93
    assert found.width < 1
