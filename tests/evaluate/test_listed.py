"""Evidence from a list of comparisons that somebody else made."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluate.crowds import crowd_of

from chiso.evaluate.evidence import Mask
from chiso.evaluate.listed import ListedSource
from chiso.evaluate.pair_counts import ListedCounts, ProductCounts


def masks(people: Iterable[int]) -> Mask:
    mask = np.zeros(12, dtype=bool)
    mask[list(people)] = True
    return mask


POPULATIONS = [
    (masks(range(12)), masks(range(12))),
    (masks([0, 3, 4, 7]), masks([0, 3, 4, 7])),
    (masks([0, 1, 2]), masks([3, 5, 8, 9])),
]


@pytest.mark.parametrize(("left", "right"), POPULATIONS)
@given(references=st.lists(st.integers(0, 3), min_size=12, max_size=12), seed=st.integers(0, 99))
def test_counts_by_formula_equal_counts_of_the_listed_comparisons(
    left: Mask, right: Mask, references: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a, b = np.array(references), rng.integers(0, 3, 12)
    pairs = [
        (i, j) for i in range(12) for j in range(12) if i != j for _ in range(a[i] * b[j])
    ] or [(0, 1)]
    if not (a.sum() and b.sum()) or len(pairs) == 1:
        return
    one, other = np.array(pairs, dtype=np.int32).T
    listed = ListedCounts(one, other, 12)
    product = ProductCounts(a.astype(float), b.astype(float))
    weights = rng.random((5, 12))
    assert product.total(left, right) == listed.total(left, right)
    np.testing.assert_allclose(product.by_person(left, right), listed.by_person(left, right))
    assert product.sum_of_squares(left, right) == pytest.approx(listed.sum_of_squares(left, right))
    np.testing.assert_allclose(
        product.weighted_totals(left, right, weights),
        listed.weighted_totals(left, right, weights),
        atol=1e-9,
    )
    np.testing.assert_array_equal(product.of_pairs(one, other), listed.of_pairs(other, one))


def test_a_pair_that_is_not_listed_has_no_comparison() -> None:
    counts = ListedCounts(np.array([0, 0], np.int32), np.array([1, 2], np.int32), 4)
    assert counts.of_pairs(np.array([1, 3]), np.array([2, 0])).tolist() == [0, 0]


def test_all_of_six_people_hold_three_pairs_that_share_nobody_but_one_against_all_holds_one() -> (
    None
):
    one, other = np.triu_indices(6, k=1)
    everyone = np.ones(6, dtype=bool)
    full = ListedCounts(one.astype(np.int32), other.astype(np.int32), 6)
    assert full.independent_pairs(everyone, everyone) == 3
    star = ListedCounts(np.zeros(5, np.int32), np.arange(1, 6, dtype=np.int32), 6)
    assert star.independent_pairs(everyone, everyone) == 1
    samples = np.full(6, 3.0)
    assert ProductCounts(samples, samples / 2).independent_pairs(everyone, everyone) == 3


def test_one_reference_against_all_probes_holds_one_pair_that_shares_nobody() -> None:
    counts = ProductCounts(np.array([1.0, 0, 0, 0]), np.array([0, 1.0, 1, 1]))
    everyone = np.ones(4, dtype=bool)
    assert counts.independent_pairs(everyone, everyone) == 1


def test_evidence_holds_the_comparisons_whose_both_sides_are_chosen() -> None:
    crowd = crowd_of(2, 2)
    source = ListedSource(
        crowd,
        np.full(4, 2),
        np.array([0.9, 0.1, 0.2, 0.3]),
        np.array([0, 0, 1, 2], np.int32),
        np.array([0, 1, 2, 3], np.int32),
    )
    evidence = source.evidence(np.array([True, True, True, False]))
    assert evidence.mated.scores.tolist() == [0.9]
    assert evidence.nonmated.scores.tolist() == [0.1, 0.2]
    assert evidence.nonmated.floor == -np.inf
    assert evidence.distribution.mated.sum() == 1
    assert evidence.distribution.nonmated.sum(axis=2).tolist() == [[1, 1], [1, 0]]


def test_mated_scores_are_told_apart_by_their_bins_however_few_they_are() -> None:
    one, other = (side.astype(np.int32) for side in np.triu_indices(300, k=1))
    mated = np.array([0, 1, 2], np.int32)
    scores = np.append(np.random.default_rng(1).normal(size=len(one)), [50.0, 60.0, 70.0])
    owners = np.concatenate([one, mated]), np.concatenate([other, mated])
    source = ListedSource(crowd_of(300), np.ones(300, np.int64), scores, *owners)
    found = source.evidence(np.ones(300, dtype=bool)).distribution
    counted = np.flatnonzero(found.mated[0])
    assert found.mated[0][counted].tolist() == [1, 1, 1]
    edges = found.edges
    for place, score in zip(counted, scores[-3:], strict=True):
        assert edges[place] <= score < edges[place + 1]


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        ListedSource(
            crowd_of(2),
            np.full(2, 1),
            np.array([np.nan]),
            np.zeros(1, np.int32),
            np.ones(1, np.int32),
        )
