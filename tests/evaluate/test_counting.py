"""Errors counted by person, by pair and across groups, above a floor that changes none of them."""

from __future__ import annotations

import numpy as np
from tests.evaluate.crowds import crowd_of

from chiso.evaluate.counting import at_least, highest_scores, mated_errors, nonmated_errors
from chiso.evaluate.listed import ListedSource

CROWD = crowd_of(3, 2)
ROWS = [
    (0, 0, 0.9),
    (0, 0, 0.4),
    (1, 1, 0.3),
    (3, 3, 0.8),
    (0, 1, 0.5),
    (1, 0, 0.7),
    (1, 2, 0.1),
    (0, 3, 0.6),
    (4, 1, 0.2),
    (3, 4, 0.5),
]
ONE, OTHER = (np.array([row[side] for row in ROWS], dtype=np.int32) for side in (0, 1))
SCORES = np.array([row[2] for row in ROWS])
EVIDENCE = ListedSource(CROWD, np.full(5, 2), SCORES, ONE, OTHER).evidence(np.ones(5, bool))
A, B = CROWD.members("a"), CROWD.members("b")


def test_a_score_at_the_threshold_is_a_match() -> None:
    assert nonmated_errors(EVIDENCE, 0.5, B, B).errors == 1
    assert nonmated_errors(EVIDENCE, np.nextafter(0.5, 1), B, B).errors == 0
    assert mated_errors(EVIDENCE, 0.4, A).errors == 1
    assert mated_errors(EVIDENCE, np.nextafter(0.4, 1), A).errors == 2


def test_false_matches_are_summed_by_person_and_by_pair() -> None:
    sums = nonmated_errors(EVIDENCE, 0.5, A, A)
    assert (sums.errors, sums.trials, sums.independent_units) == (2, 3, 1)
    assert sums.person_errors.tolist() == [2, 2, 0]
    assert sums.person_trials.tolist() == [2, 3, 1]
    assert sums.unit_errors_squared == 4
    assert sums.unit_errors_times_trials == 4
    assert sums.unit_trials_squared == 5


def test_across_groups_each_comparison_counts_for_one_person_of_each() -> None:
    sums = nonmated_errors(EVIDENCE, 0.5, A, B)
    assert (sums.errors, sums.trials) == (1, 2)
    assert sums.person_errors.tolist() == [1, 0, 1, 0]
    assert sums.person_errors.sum() == 2 * sums.errors


def test_people_with_one_sample_do_not_count_for_false_non_matches() -> None:
    sums = mated_errors(EVIDENCE, 0.5, A)
    assert (sums.errors, sums.trials, sums.people, sums.independent_units) == (2, 3, 2, 2)
    assert sums.person_errors.tolist() == [1, 1]


def test_raising_the_floor_changes_no_rate_above_it() -> None:
    raised = at_least(EVIDENCE, 0.5)
    assert len(raised.nonmated.scores) == 4
    before, after = (nonmated_errors(e, 0.6, A, A) for e in (EVIDENCE, raised))
    assert (before.errors, before.trials) == (after.errors, after.trials)


def test_the_highest_scores_come_first() -> None:
    assert highest_scores(EVIDENCE, A, 2).tolist() == [0.7, 0.5]
    assert highest_scores(EVIDENCE, B, 5).tolist() == [0.5]
