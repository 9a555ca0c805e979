"""Verdicts on requirements: pass, fail, undecided, and how many more people it takes."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chiso.evaluate.audit_plan import Requirements
from chiso.evaluate.error_sums import ErrorSums, mated_sums
from chiso.evaluate.findings import IntervalMethod, Judgement, Rate, Verdict
from chiso.evaluate.growth import grown
from chiso.evaluate.intervals import rate_of
from chiso.evaluate.judging import GroupSums, judge, overall
from chiso.evaluate.two_rates import rate_difference, rate_ratio

FMR_LIMIT = 0.01


def mated(people: int, erring: int) -> ErrorSums:
    """One comparison a person."""
    errors = np.zeros(people)
    errors[:erring] = 1
    return mated_sums(errors, np.ones(people))


def nonmated(people: int, erring_pairs: int) -> ErrorSums:
    """One comparison of every two people; false matches are spread evenly over neighbours."""
    pairs = people * (people - 1) // 2
    step = np.arange(erring_pairs)
    errors = np.bincount(step % people, minlength=people).astype(float)
    errors += np.bincount((step + 1 + step // people) % people, minlength=people)
    return ErrorSums(
        errors=erring_pairs,
        trials=pairs,
        person_errors=errors,
        person_trials=np.full(people, people - 1.0),
        unit_errors_squared=erring_pairs,
        unit_errors_times_trials=erring_pairs,
        unit_trials_squared=pairs,
        independent_units=people // 2,
        is_mated=False,
    )


def group(name: str, people: int, false_matches: int, missed: int) -> GroupSums:
    return GroupSums(name, people, nonmated(people, false_matches), mated(people, missed))


def judged(measure: str, *groups: GroupSums, **limits: float) -> Judgement:
    found = judge(groups, Requirements(**limits), FMR_LIMIT)
    return next(one for one in found if one.measure == measure)


def rate(value: float, low: float, high: float) -> Rate:
    return Rate(value, round(1000 * value), 1000, 100, (low, high), IntervalMethod.WILSON)


def test_a_group_whose_whole_interval_meets_the_limit_passes() -> None:
    found = judged("FMR", group("a", 900, 0, 0))
    assert found.verdict is Verdict.PASS
    assert found.more_people is None
    assert found.requirement == "FMR at most 1 %"


def test_a_group_whose_whole_interval_is_above_the_limit_fails() -> None:
    found = judged("FNMR", group("a", 400, 0, 80))
    assert found.verdict is Verdict.FAIL
    assert found.interval[0] > 0.05


def test_seven_people_without_an_error_are_undecided_and_about_65_more_would_do() -> None:
    # 1 - 0.025^(1 / n) is at most 5 % from n = 72 on.
    found = judged("FNMR", group("a", 7, 0, 0))
    assert found.verdict is Verdict.UNDECIDED
    assert found.interval[1] > 0.35
    assert found.more_people is not None
    assert 65 <= found.more_people <= 70


@pytest.mark.parametrize("kind", ["FMR", "FNMR"])
def test_as_many_more_people_as_it_says_do_decide(kind: str) -> None:
    measured = group("a", 60, 2, 1)
    found = judged(kind, measured)
    assert found.verdict is Verdict.UNDECIDED
    assert found.more_people is not None
    times = (60 + found.more_people) / 60

    def verdict(factor: int) -> Verdict:
        more = grown(measured.fmr, factor), grown(measured.fnmr, factor)
        return judged(kind, GroupSums("a", 60 * factor, *more)).verdict

    assert verdict(int(times * 0.6)) is Verdict.UNDECIDED
    assert verdict(int(times) + 1) is Verdict.PASS


@settings(deadline=None, max_examples=40)
@given(st.integers(3, 300), st.integers(0, 60), st.integers(0, 300))
def test_no_group_with_errors_passes_where_it_would_be_undecided_without(
    people: int, matches: int, missed: int
) -> None:
    most = people * (people - 1) // 2
    with_errors = group("a", people, min(matches, most), min(missed, people))
    spotless, other = group("a", people, 0, 0), group("b", people, 0, 0)
    for measure in ("FMR", "FNMR", "FNMR difference"):
        if judged(measure, spotless, other).verdict is not Verdict.PASS:
            assert judged(measure, with_errors, other).verdict is not Verdict.PASS


def test_a_few_false_matches_do_not_pass_a_group_that_none_would_leave_undecided() -> None:
    # 150 pairs that share nobody bound the FMR only to 1 - 0.025^(1 / 150), 2.4 %.
    assert judged("FMR", group("a", 300, 0, 0)).verdict is Verdict.UNDECIDED
    found = judged("FMR", group("a", 300, 60, 0))
    assert found.interval[1] < FMR_LIMIT
    assert found.verdict is Verdict.UNDECIDED
    assert "so few people without any error would be bounded only by 2.43 %" in found.why
    assert found.more_people is not None
    assert 735 <= 300 + found.more_people <= 800
    assert judged("FMR", group("a", 740, 60, 0)).verdict is Verdict.PASS


def test_as_many_more_people_in_each_of_two_groups_are_enough_for_the_larger_too() -> None:
    def verdict(more: int) -> Verdict:
        one, other = 100 + more, 400 + more
        groups = group("a", one, 0, one * 5 // 100), group("b", other, 0, other * 2 // 100)
        return judged("FNMR difference", *groups).verdict

    found = judged("FNMR difference", group("a", 100, 0, 5), group("b", 400, 0, 8))
    assert found.more_people is not None
    # What makes the smaller group as much larger as it must be leaves the other too small.
    assert verdict(found.more_people // 4) is Verdict.UNDECIDED
    assert verdict(found.more_people) is Verdict.FAIL


def test_the_people_it_would_take_are_stated_to_two_digits() -> None:
    found = judged("FMR", group("a", 101, 0, 0))
    assert found.more_people is not None
    assert found.more_people % 10 == 0
    assert f"about {found.more_people} more people" in found.why


def test_an_estimate_on_the_limit_is_settled_by_no_number_of_people() -> None:
    found = judged("FNMR", group("a", 200, 0, 10))
    assert found.verdict is Verdict.UNDECIDED
    assert found.more_people is None
    assert "near the limit" in found.why


def test_groups_three_times_apart_fail_and_alike_ones_pass() -> None:
    far = judged("FMR ratio", group("a", 400, 100, 0), group("b", 400, 4000, 0))
    assert far.verdict is Verdict.FAIL
    assert far.groups == ("b", "a")
    assert far.value == pytest.approx(40)
    near = judged("FMR ratio", group("a", 400, 900, 0), group("b", 400, 1000, 0))
    assert near.verdict is Verdict.PASS


def test_a_ratio_to_a_group_without_errors_has_no_upper_bound_and_is_undecided() -> None:
    found = judged("FMR ratio", group("a", 40, 0, 0), group("b", 40, 5, 0))
    assert (found.value, found.interval[1]) == (inf, inf)
    assert found.verdict is Verdict.UNDECIDED
    assert found.more_people is None


def test_two_groups_without_errors_have_no_ratio() -> None:
    found = judged("FMR ratio", group("a", 40, 0, 0), group("b", 40, 0, 0))
    assert isnan(found.value)
    assert found.verdict is Verdict.UNDECIDED
    assert "no ratio" in found.why


def test_differences_of_fnmr_are_judged_both_ways() -> None:
    arguments = group("a", 2000, 0, 20), group("b", 2000, 0, 300)
    for pair in (arguments, arguments[::-1]):
        found = judged("FNMR difference", *pair)
        assert found.groups == ("b", "a")
        assert found.verdict is Verdict.FAIL
    alike = judged("FNMR difference", group("a", 5000, 0, 50), group("b", 5000, 0, 50))
    assert alike.verdict is Verdict.PASS


def test_a_group_of_one_person_is_undecided_and_says_what_is_missing() -> None:
    nobody = ErrorSums(0, 0, np.zeros(0), np.zeros(0), 0, 0, 0, 0, is_mated=False)
    found = judged("FMR", GroupSums("a", 1, nobody, mated(1, 0)))
    assert found.verdict is Verdict.UNDECIDED
    assert found.why == "There is no comparison of two people in a."


def test_one_failure_fails_the_whole_and_one_undecided_leaves_it_undecided() -> None:
    passed = judged("FMR", group("a", 900, 0, 0))
    undecided = judged("FMR", group("a", 9, 0, 0))
    failed = judged("FNMR", group("a", 400, 0, 80))
    assert overall([passed, undecided, failed]) is Verdict.FAIL
    assert overall([passed, undecided]) is Verdict.UNDECIDED
    assert overall([passed]) is Verdict.PASS
    assert overall([]) is Verdict.UNDECIDED


def test_the_ends_of_a_ratio_are_where_the_difference_that_it_stands_for_may_be_nothing() -> None:
    # At a ratio of R the limits of one - R · other reach 0 where the distance of the estimates is
    # the hypotenuse of both margins. Here two triangles of 3, 4 and 5:
    #   R = 1: 0.20 - 0.10 = 0.10, margins 0.20 - 0.12 = 0.08 and 1 · (0.16 - 0.10) = 0.06;
    #   R = 3: 0.30 - 0.20 = 0.10, margins 0.28 - 0.20 = 0.08 and 3 · (0.10 - 0.08) = 0.06.
    value, interval = rate_ratio(rate(0.2, 0.12, 0.28), rate(0.1, 0.08, 0.16))
    assert value == pytest.approx(2)
    assert interval == pytest.approx((1, 3))


def test_newcombes_difference_of_56_of_70_and_48_of_80() -> None:
    # Newcombe (1998), table II, method 10, example (a): 0.0524 to 0.3339.
    one, other = rate(0.8, 0.6918, 0.8769), rate(0.6, 0.4904, 0.7004)
    value, interval = rate_difference(one, other)
    assert value == pytest.approx(0.2)
    assert interval == pytest.approx((0.0524, 0.3339), abs=3e-4)


@given(
    st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 1), st.floats(0, 1), st.floats(0.001, 0.4)
)
def test_the_interval_of_a_ratio_holds_the_ratio(
    one: float, other: float, below: float, beneath: float, above: float
) -> None:
    first = rate(one, one * below, one + above)
    second = rate(other, other * beneath, other + above)
    value, (low, high) = rate_ratio(first, second)
    if not isnan(value):
        assert low <= value * (1 + 1e-9)
        assert value <= high * (1 + 1e-9)


def test_growth_keeps_the_rate_and_narrows_the_interval() -> None:
    for sums in (mated(30, 4), nonmated(30, 20)):
        before, after = rate_of(sums), rate_of(grown(sums, 4))
        assert after.value == pytest.approx(before.value)
        assert after.interval[1] < before.interval[1]
