"""FNMR at a group's own FMR, and curves of both errors."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import ArrayLike
from tests.evaluate.crowds import crowd_of

from chiso.evaluate.bootstrap import draw_people
from chiso.evaluate.curves import det_curve, histogram, picture_edges
from chiso.evaluate.evidence import Distribution, Evidence, Scores
from chiso.evaluate.findings import IntervalMethod
from chiso.evaluate.listed import ListedSource
from chiso.evaluate.separability import separability

CROWD = crowd_of(20)
EVERYONE = np.ones(20, dtype=bool)


def evidence_of(nonmated: ArrayLike, mated: ArrayLike) -> Evidence:
    nonmated, mated = np.asarray(nonmated), np.asarray(mated)
    one, other = (side[: len(nonmated)] for side in np.triu_indices(20, k=1))
    person = np.arange(len(mated)) % 20
    return ListedSource(
        CROWD,
        np.full(20, 2),
        np.concatenate([nonmated, mated]).astype(float),
        np.concatenate([one, person]).astype(np.int32),
        np.concatenate([other, person]).astype(np.int32),
    ).evidence(EVERYONE)


def test_fnmr_is_read_just_above_the_false_match_that_is_one_too_many() -> None:
    evidence = evidence_of(np.arange(100) / 100, [0.985, 0.98, 0.99, 0.5])
    found = separability(evidence, EVERYONE, 0.01, None)
    assert found.threshold == pytest.approx(0.98)
    assert found.threshold is not None
    assert found.fnmr is not None
    assert found.threshold > 0.98
    assert (found.fnmr.errors, found.fnmr.trials) == (2, 4)


def test_ties_are_read_against_the_recogniser() -> None:
    scores = np.append(np.zeros(95), np.full(5, 0.9))
    found = separability(evidence_of(scores, [0.9, 0.95]), EVERYONE, 0.02, None)
    assert found.threshold is not None
    assert found.fnmr is not None
    assert found.threshold > 0.9
    assert found.fnmr.errors == 1


def test_too_few_comparisons_have_no_such_rate() -> None:
    found = separability(evidence_of(np.arange(99) / 99, [0.5]), EVERYONE, 0.01, None)
    assert found.threshold is None
    assert found.fnmr is None
    assert found.why_not == "99 comparisons of different people; an FMR of 0.01 needs 100"


def test_people_with_one_sample_have_no_such_rate() -> None:
    found = separability(evidence_of(np.arange(100) / 99, []), EVERYONE, 0.01, None)
    assert found.fnmr is None
    assert "two samples" in found.why_not


def test_draws_with_their_own_threshold_can_only_widen_the_interval() -> None:
    rng = np.random.default_rng(3)
    evidence = evidence_of(rng.normal(0, 1, 190), rng.normal(2, 1, 60))
    drawn_people = rng.multinomial(19, np.full(20, 1 / 20), 300).astype(np.float64)
    weights: Scores = drawn_people * (20 / 19)
    alone = separability(evidence, EVERYONE, 0.02, None).fnmr
    drawn = separability(evidence, EVERYONE, 0.02, weights).fnmr
    assert drawn is not None
    assert alone is not None
    assert drawn.value == alone.value
    assert drawn.interval[0] <= alone.interval[0]
    assert drawn.interval[1] > alone.interval[1]
    assert drawn.method is IntervalMethod.BOOTSTRAP


def test_where_draws_have_nothing_to_compare_the_interval_says_what_it_leaves_out() -> None:
    evidence = evidence_of(np.arange(190) / 190, [0.5, 0.99])
    weights = draw_people(CROWD, EVERYONE, 200, np.random.default_rng(4))
    # Both who gave two samples are missing from about (18 / 20) ** 19, 14 % of the draws.
    assert np.mean(weights[:, :2].sum(axis=1) == 0) > 0.05
    alone = separability(evidence, EVERYONE, 0.02, None)
    drawn = separability(evidence, EVERYONE, 0.02, weights)
    assert drawn.fnmr == alone.fnmr
    assert alone.why_not == ""
    assert "more than 5 % of the draws of people hold nothing to compare" in drawn.why_not


def test_a_curve_trades_one_error_for_the_other() -> None:
    edges = np.linspace(0, 1, 101)
    nonmated, mated = np.zeros(100, int), np.zeros(100, int)
    nonmated[:60], mated[40:] = 10, 5
    curve = det_curve(edges, mated, nonmated)
    assert len(curve) > 20
    assert (curve[0].fmr, curve[0].fnmr) == (1, 0)
    assert all(one.fmr > two.fmr and one.fnmr <= two.fnmr for one, two in pairwise(curve))
    at_half = min(curve, key=lambda point: abs(point.threshold - 0.5))
    assert at_half.fmr == pytest.approx((60 - at_half.threshold * 100) / 60)
    assert at_half.fnmr == pytest.approx((at_half.threshold * 100 - 40) / 60)


def test_there_is_no_curve_without_both_kinds_of_comparison() -> None:
    assert det_curve(np.arange(3.0), np.zeros(2, int), np.ones(2, int)) == ()


def test_a_picture_covers_the_scores_that_occur_and_its_shares_sum_to_one() -> None:
    counts = np.zeros(4096, dtype=np.int64)
    counts[1000:3000] = 2
    distribution = Distribution(
        np.linspace(-1, 1, 4097), counts[None, :], np.zeros((1, 1, 4096), dtype=np.int64)
    )
    picture = picture_edges(distribution)
    drawn = histogram(distribution.edges, counts, picture)
    assert 50 <= len(drawn.shares) <= 61
    assert sum(drawn.shares) == pytest.approx(1)
    assert drawn.edges[0] == distribution.edges[1000]
    assert drawn.edges[-1] >= distribution.edges[3000]
    assert sum(histogram(distribution.edges, counts * 0, picture).shares) == 0
