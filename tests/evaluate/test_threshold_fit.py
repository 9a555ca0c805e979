"""Thresholds with intervals, and the tails that searches rest on, where the truth is known."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from chiso.evaluate.evidence import Crowd, Evidence
from chiso.evaluate.findings import EVERYONE
from chiso.evaluate.fit import Policy, modelled_threshold
from chiso.evaluate.listed import ListedSource
from chiso.evaluate.tails import tail_from_bins, tails_of
from chiso.evaluate.threshold_fit import fit_threshold
from chiso.evaluate.vectors import VectorSource


def _simulated(groups: dict[str, tuple[int, float, float]], seed: int = 1) -> Evidence:
    """Every two people once: angles normal, by group (people, mean, deviation); 1 rad across."""
    names = tuple(sorted(groups))
    group_of = np.repeat(np.arange(len(names)), [groups[name][0] for name in names])
    one, other = (rows.astype(np.int32) for rows in np.triu_indices(len(group_of), k=1))
    means, deviations = (np.array([groups[name][at] for name in names]) for at in (1, 2))
    within = group_of[one] == group_of[other]
    mean = np.where(within, means[group_of[one]], 1.0)
    spread = np.where(within, deviations[group_of[one]], 0.03)
    angles = np.random.default_rng(seed).normal(mean, spread).clip(0.01, 3.1)
    people = len(group_of)
    source = ListedSource(
        Crowd(names, group_of.astype(np.int32)),
        np.ones(people, np.int64),
        np.cos(angles),
        one,
        other,
    )
    return source.evidence(np.ones(people, bool))


def test_the_threshold_meets_its_target_where_the_truth_is_known() -> None:
    fitted = fit_threshold(_simulated({"x": (100, 1.0, 0.1)}), 1e-6, Policy.POOLED, seed=1)
    truth = np.cos(1.0 + NormalDist().inv_cdf(1e-6) * 0.1)
    low, high = fitted.interval
    assert low < truth < high
    assert low <= fitted.value <= high


def test_draws_summed_by_pairs_are_the_model_of_each_draw() -> None:
    evidence = _simulated({"x": (12, 1.0, 0.1)})
    found = evidence.nonmated
    whole = modelled_threshold(found.scores, np.ones(len(found.scores)), 1e-4)
    fitted = fit_threshold(evidence, 1e-4, Policy.POOLED, seed=1)
    assert fitted.value == pytest.approx(whole)
    low, high = fitted.interval
    assert low < whole < high


def test_draws_without_the_false_score_that_set_the_value_ask_what_the_model_does() -> None:
    evidence = _simulated({"x": (30, 1.0, 0.1)})
    others = evidence.nonmated.scores.copy()
    evidence.nonmated.scores[0] = 0.95
    fitted = fit_threshold(evidence, 1e-6, Policy.POOLED, seed=1)
    assert fitted.value == np.nextafter(0.95, 1)
    assert fitted.interval[0] > others.max() + 0.05


def test_the_worst_group_sets_the_threshold() -> None:
    evidence = _simulated({"close": (10, 0.8, 0.1), "far": (10, 1.0, 0.03)})
    fitted = fit_threshold(evidence, 0.001, Policy.WORST_GROUP, seed=1)
    assert fitted.set_by == "close"
    assert fitted.value > fit_threshold(evidence, 0.001, Policy.POOLED, seed=1).value


def test_a_threshold_is_the_same_for_the_same_seed() -> None:
    evidence = _simulated({"x": (20, 1.0, 0.2)})
    one = fit_threshold(evidence, 0.01, Policy.WORST_GROUP, seed=5)
    assert one == fit_threshold(evidence, 0.01, Policy.WORST_GROUP, seed=5)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, 2.0])
def test_a_target_that_is_no_rate_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit_threshold(_simulated({"x": (5, 1.0, 0.1)}), target, Policy.POOLED, seed=1)


def test_one_person_cannot_give_a_threshold() -> None:
    vectors = np.eye(2, dtype=np.float32)
    source = VectorSource(Crowd(("x",), np.zeros(1, np.int32)), vectors, np.zeros(2, np.int32))
    with pytest.raises(ValueError, match="different people"):
        fit_threshold(source.evidence(np.ones(1, bool)), 0.01, Policy.POOLED, seed=1)


def test_a_tail_is_the_model_that_made_the_scores_and_ends_above_the_highest() -> None:
    evidence = _simulated({"close": (60, 0.8, 0.1), "few": (3, 0.5, 0.01)})
    tails = {tail.group: tail for tail in tails_of(evidence, Policy.WORST_GROUP, 5)}
    assert set(tails) == {EVERYONE, "close"}
    close = tails["close"]
    assert (close.mean_rad, close.deviation_rad) == pytest.approx((0.8, 0.1), abs=0.01)
    assert (close.people, close.comparisons) == (60, 60 * 59 // 2)
    crowd = evidence.crowd
    mine = crowd.members("close")[evidence.nonmated.one]
    mine &= crowd.members("close")[evidence.nonmated.other]
    scores = evidence.nonmated.scores[mine]
    assert close.seen[-1].score > scores.max()
    for each in close.seen:
        assert np.mean(scores >= each.score) <= each.share


def test_a_pooled_policy_has_the_tail_of_everyone_alone() -> None:
    evidence = _simulated({"x": (20, 1.0, 0.1), "y": (20, 1.0, 0.1)})
    assert [tail.group for tail in tails_of(evidence, Policy.POOLED, 5)] == [EVERYONE]


def test_scores_that_are_no_cosines_have_no_tail() -> None:
    source = ListedSource(
        Crowd(("x",), np.zeros(2, np.int32)),
        np.ones(2, np.int64),
        np.array([37.0]),
        np.array([0], np.int32),
        np.array([1], np.int32),
    )
    with pytest.raises(ValueError, match="not cosines"):
        tails_of(source.evidence(np.ones(2, bool)), Policy.POOLED, 2)


def test_a_tail_from_bins_is_that_of_the_scores_to_within_a_bin() -> None:
    evidence = _simulated({"x": (80, 0.8, 0.1)})
    (exact, _) = tails_of(evidence, Policy.WORST_GROUP, 5)
    counts, edges = np.histogram(evidence.nonmated.scores, bins=60)
    binned = tail_from_bins("x", 80, 3160, edges, counts / counts.sum())
    assert binned.mean_rad == pytest.approx(exact.mean_rad, abs=0.005)
    assert binned.deviation_rad == pytest.approx(exact.deviation_rad, abs=0.005)
    assert binned.threshold(1e-5) == pytest.approx(exact.threshold(1e-5), abs=0.02)
    assert binned.seen[-1].share == 0
    assert binned.seen[-1].score > evidence.nonmated.scores.max()
    for each in binned.seen:
        assert np.mean(evidence.nonmated.scores >= each.score) <= each.share + 1e-12
