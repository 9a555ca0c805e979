"""Evidence from vectors, all compared in blocks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.evaluate.crowds import crowd_of, faces, listed, listed_by_role

from chiso.evaluate import blocks
from chiso.evaluate.counting import nonmated_errors
from chiso.evaluate.evidence import Evidence, Index, NonMated, Scores
from chiso.evaluate.vectors import KEPT_SHARE, VectorSource

CROWD = crowd_of(17, 1, 23)


@pytest.fixture(params=[(512, 2048), (7, 11), (1, 3)])
def block_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "ROWS", request.param[0])
    monkeypatch.setattr(blocks, "COLUMNS", request.param[1])


def assert_same_comparisons(one: Evidence, other: Evidence) -> None:
    """Whatever the order they were formed in; blocks round to float32 each in their own way."""
    (pairs, scores), (other_pairs, other_scores) = map(in_order, (one.nonmated, other.nonmated))
    np.testing.assert_array_equal(pairs, other_pairs)
    np.testing.assert_allclose(scores, other_scores, atol=1e-6)
    np.testing.assert_allclose(np.sort(one.mated.scores), np.sort(other.mated.scores), atol=1e-6)


def in_order(nonmated: NonMated) -> tuple[Index, Scores]:
    low = np.minimum(nonmated.one, nonmated.other)
    high = np.maximum(nonmated.one, nonmated.other)
    order = np.lexsort((nonmated.scores, high, low))
    return np.stack([low, high])[:, order], nonmated.scores[order]


@pytest.mark.usefixtures("block_size")
def test_blocks_hold_every_comparison_once() -> None:
    vectors, person = faces(CROWD, 3, seed=1)
    source = VectorSource(CROWD, vectors, person)
    chosen = np.random.default_rng(2).random(CROWD.people) < 0.7
    formed = source.evidence(chosen)
    one_by_one = listed(source, vectors, person).evidence(chosen)
    assert_same_comparisons(formed, one_by_one)
    assert formed.nonmated.counts.total(chosen, chosen) == len(formed.nonmated.scores)
    assert np.array_equal(
        formed.distribution.nonmated.sum(axis=2), one_by_one.distribution.nonmated.sum(axis=2)
    )


@pytest.mark.usefixtures("block_size")
def test_references_are_compared_with_probes_only() -> None:
    vectors, person = faces(CROWD, 4, seed=3)
    roles = np.random.default_rng(4).integers(0, 2, len(person)).astype(np.int8)
    source = VectorSource(CROWD, vectors, person, roles)
    everyone = np.ones(CROWD.people, dtype=bool)
    formed = source.evidence(everyone)
    one_by_one = listed_by_role(source, vectors, person, roles).evidence(everyone)
    assert_same_comparisons(formed, one_by_one)
    assert formed.nonmated.counts.total(everyone, everyone) == len(formed.nonmated.scores)


@pytest.mark.usefixtures("block_size")
def test_of_many_comparisons_enough_are_kept_in_every_group_and_their_errors_are_exact() -> None:
    vectors, person = faces(CROWD, 3, seed=5)
    source = VectorSource(CROWD, vectors, person, keep_all=100)
    everyone = np.ones(CROWD.people, dtype=bool)
    some, full = source.evidence(everyone), listed(source, vectors, person).evidence(everyone)
    assert len(some.nonmated.scores) < len(full.nonmated.scores)
    for members in (CROWD.members("a"), CROWD.members("c"), everyone):
        own = members[some.nonmated.one] & members[some.nonmated.other]
        trials = some.nonmated.counts.total(members, members)
        assert np.count_nonzero(own) >= KEPT_SHARE * trials
        threshold = some.nonmated.floor + 0.01
        found, expected = (nonmated_errors(e, threshold, members, members) for e in (some, full))
        assert found.errors == expected.errors > 0
        assert found.trials == expected.trials
        assert np.array_equal(found.person_errors, expected.person_errors)
        assert found.unit_errors_squared == expected.unit_errors_squared
        assert found.unit_errors_times_trials == expected.unit_errors_times_trials
        assert found.unit_trials_squared == pytest.approx(expected.unit_trials_squared)


def test_errors_below_the_floor_are_refused_unless_their_threshold_was_named() -> None:
    vectors, person = faces(CROWD, 3, seed=5)
    everyone = np.ones(CROWD.people, dtype=bool)
    kept = VectorSource(CROWD, vectors, person, keep_all=100).evidence(everyone)
    with pytest.raises(ValueError, match="only counted"):
        nonmated_errors(kept, 0.1, everyone, everyone)
    named = VectorSource(CROWD, vectors, person, keep_all=100, lowest=0.1).evidence(everyone)
    full = listed(VectorSource(CROWD, vectors, person), vectors, person).evidence(everyone)
    found, expected = (nonmated_errors(e, 0.1, everyone, everyone) for e in (named, full))
    assert found.errors == expected.errors


def test_more_comparisons_than_can_be_kept_are_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chiso.evaluate.vectors._MOST_KEPT", 1000)
    source = VectorSource(CROWD, *faces(CROWD, 3, seed=5), keep_all=100)
    everyone = np.ones(CROWD.people, dtype=bool)
    assert len(source.evidence(everyone).nonmated.scores) <= 1000
    with pytest.raises(ValueError, match=r"more than 1,000 .* a higher threshold or a lower FMR"):
        source.evidence(everyone, 0.2)


class Shifted:
    """Scores far from [-1, 1], by what each sample brings."""

    def prepare(self, vectors: NDArray[np.float32]) -> Scores:
        return vectors[:, :1].astype(np.float64)

    def apply(self, scores: NDArray[np.floating], left: Scores, right: Scores) -> Scores:
        moved: Scores = 40.0 + 10 * scores + left + right.T
        return moved


@pytest.mark.usefixtures("block_size")
@pytest.mark.parametrize("keep_all", [100, 10**6])
def test_a_normaliser_sees_each_score_with_its_own_two_samples(keep_all: int) -> None:
    vectors, person = faces(CROWD, 3, seed=6)
    source = VectorSource(CROWD, vectors, person, normaliser=Shifted(), keep_all=keep_all)
    everyone = np.ones(CROWD.people, dtype=bool)
    evidence = source.evidence(everyone)
    one, other = np.triu_indices(len(vectors), k=1)
    expected = 40 + 10 * (vectors @ vectors.T)[one, other] + vectors[one, 0] + vectors[other, 0]
    apart = person[one] != person[other]
    kept = np.sort(evidence.nonmated.scores)[::-1]
    np.testing.assert_allclose(
        kept[:60], np.sort(expected[apart].astype(float))[::-1][:60], rtol=1e-5
    )
    np.testing.assert_allclose(
        np.sort(evidence.mated.scores), np.sort(expected[~apart].astype(float)), rtol=1e-5
    )


class Steep:
    """Scores far above all others where a cosine is near 1."""

    def prepare(self, vectors: NDArray[np.float32]) -> Scores:
        return np.zeros((len(vectors), 1))

    def apply(self, scores: NDArray[np.floating], left: Scores, right: Scores) -> Scores:
        steep: Scores = 100 * scores.astype(np.float64) ** 9
        return steep


def test_the_few_mated_scores_of_a_normaliser_are_told_apart_by_their_bins() -> None:
    crowd = crowd_of(900)
    vectors, person = faces(crowd, 1, seed=9)
    # Half of the people gave a reference and half a probe; three gave both.
    roles = (person >= 450).astype(np.int8)
    rng = np.random.default_rng(10)
    rows = np.flatnonzero(np.isin(person, (10, 200, 400)))
    again = vectors[rows] + 0.05 * rng.normal(size=(3, vectors.shape[1])).astype(np.float32)
    again /= np.linalg.norm(again, axis=1, keepdims=True)
    source = VectorSource(
        crowd,
        np.concatenate([vectors, again]),
        np.concatenate([person, person[rows]]),
        np.concatenate([roles, np.ones(3, np.int8)]),
        Steep(),
    )
    evidence = source.evidence(np.ones(crowd.people, dtype=bool))
    mated = evidence.distribution.mated.sum(axis=0)
    assert mated.sum() == 3
    assert mated[-1] == 0
    assert np.count_nonzero(mated) == 3


def test_a_vector_that_is_not_of_unit_length_is_named() -> None:
    vectors, person = faces(CROWD, 1, seed=7)
    vectors[5] *= 2
    with pytest.raises(ValueError, match="row 5 has length 2"):
        VectorSource(CROWD, vectors, person)


def test_progress_ends_at_one() -> None:
    told: list[float] = []
    vectors, person = faces(CROWD, 1, seed=8)
    VectorSource(CROWD, vectors, person, progress=told.append).evidence(CROWD.members("c"))
    assert told[-1] == 1.0
