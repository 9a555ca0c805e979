"""People split into parts by group: nobody in two, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluate.crowds import crowd_of

from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.split import split_counts, split_people

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@given(SIZES, st.integers(0, 5))
def test_everyone_is_in_exactly_one_part(sizes: list[int], seed: int) -> None:
    split = split_people(crowd_of(*sizes), AuditPlan(seed=seed, shares=(0.2, 0.4, 0.4)))
    assert np.all(split.calibration.astype(int) + split.threshold + split.test == 1)


@given(SIZES)
def test_each_group_is_divided_by_the_shares(sizes: list[int]) -> None:
    crowd = crowd_of(*sizes)
    plan = AuditPlan(seed=1, shares=(0.2, 0.4, 0.4))
    for size, counts in zip(sizes, split_counts(crowd, split_people(crowd, plan)), strict=True):
        if size >= 10:
            assert abs(counts.calibration - 0.2 * size) <= 1
            assert abs(counts.threshold - 0.4 * size) <= 1
            assert abs(counts.test - 0.4 * size) <= 1


@pytest.mark.parametrize(
    ("people", "threshold", "test"), [(1, 0, 1), (2, 0, 2), (3, 1, 2), (4, 2, 2), (5, 2, 3)]
)
def test_the_first_two_people_of_a_group_are_tested_and_the_next_two_set_the_threshold(
    people: int, threshold: int, test: int
) -> None:
    crowd = crowd_of(people)
    (counts,) = split_counts(crowd, split_people(crowd, AuditPlan(seed=9)))
    assert (counts.calibration, counts.threshold, counts.test) == (0, threshold, test)


def test_the_same_seed_splits_alike_and_another_does_not() -> None:
    crowd = crowd_of(60)
    first = split_people(crowd, AuditPlan(seed=4)).test
    assert np.array_equal(first, split_people(crowd, AuditPlan(seed=4)).test)
    assert not np.array_equal(first, split_people(crowd, AuditPlan(seed=5)).test)


def test_another_group_does_not_move_the_people_of_this_one() -> None:
    alone = split_people(crowd_of(30), AuditPlan(seed=4)).test
    beside = split_people(crowd_of(30, 17), AuditPlan(seed=4)).test
    assert np.array_equal(alone, beside[:30])


def test_with_a_given_threshold_everyone_is_tested_but_the_calibration_people() -> None:
    plan = AuditPlan(seed=1, given_threshold=0.5, shares=(0.2, 0.4, 0.4))
    split = split_people(crowd_of(50), plan)
    assert np.count_nonzero(split.calibration) == 10
    assert not split.threshold.any()


@pytest.mark.parametrize("shares", [(0.0, 0.5, 0.6), (-0.1, 0.6, 0.5), (0.5, 0.5, 0.0)])
def test_shares_that_make_no_sense_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        split_people(crowd_of(9), AuditPlan(seed=1, shares=shares))
