"""What the bench of the narrowing counts, learns and keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from bench.narrowing_errors import (
    Count,
    Floats,
    Index,
    Mask,
    Templates,
    counted,
    halves,
    rate,
    scores_by_person,
)
from bench.narrowing_maps import Map, People, adapter, loss, whitening
from bench.narrowing_ruling import Change, verdict

from chiso.adapters.models.embedder import to_unit_length
from chiso.evaluate.counting import mated_errors, nonmated_errors
from chiso.evaluate.evidence import Crowd
from chiso.evaluate.separability import separability
from chiso.evaluate.vectors import Role, VectorSource

GROUP = np.repeat([0, 1], [30, 14])
DIMENSIONS = 16


def templates(group: Index, each: int, spread: float, seed: int) -> tuple[Templates, Templates]:
    """One reference a person and `each` probes; the second group's people lie closer together.

    What one person's templates differ by lies mostly in the first four directions.
    """
    chance = np.random.default_rng(seed)
    people = len(group)
    own = chance.normal(size=(people, DIMENSIONS)) + 0.8 * group[:, None]
    person = np.repeat(np.arange(people), each)
    uneven = spread * np.repeat([3.0, 1.0], [4, DIMENSIONS - 4])
    probes = own[person] + uneven * chance.normal(size=(len(person), DIMENSIONS))
    references = own + uneven * chance.normal(size=own.shape)
    return (
        Templates(to_unit_length(references.astype(np.float32)), np.arange(people)),
        Templates(to_unit_length(probes.astype(np.float32)), person),
    )


def counts_of(references: Templates, probes: Templates, tests: Mask) -> np.ndarray:
    scores = scores_by_person(probes, references, len(GROUP))
    return counted(scores, probes.person, scores, probes.person, GROUP, tests)


def test_a_half_reads_separability_and_rates_as_an_audit_of_its_people_does() -> None:
    references, probes = templates(GROUP, 8, 0.35, 1)
    crowd = Crowd(("a", "b"), GROUP.astype(np.int32))
    source = VectorSource(
        crowd,
        np.concatenate([references.vectors, probes.vectors]),
        np.concatenate([references.person, probes.person]).astype(np.int32),
        np.repeat([Role.REFERENCE, Role.PROBE], [len(GROUP), len(probes.person)]).astype(np.int8),
    )
    tests = halves(GROUP, 3, 7)
    for test, counts in zip(tests, counts_of(references, probes, tests), strict=True):
        evidence = source.evidence(test)
        thresholds = []
        for group, name in enumerate(crowd.groups):
            members = test & crowd.members(name)
            found = separability(evidence, members, 0.01, None)
            assert found.fnmr is not None
            assert found.threshold is not None
            assert counts[group, Count.OWN_MISSED] == found.fnmr.errors > 0
            assert counts[group, Count.MATED] == found.fnmr.trials
            thresholds.append(found.threshold)
        for group, name in enumerate(crowd.groups):
            members = test & crowd.members(name)
            false = nonmated_errors(evidence, max(thresholds), members, members)
            assert counts[group, Count.NONMATED] == false.trials
            assert counts[group, Count.READ_FALSE] == false.errors
            missed = mated_errors(evidence, max(thresholds), members).errors
            assert counts[group, Count.READ_MISSED] == missed


def test_the_frozen_threshold_is_the_one_that_the_other_half_reads() -> None:
    references, probes = templates(GROUP, 8, 0.35, 2)
    test = halves(GROUP, 1, 3)[0]
    scores = scores_by_person(probes, references, len(GROUP))

    def read_false(frozen: Floats) -> tuple[int, int]:
        (counts,) = counted(frozen, probes.person, frozen, probes.person, GROUP, np.stack([test]))
        return int(counts[:, Count.READ_FALSE].sum()), int(counts[:, Count.FROZEN_FALSE].sum())

    raised = scores.copy()
    raised[np.ix_(~test[probes.person], ~test)] += 2.0
    assert read_false(raised)[0] == read_false(scores)[0] > 0
    assert read_false(raised)[1] == 0 < read_false(scores)[1]


def test_halves_hold_half_of_every_group_and_everyone_is_tested_in_some() -> None:
    group = np.array([0] * 7 + [1] * 5 + [-1])
    tests = halves(group, 50, 1)
    assert {int(test[group == 0].sum()) for test in tests} == {4}
    assert {int(test[group == 1].sum()) for test in tests} == {3}
    assert tests.any(axis=0).all()
    assert (tests == halves(group, 50, 1)).all()


def test_someone_alone_in_her_group_counts_in_no_group_but_can_be_taken_for_another() -> None:
    references, probes = templates(GROUP, 2, 0.01, 4)
    group = GROUP.copy()
    group[0] = -1
    scores = scores_by_person(probes, references, len(group))
    everyone = np.ones((1, len(group)), dtype=bool)
    scores[0, 1] = 2.0  # her probe is as good as hers of another
    (counts,) = counted(scores, probes.person, scores, probes.person, group, everyone)
    assert counts[:, Count.MATED].sum() == 2 * (len(group) - 1)
    assert counts[:, Count.STUDIO_UNTOLD].sum() == 2 * (len(group) - 1)


def test_a_person_with_several_references_scores_with_her_best() -> None:
    vectors = np.eye(3, dtype=np.float32)
    probe = Templates(to_unit_length(np.array([[3, 4, 0]], np.float32)), np.array([0]))
    references = Templates(vectors, np.array([0, 0, 1]))
    assert scores_by_person(probe, references, 3)[0] == pytest.approx([0.8, 0.0, -np.inf])


def test_a_rate_sums_errors_and_comparisons_over_halves() -> None:
    value, low, high = rate(np.array([1, 0, 0]), np.array([10, 30, 0]))
    assert value == 1 / 40
    assert 0 <= low < high <= 0.1
    assert np.isnan(rate(np.array([0]), np.array([0]))[0])


def learnt_from(seed: int) -> People:
    references, probes = templates(np.zeros(40, dtype=int), 6, 0.35, seed)
    return People(references, probes)


@pytest.mark.parametrize("fit", [whitening, adapter])
def test_a_map_learnt_from_some_people_tells_other_people_apart_better(
    fit: Callable[[Sequence[People]], Map],
) -> None:
    through = fit([learnt_from(5)])
    other = learnt_from(6)
    nothing = np.zeros((DIMENSIONS, DIMENSIONS), np.float32)
    mapped = People(
        Templates(through(other.references.vectors), other.references.person),
        Templates(through(other.probes.vectors), other.probes.person),
    )
    assert np.linalg.norm(mapped.probes.vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert loss(mapped, nothing) < 0.95 * loss(other, nothing)


def test_the_adapter_follows_the_slope_of_its_loss() -> None:
    from bench.narrowing_maps import _slope

    people = learnt_from(8)
    chance = np.random.default_rng(9)
    matrix = 0.05 * chance.normal(size=(DIMENSIONS, DIMENSIONS)).astype(np.float32)
    way = chance.normal(size=matrix.shape).astype(np.float32)
    step = np.float32(1e-3)
    slope = (loss(people, matrix + step * way) - loss(people, matrix - step * way)) / (2 * step)
    assert float((_slope(people, matrix) * way).sum()) == pytest.approx(slope, rel=0.02)


@pytest.mark.parametrize(
    ("changes", "ruling"),
    [
        ([(-0.05, -0.1, 0.0), (0.004, -0.01, 0.01)], "kept"),
        ([(-0.05, -0.1, 0.0), (0.02, -0.01, 0.05)], "undecided"),
        ([(-0.05, -0.1, 0.0), (0.02, 0.01, 0.05)], "dropped"),
        ([(-0.003, -0.1, 0.0), (0.0, 0.0, 0.0)], "no gain"),
    ],
)
def test_a_measure_is_kept_only_where_no_group_loses(
    changes: list[tuple[float, float, float]], ruling: str
) -> None:
    assert verdict([Change("way", "group", *each) for each in changes]) == ruling
