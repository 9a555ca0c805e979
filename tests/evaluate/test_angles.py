"""Spreads of small groups are steadied, and what that gains and risks where the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pytest

from chiso.evaluate.angles import (
    PRIOR_PEOPLE,
    AngleModel,
    angle_model,
    steadied,
    steady_variances,
)
from chiso.evaluate.findings import EVERYONE

TARGET_FMR = 0.001
Truth = tuple[int, float, float]  # people, mean and deviation of their angles, radians


def worst_fmrs(truths: Sequence[Truth], draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True FMR of the worst group at the threshold that the groups' models ask for, by draw.

    Without and with steady deviations, shape (draws,) each. Half of an angle's variance is its two
    people's, so that comparisons that share a person are dependent.
    """
    rng = np.random.default_rng(seed)
    found = np.empty((2, draws))
    for draw in range(draws):
        own = {}
        for index, (people, mean, deviation) in enumerate(truths):
            one, other = np.triu_indices(people, k=1)
            person = rng.normal(0, deviation / 2, people)
            rest = rng.normal(0, deviation * np.sqrt(0.5), len(one))
            angles = mean + person[one] + person[other] + rest
            own[str(index)] = angle_model(np.cos(angles), np.ones(len(angles)), people)
        for row, models in enumerate((own, steadied(own))):
            angle = np.arccos(max(model.threshold(TARGET_FMR) for model in models.values()))
            found[row, draw] = max(
                NormalDist(mean, deviation).cdf(angle) for _, mean, deviation in truths
            )
    return found[0], found[1]


def test_a_steady_variance_is_the_weighted_mean_that_its_docstring_gives() -> None:
    own, people = np.array([4.0, 1.0, 2.0]), np.array([5, 7, 35])
    pooled = (4 * 4 + 6 * 1 + 34 * 2) / 44
    expected = [
        (PRIOR_PEOPLE * pooled + (n - 1) * each) / (PRIOR_PEOPLE + n - 1)
        for each, n in zip(own, people, strict=True)
    ]
    assert steady_variances(own, people) == pytest.approx(expected)


def test_a_variance_that_is_undefined_counts_for_nothing() -> None:
    people = np.array([5, 7, 35])
    steady = steady_variances(np.array([[np.nan, 1.0, 2.0], [np.nan, np.nan, np.nan]]), people)
    assert np.isnan(steady).tolist() == [[True, False, False], [True, True, True]]
    assert steady[0, 1:] == pytest.approx(steady_variances(np.array([1.0, 2.0]), people[1:]))


def test_the_means_and_everyones_deviation_stay_their_own() -> None:
    own = {
        EVERYONE: AngleModel(0.55, 0.09, 40),
        "few": AngleModel(0.48, 0.08, 5),
        "many": AngleModel(0.52, 0.06, 3000),
    }
    found = steadied(own)
    assert found[EVERYONE] == own[EVERYONE]
    assert [found[name].mean_rad for name in own] == [0.55, 0.48, 0.52]
    assert 0.06 < found["few"].deviation_rad < 0.065
    assert found["many"].deviation_rad == pytest.approx(0.06, abs=1e-4)


def test_a_group_with_no_other_to_lean_on_keeps_its_deviation() -> None:
    own = {EVERYONE: AngleModel(0.5, 0.06, 9), "only": AngleModel(0.5, 0.06, 9)}
    assert steadied(own)["only"].deviation_rad == pytest.approx(0.06)


def test_small_groups_that_spread_alike_are_held_more_evenly_and_nearer_to_the_target() -> None:
    own, steady = worst_fmrs([(5, 0.5, 0.065), (6, 0.5, 0.065), (7, 0.5, 0.065)], 400, seed=1)
    off_target = [abs(np.log10(np.median(each) / TARGET_FMR)) for each in (own, steady)]
    assert off_target[1] < off_target[0]
    assert np.log10(steady).std() < 0.85 * np.log10(own).std()


def test_beside_a_larger_group_small_ones_exceed_the_target_no_more_often_when_steadied() -> None:
    truths = [(5, 0.5, 0.065), (5, 0.5, 0.065), (7, 0.5, 0.065), (35, 0.5, 0.065)]
    own, steady = worst_fmrs(truths, 400, seed=3)
    assert np.mean(steady > TARGET_FMR) < np.mean(own > TARGET_FMR) + 0.05
    assert np.log10(steady).std() < 0.8 * np.log10(own).std()


def test_a_small_group_that_spreads_more_matches_falsely_more_often_than_the_target() -> None:
    truths = [(5, 0.5, 0.085), (6, 0.5, 0.065), (7, 0.5, 0.065), (35, 0.5, 0.065)]
    own, steady = worst_fmrs(truths, 400, seed=2)
    assert np.median(steady) > TARGET_FMR
    assert np.median(steady) > np.median(own)
