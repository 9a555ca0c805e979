"""A threshold is fixed by its policy: bounded, modelled, counted, and its note says which."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluate.crowds import crowd_of, faces

from chiso.evaluate.counting import nonmated_errors
from chiso.evaluate.evidence import Crowd, Evidence
from chiso.evaluate.findings import EVERYONE, FrozenThreshold
from chiso.evaluate.fit import Policy
from chiso.evaluate.fixing import fix_threshold, lowest_threshold
from chiso.evaluate.intervals import rate_of
from chiso.evaluate.listed import ListedSource
from chiso.evaluate.vectors import VectorSource


def everyone_of(crowd: Crowd) -> np.ndarray:
    return np.ones(crowd.people, dtype=bool)


def listed_evidence(crowd: Crowd, scores: np.ndarray) -> Evidence:
    one, other = (side.astype(np.int32) for side in np.triu_indices(crowd.people, k=1))
    source = ListedSource(crowd, np.ones(crowd.people, int), scores, one, other)
    return source.evidence(everyone_of(crowd))


def fixed(
    evidence: Evidence, target: float, policy: Policy, *, cosines: bool = False
) -> FrozenThreshold:
    return fix_threshold(evidence, target, policy, 5, scores_are_cosines=cosines)


def test_pooled_is_the_lowest_threshold_that_meets_the_target() -> None:
    crowd = crowd_of(20)
    found = fixed(listed_evidence(crowd, np.arange(190) / 190), 0.1, Policy.POOLED)
    assert found.set_by == EVERYONE
    assert found.people == 20
    # 19 of 190 may match; the 20th highest is 170 / 190.
    assert found.value == np.nextafter(170 / 190, 1)


def test_a_target_below_one_comparison_asks_for_more_than_the_highest_false_score() -> None:
    scores = np.random.default_rng(1).random(45) * 0.5
    for cosines in (False, True):
        found = fixed(
            listed_evidence(crowd_of(10), scores), 0.001, Policy.WORST_GROUP, cosines=cosines
        )
        assert found.value > scores.max()


def test_small_groups_of_cosines_are_modelled_and_the_note_says_so() -> None:
    crowd = crowd_of(8, 9, 3)
    vectors, person = faces(crowd, 2, seed=1)
    evidence = VectorSource(crowd, vectors, person).evidence(everyone_of(crowd))
    counted = fixed(evidence, 0.001, Policy.WORST_GROUP)
    modelled = fixed(evidence, 0.001, Policy.WORST_GROUP, cosines=True)
    assert modelled.value >= counted.value
    assert "no lower than a normal model of their angles asks for" in modelled.note
    assert "the false matches counted meet the target: everyone, a, b." in modelled.note
    assert "Too few people to set a threshold: c." in modelled.note
    assert "counted" in counted.note


def test_the_model_reads_bins_where_not_all_scores_were_kept() -> None:
    crowd = crowd_of(40, 40)
    vectors, person = faces(crowd, 2, seed=2)
    full, binned = (
        VectorSource(crowd, vectors, person, keep_all=keep_all).evidence(everyone_of(crowd))
        for keep_all in (10**6, 100)
    )
    thresholds = [
        fixed(evidence, 0.0001, Policy.WORST_GROUP, cosines=True).value
        for evidence in (full, binned)
    ]
    assert thresholds[0] == pytest.approx(thresholds[1], abs=1e-4)


def test_a_group_with_people_enough_is_held_to_its_upper_bound() -> None:
    crowd = crowd_of(300, 4)
    vectors, person = faces(crowd, 1, seed=3)
    evidence = VectorSource(crowd, vectors, person).evidence(everyone_of(crowd))
    found = fixed(evidence, 0.05, Policy.WORST_GROUP)
    members = crowd.members("a")
    assert "The upper bound of the FMR meets the target for: a." in found.note
    own = fixed(evidence, 0.05, Policy.POOLED)
    assert found.value > own.value
    assert found.set_by == "a"
    upper = rate_of(nonmated_errors(evidence, found.value, members, members)).interval[1]
    beyond = rate_of(nonmated_errors(evidence, found.value - 0.02, members, members))
    assert upper <= 0.05 < beyond.interval[1]


def test_the_strictest_group_sets_the_threshold() -> None:
    crowd = crowd_of(30, 30)
    vectors, person = faces(crowd, 1, seed=4)
    evidence = VectorSource(crowd, vectors, person).evidence(everyone_of(crowd))
    assert fixed(evidence, 0.01, Policy.WORST_GROUP).set_by == "b"


def test_one_person_alone_sets_no_threshold() -> None:
    crowd = crowd_of(1)
    with pytest.raises(ValueError, match="different people"):
        fixed(listed_evidence(crowd, np.zeros(0)), 0.01, Policy.POOLED)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1])
def test_a_target_is_a_rate_between_none_and_all(target: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        fixed(listed_evidence(crowd_of(3), np.zeros(3)), target, Policy.POOLED)


def test_a_group_that_one_person_has_most_comparisons_of_is_not_held_to_a_bound() -> None:
    crowd = crowd_of(300)
    vectors, person = faces(crowd, 1, seed=3)
    hers = np.flatnonzero(person == 0).repeat(99)
    evidence = VectorSource(
        crowd, np.concatenate([vectors, vectors[hers]]), np.concatenate([person, person[hers]])
    ).evidence(everyone_of(crowd))
    found = fixed(evidence, 0.05, Policy.WORST_GROUP)
    assert "The false matches counted meet the target, with no bound: everyone, a." in found.note


def test_thresholds_from_what_was_kept_are_those_from_all_or_none() -> None:
    crowd = crowd_of(17, 1, 23)
    vectors, person = faces(crowd, 3, seed=5)
    everyone = everyone_of(crowd)
    full = VectorSource(crowd, vectors, person).evidence(everyone)
    some = VectorSource(crowd, vectors, person, keep_all=100).evidence(everyone)
    for members in (everyone, crowd.members("a"), crowd.members("c")):
        for fmr in (0.001, 0.01, 0.02, 0.03):
            own = lowest_threshold(full, members, fmr)
            assert lowest_threshold(some, members, fmr) == pytest.approx(own, abs=1e-6)
    for fmr in (0.035, 0.05, 0.1, 0.5):
        with pytest.raises(ValueError, match="were only counted"):
            lowest_threshold(some, everyone, fmr)
        asked = VectorSource(crowd, vectors, person, keep_all=100).evidence(everyone, fmr)
        own = lowest_threshold(full, everyone, fmr)
        assert lowest_threshold(asked, everyone, fmr) == pytest.approx(own, abs=1e-6)


def test_all_may_match_at_a_threshold_below_every_score() -> None:
    assert lowest_threshold(listed_evidence(crowd_of(3), np.zeros(3)), np.ones(3, bool), 1) < 0
