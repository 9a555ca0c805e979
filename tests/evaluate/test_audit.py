from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.evaluate.crowds import crowd_of, faces, listed

from chiso.evaluate.audit import audit
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.evidence import Crowd, Index, Normalised, Scores
from chiso.evaluate.findings import (
    EVERYONE,
    Findings,
    IntervalMethod,
    NormaliserFindings,
    Verdict,
)
from chiso.evaluate.vectors import VectorSource

PLAN = AuditPlan(seed=3, target_fmr=0.02)
CROWD = crowd_of(40, 30, 24)
VECTORS, PERSON = faces(CROWD, 3, seed=1)
SOURCE = VectorSource(CROWD, VECTORS, PERSON)


def numbers(found: Findings) -> list[float]:
    """Every rate, count and interval, in order."""
    rates = [rate for group in found.groups for rate in (group.fmr, group.fnmr)]
    rates += [cross.fmr for cross in found.cross]
    rates += [own.fnmr for group in found.groups for own in group.separability if own.fnmr]
    values = [
        number
        for rate in rates
        for number in (rate.value, rate.errors, rate.trials, rate.people, *rate.interval)
    ]
    values += [number for judged in found.judgements for number in (judged.value, *judged.interval)]
    return [*values, found.threshold.value]


@pytest.fixture(scope="module")
def found() -> Findings:
    return audit(SOURCE, PLAN)


def test_vectors_and_the_same_comparisons_listed_give_the_same_findings(found: Findings) -> None:
    one_by_one = audit(listed(SOURCE, VECTORS, PERSON), PLAN)
    np.testing.assert_allclose(numbers(found), numbers(one_by_one), rtol=1e-5, atol=1e-6)
    assert found.verdict == one_by_one.verdict
    assert found.split == one_by_one.split


def test_keeping_only_high_scores_gives_the_same_findings(found: Findings) -> None:
    thrifty = audit(VectorSource(CROWD, VECTORS, PERSON, keep_all=100), PLAN)
    np.testing.assert_allclose(numbers(found), numbers(thrifty), rtol=1e-6, atol=1e-9)


def test_an_audit_repeats_itself(found: Findings) -> None:
    again = audit(SOURCE, PLAN)
    assert numbers(found) == numbers(again)
    assert found.disparities == again.disparities


def test_everyone_comes_first_and_every_pair_of_groups_is_crossed_once(found: Findings) -> None:
    assert [group.group for group in found.groups] == [EVERYONE, "a", "b", "c"]
    pairs = [(cross.one, cross.other) for cross in found.cross]
    assert pairs == [("a", "a"), ("a", "b"), ("a", "c"), ("b", "b"), ("b", "c"), ("c", "c")]
    assert sum(cross.fmr.trials for cross in found.cross) == found.groups[0].fmr.trials
    assert sum(cross.fmr.errors for cross in found.cross) == found.groups[0].fmr.errors


def test_test_people_set_no_threshold(found: Findings) -> None:
    moved = VECTORS.copy()
    test = np.isin(PERSON, np.flatnonzero(_test_people()))
    moved[test] = -moved[test]
    again = audit(VectorSource(CROWD, moved, PERSON), PLAN)
    assert again.threshold == found.threshold
    assert sum(counts.test for counts in found.split) == np.count_nonzero(_test_people())


def _test_people() -> np.ndarray:
    from chiso.evaluate.split import split_people

    return split_people(CROWD, PLAN).test


def test_a_given_threshold_is_tested_on_everyone() -> None:
    plan = AuditPlan(seed=3, given_threshold=0.6, given_by="the vendor")
    found = audit(SOURCE, plan)
    assert found.groups[0].people == CROWD.people
    assert (found.threshold.policy, found.threshold.set_by) == ("given", "the vendor")
    assert (found.threshold.value, found.threshold.people) == (0.6, 0)


def test_a_given_threshold_below_what_was_kept_is_refused() -> None:
    plan = AuditPlan(seed=3, given_threshold=0.0)
    with pytest.raises(ValueError, match="only counted"):
        audit(VectorSource(CROWD, VECTORS, PERSON, keep_all=100), plan)
    named = VectorSource(CROWD, VECTORS, PERSON, keep_all=100, lowest=0.0)
    assert audit(named, plan).groups[0].fmr.value > 0.4


def test_failures_to_enrol_are_counted_where_photos_were_offered() -> None:
    offered = {"a": (120, 6), "b": (90, 0), "c": (72, 3)}
    found = audit(SOURCE, PLAN, offered=offered)
    rates = [group.fte for group in found.groups if group.fte is not None]
    assert [(rate.errors, rate.trials) for rate in rates] == [
        (9, 282),
        (6, 120),
        (0, 90),
        (3, 72),
    ]
    assert rates[1].interval[1] > 6 / 120


@pytest.mark.filterwarnings("error")
def test_a_single_group_says_nothing_of_differences() -> None:
    crowd = crowd_of(30)
    vectors, person = faces(crowd, 2, seed=5)
    found = audit(VectorSource(crowd, vectors, person), PLAN)
    assert len(found.groups) == 2
    assert all(disparity.value is None for disparity in found.disparities)
    assert {judged.groups for judged in found.judgements} == {("a",)}
    assert "Everyone is of one group, a: nothing can be said of differences." in found.remarks


@pytest.mark.filterwarnings("error")
def test_a_group_of_one_person_is_undecided_and_says_why() -> None:
    crowd = crowd_of(30, 1)
    vectors, person = faces(crowd, 2, seed=6)
    found = audit(VectorSource(crowd, vectors, person), PLAN)
    alone = found.groups[2]
    assert (alone.people, alone.fmr.trials, alone.fmr.method) == (1, 0, IntervalMethod.NONE)
    own = [judged for judged in found.judgements if "b" in judged.groups]
    assert own
    assert all(judged.verdict is not Verdict.PASS for judged in own)
    assert any("b: 1 person in the test and no comparison of two" in said for said in found.remarks)


def test_a_group_too_small_for_any_bound_is_not_said_to_have_one() -> None:
    crowd = crowd_of(30, 5)
    vectors, person = faces(crowd, 2, seed=6)
    found = audit(VectorSource(crowd, vectors, person), PLAN)
    assert found.groups[2].people in {2, 3}
    assert any("too few to say anything of the FMR" in said for said in found.remarks)
    assert not any("below 100 %" in said for said in found.remarks)


@pytest.mark.filterwarnings("error")
def test_people_with_one_sample_each_have_no_false_non_matches() -> None:
    crowd = crowd_of(20, 20)
    vectors, person = faces(crowd, 1, seed=7)
    found = audit(VectorSource(crowd, vectors, person), PLAN)
    assert found.groups[1].fnmr.trials == 0
    assert any("nobody in the test has two samples" in said for said in found.remarks)
    assert found.verdict is not Verdict.PASS


def test_an_interval_without_draws_is_said_to_be_of_its_threshold_alone() -> None:
    crowd = crowd_of(30, 30)
    vectors, person = faces(crowd, 3, seed=8)
    # Of the second group two people alone have more than one sample.
    rank = np.zeros(len(person), dtype=int)
    for one in range(crowd.people):
        rank[person == one] = np.arange(np.count_nonzero(person == one))
    kept = (rank == 0) | (person < 32)
    found = audit(
        VectorSource(crowd, vectors[kept], person[kept]), AuditPlan(seed=3, given_threshold=0.6)
    )
    said = [remark for remark in found.remarks if "is of this threshold alone" in remark]
    assert len(said) == 1
    assert said[0].startswith("b, at an FMR of 1 %: the interval of the FNMR")


def noisy_group_crowd() -> tuple[Crowd, np.ndarray, np.ndarray]:
    """Two groups, equally dense; the samples of the second are far noisier."""
    crowd = crowd_of(60, 60)
    rng = np.random.default_rng(8)
    person = np.repeat(np.arange(120), 4).astype(np.int32)
    noise = np.where(crowd.group_of[person] == 1, 1.6, 0.3)[:, None]
    vectors = rng.normal(size=(120, 24))[person] + noise * rng.normal(size=(480, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return crowd, vectors.astype(np.float32), person


def test_separability_that_differs_is_said_in_words() -> None:
    crowd, vectors, person = noisy_group_crowd()
    found = audit(VectorSource(crowd, vectors, person), PLAN)
    said = [remark for remark in found.remarks if remark.startswith("Even at thresholds")]
    assert len(said) == 1
    assert "b people are missed" in said[0]
    # In the other crowd nothing of the kind can be told.
    assert not any(
        remark.startswith("Even at thresholds")
        for remark in audit(VectorSource(crowd_of(120), vectors, person), PLAN).remarks
    )


class ByGroup:
    """Takes something off every comparison, by how near the common centre both samples are."""

    def __init__(self, weight: float) -> None:
        self._weight = weight

    def prepare(self, vectors: NDArray[np.float32]) -> Scores:
        side: Scores = self._weight * vectors.astype(np.float64).sum(axis=1, keepdims=True)
        return side

    def apply(self, scores: NDArray[np.floating], left: Scores, right: Scores) -> Scores:
        moved: Scores = scores - left - right.T
        return moved


def test_normalisers_stand_beside_none_with_paired_changes() -> None:
    source = VectorSource(CROWD, VECTORS, PERSON, normaliser=ByGroup(0.0))
    same, told = Normalised(source), Normalised(source, is_oracle=True)
    found = audit(SOURCE, PLAN, normalised={"none": same, "same": same, "told": told})
    assert [normaliser.name for normaliser in found.normalisers] == ["none", "same", "told"]
    assert [normaliser.is_oracle for normaliser in found.normalisers] == [False, False, True]
    for normaliser in found.normalisers:
        assert not normaliser.recommended
        assert [change.group for change in normaliser.changes] == [EVERYONE, "a", "b", "c"]
        assert all(change.fmr_change == 0 for change in normaliser.changes)
        assert all(change.fnmr_change_interval == (0, 0) for change in normaliser.changes)
        assert all(change.separability_change_interval == (0, 0) for change in normaliser.changes)
    assert "sees groups" in found.normalisers[2].why


def test_a_normaliser_that_harms_a_group_is_not_recommended() -> None:
    harmful = Normalised(VectorSource(CROWD, VECTORS, PERSON, normaliser=ByGroup(-0.6)))
    (_, found) = audit(SOURCE, PLAN, normalised={"harmful": harmful}).normalisers
    assert not found.recommended
    assert "rises beyond its interval" in found.why
    worst = max(found.changes, key=lambda change: change.fnmr_change)
    assert worst.fnmr_change > 0
    assert worst.fnmr_change_interval[0] > 0


def test_a_change_of_separability_lies_within_its_interval_which_can_show_it() -> None:
    harmful = Normalised(VectorSource(CROWD, VECTORS, PERSON, normaliser=ByGroup(-0.6)))
    (_, found) = audit(SOURCE, PLAN, normalised={"harmful": harmful}).normalisers
    lowest = []
    for each in found.changes:
        assert each.separability_change is not None
        assert each.separability_change_interval is not None
        low, high = each.separability_change_interval
        assert low <= each.separability_change <= high
        assert low < high
        lowest.append(low)
    assert max(lowest) > 0


class FromOneGroup:
    """Takes something off every comparison of two people of the last group; told who they are."""

    def __init__(
        self, crowd: Crowd, vectors: NDArray[np.float32], person: Index, weight: float
    ) -> None:
        last = crowd.group_of[person] == len(crowd.groups) - 1
        self._is_last = {
            row.tobytes(): float(mine) for row, mine in zip(vectors, last, strict=True)
        }
        self._weight = weight

    def prepare(self, vectors: NDArray[np.float32]) -> Scores:
        return np.array([[self._is_last[row.tobytes()]] for row in vectors])

    def apply(self, scores: NDArray[np.floating], left: Scores, right: Scores) -> Scores:
        moved: Scores = scores - self._weight * (left + right.T) / 2
        return moved


def _compared(
    crowd: Crowd, weight: float, people: int, *, holds_people: bool
) -> NormaliserFindings:
    """With something taken off the densest group, which is too small to set a threshold."""
    vectors, person = faces(crowd, 3, seed=1)
    off = FromOneGroup(crowd, vectors, person, weight)
    source = VectorSource(crowd, vectors, person, normaliser=off)
    plan = AuditPlan(seed=3, target_fmr=0.1, min_people=people)
    normalised = {"off": Normalised(source, holds_people=holds_people)}
    return audit(VectorSource(crowd, vectors, person), plan, normalised=normalised).normalisers[1]


def test_a_normaliser_that_lowers_the_highest_rate_and_raises_none_is_recommended() -> None:
    found = _compared(CROWD, 0.01, 14, holds_people=False)
    assert found.recommended
    assert "max/min FMR is shown to fall: " in found.why
    assert " times as large." in found.why


def test_a_normaliser_that_keeps_vectors_of_people_is_never_recommended() -> None:
    found = _compared(CROWD, 0.01, 14, holds_people=True)
    assert not found.recommended
    assert "vectors of single people" in found.why


def test_a_ratio_that_may_as_well_have_risen_recommends_nothing() -> None:
    found = _compared(crowd_of(60, 50, 12), 0.05, 10, holds_people=False)
    assert not found.recommended
    assert "not shown to fall: 3.16 without, 2.11 with it" in found.why


def test_where_there_is_one_group_no_normaliser_is_said_to_narrow_anything() -> None:
    found = _compared(crowd_of(60), 0.0, 10, holds_people=False)
    assert not found.recommended
    assert "no two groups" in found.why


def test_with_a_given_threshold_normalisers_are_compared_at_the_same_pooled_fmr() -> None:
    plan = AuditPlan(seed=3, given_threshold=0.6)
    scored = VectorSource(CROWD, VECTORS, PERSON, normaliser=ByGroup(0.02))
    found = audit(SOURCE, plan, normalised={"some": Normalised(scored)})
    change = found.normalisers[1].changes[0]
    assert change.fmr.errors == found.groups[0].fmr.errors
