"""When a verdict is no difference, a difference, or an honest cannot tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chiso.evaluate.tone import Difference, Stage, ToneResult
from chiso.evaluate.tone_verdict import Doubt, Outcome, judge, judge_stage

Interval = tuple[float, float]


def _result(
    *differences: tuple[float, Interval],
    margin: float | None = 1.0,
    people: int = 40,
    is_rate: bool = False,
    name: str = "m",
) -> ToneResult:
    return ToneResult(
        name=name,
        stage=Stage.EMBED,
        is_rate=is_rate,
        people=people,
        margin=margin,
        levels=(),
        differences=tuple(
            Difference(tone, value, interval, interval, people, people if value else 0)
            for tone, (value, interval) in enumerate(differences, start=1)
        ),
    )


@pytest.mark.parametrize(
    ("value", "interval", "outcome"),
    [
        (0.0, (-0.5, 0.5), Outcome.NONE),
        (0.0, (-1.0, 1.0), Outcome.NONE),
        (0.5, (0.2, 0.8), Outcome.NONE),
        (0.0, (-1.1, 1.1), Outcome.CANNOT_TELL),
        (2.0, (-0.1, 4.1), Outcome.CANNOT_TELL),
        (0.9, (0.3, 1.5), Outcome.CANNOT_TELL),
        (1.0, (0.1, 1.9), Outcome.DIFFERENCE),
        (-2.0, (-2.5, -1.5), Outcome.DIFFERENCE),
    ],
)
def test_the_interval_and_the_margin_decide(
    value: float, interval: Interval, outcome: Outcome
) -> None:
    assert judge(_result((value, interval))).outcome is outcome


def test_one_tone_that_differs_is_a_difference_whatever_the_others_are() -> None:
    verdict = judge(_result((0.0, (-0.1, 0.1)), (1.5, (1.0, 2.0)), (3.0, (-5.0, 11.0))))
    assert verdict.outcome is Outcome.DIFFERENCE
    assert verdict.largest is not None
    assert verdict.largest.tone == 2


def test_a_rate_is_not_cleared_by_few_people_without_events() -> None:
    quiet = (0.0, (-0.01, 0.01))
    few = judge(_result(quiet, margin=0.02, is_rate=True, people=40))
    assert (few.outcome, few.doubt) == (Outcome.CANNOT_TELL, Doubt.RARE)
    assert few.ruled_out == pytest.approx(0.0876, abs=1e-3)
    assert judge(_result(quiet, margin=0.02, is_rate=True, people=189)).outcome is Outcome.NONE
    assert judge(_result(quiet, margin=0.02, people=40)).outcome is Outcome.NONE


def test_a_wide_interval_is_named_as_such() -> None:
    verdict = judge(_result((0.05, (-0.2, 0.3)), margin=0.02, is_rate=True))
    assert (verdict.outcome, verdict.doubt) == (Outcome.CANNOT_TELL, Doubt.WIDE)


def test_of_what_keeps_a_verdict_open_that_which_leaves_out_zero_is_named_first() -> None:
    faint, sure, small = (0.4, (-2.0, 2.8)), (0.8, (0.1, 1.5)), (0.9, (0.85, 0.95))
    verdict = judge(_result(faint, sure, small))
    assert (verdict.outcome, verdict.doubt) == (Outcome.CANNOT_TELL, Doubt.WIDE)
    assert verdict.largest is not None
    assert verdict.largest.tone == 2
    assert verdict.ruled_out == pytest.approx(2.8)


def test_nothing_is_called_rare_where_a_tone_differs() -> None:
    rare = (0.0, (-0.0876, 0.0876))
    seen = (0.01, (0.005, 0.015))
    alone = judge(_result(rare, margin=0.02, is_rate=True))
    beside = judge(_result(rare, seen, margin=0.02, is_rate=True))
    assert (alone.doubt, beside.doubt) == (Doubt.RARE, Doubt.WIDE)


def test_a_small_difference_in_a_rate_among_few_people_clears_nothing() -> None:
    verdict = judge(_result((0.01, (0.005, 0.015)), margin=0.02, is_rate=True))
    assert (verdict.outcome, verdict.doubt) == (Outcome.CANNOT_TELL, Doubt.SMALL)


def test_too_few_people_settle_nothing() -> None:
    verdict = judge(_result((5.0, (4.0, 6.0)), people=9))
    assert (verdict.outcome, verdict.doubt) == (Outcome.CANNOT_TELL, Doubt.FEW_PEOPLE)


def test_a_tone_without_a_value_is_not_cleared() -> None:
    nan = float("nan")
    verdict = judge(_result((0.0, (-0.1, 0.1)), (nan, (nan, nan))))
    assert (verdict.outcome, verdict.doubt) == (Outcome.CANNOT_TELL, Doubt.UNMEASURED)


def test_a_tone_without_a_value_hides_no_difference_at_another() -> None:
    nan = float("nan")
    verdict = judge(_result((nan, (nan, nan)), (2.0, (1.5, 2.5))))
    assert verdict.outcome is Outcome.DIFFERENCE


def test_people_without_a_value_are_not_counted() -> None:
    large = _result((5.0, (4.0, 6.0)), people=40)
    few = replace(large, differences=tuple(replace(each, people=9) for each in large.differences))
    verdict = judge(few)
    assert (verdict.outcome, verdict.doubt) == (Outcome.CANNOT_TELL, Doubt.FEW_PEOPLE)


def test_nothing_is_concluded_without_a_margin() -> None:
    with pytest.raises(ValueError, match="no margin"):
        judge(_result((0.0, (0.0, 0.0)), margin=None))


def test_a_stage_is_cleared_only_by_all_its_measures() -> None:
    clear = _result((0.0, (-0.1, 0.1)), name="clear")
    wide = _result((0.0, (-9.0, 9.0)), name="wide")
    large = _result((3.0, (2.0, 4.0)), name="large")
    silent = replace(large, name="silent", margin=None)
    assert judge_stage([clear, silent], Stage.EMBED).outcome is Outcome.NONE
    assert judge_stage([clear, wide], Stage.EMBED).outcome is Outcome.CANNOT_TELL
    stage = judge_stage([clear, wide, large], Stage.EMBED)
    assert stage.outcome is Outcome.DIFFERENCE
    assert [each.name for each in stage.measures] == ["large", "wide", "clear"]


def test_a_stage_where_nothing_was_measured_cannot_tell() -> None:
    assert judge_stage([], Stage.DECIDE).outcome is Outcome.CANNOT_TELL
