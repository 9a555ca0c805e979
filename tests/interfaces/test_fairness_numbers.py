"""Numbers of a fairness report as people read them, and the axes that they lie on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.interfaces.fairness_examples import five_without_an_error
from tests.interfaces.fairness_findings import rate
from tests.interfaces.fairness_pages import plain

from chiso.evaluate.findings import IntervalMethod, Rate
from chiso.interfaces.fairness_report.curves_figure import quantile
from chiso.interfaces.fairness_report.drawing import linear_axis, log_axis
from chiso.interfaces.fairness_report.numbers import (
    full_text,
    interval_text,
    number_text,
    percent,
    points,
    points_range,
    range_text,
    rate_text,
    score_text,
    short_text,
)


def _rate(errors: int, trials: int, low: float, high: float) -> Rate:
    return Rate(errors / trials, errors, trials, trials, (low, high), IntervalMethod.WILSON)


def test_rates_are_written_as_people_read_them() -> None:
    some = _rate(3, 2500, 0.0004, 0.0035)
    assert plain(full_text(some)) == "0.12 % (3 of 2,500; 0.04 to 0.35 %)"
    assert plain(short_text(some)) == "0.12 %, 3 of 2,500"
    none = _rate(0, 84, 0.0, 0.0801)
    assert plain(short_text(none)) == "0 of 84, at most 8.1 %"
    assert rate_text(none) == "0"
    every = _rate(84, 84, 0.92, 1.0)
    assert plain(interval_text(every)) == "at least 92.0 %"
    assert short_text(rate(0, 0, 0)) == "no comparisons"


def test_no_more_digits_than_the_interval_supports_and_bounds_are_rounded_outward() -> None:
    assert plain(percent(0.32051, (0.2, 0.47))) == "32 %"
    assert plain(percent(0.0012345, (0.0011, 0.0013))) == "0.123 %"
    assert range_text((1.04, 2.91)) == "1.04 to 2.91"
    assert range_text((10.4, 290.9)) == "10 to 291"
    assert range_text((3.2, float("inf"))) == "3.20 or more"
    assert range_text((float("nan"), float("nan"))) == "no limit"
    assert points(-0.012, (-0.02, 0.004)) == "−1.2"
    assert points(0.00001, (-0.02, 0.004)) == "0.0"
    assert points_range((-0.0204, 0.0041)) == "−2.1 to +0.5"
    assert score_text(-0.6, is_distance=True) == "0.6"
    assert score_text(-0.0) == "0"


def test_what_was_seen_is_never_written_as_nothing() -> None:
    assert plain(percent(1 / 812, (0.00002, 0.25))) == "0.1 %"
    assert range_text((0.24, 69.0)) == "0.2 to 69"
    assert range_text((0.0003, 69.0)) == "above 0 to 69"
    assert range_text((0.0, 69.0)) == "0 to 69"
    assert points_range((-0.69, -1e-9)) == "−69 to below 0"
    assert number_text(0.004, (0.0, 0.6)) == "0.004"
    assert number_text(0.0, (0.0, 0.6)) == "0.00"
    assert points_range((0.0024, 0.69)) == "+0.2 to +69"


def test_a_logarithmic_axis_keeps_zero_apart_from_the_smallest_rate() -> None:
    axis = log_axis([0.0, 0.0005, 0.2], 0.0, 100.0, inset=10.0)
    assert axis.at(0.0) == 0.0
    assert axis.at(axis.low) == pytest.approx(10.0)
    assert axis.at(1.0) == pytest.approx(100.0)
    assert axis.at(0.01) == pytest.approx(10 + 90 * 2 / 4)
    assert [each.label.replace("\u00a0", " ") for each in axis.ticks] == [
        *("0.01 %", "0.1 %", "1 %", "10 %", "100 %", "0")
    ]


def test_an_axis_of_one_value_has_room() -> None:
    axis = linear_axis(0.0, 0.0, 0.0, 100.0)
    assert axis.at(0.0) == 0.0
    assert axis.high > 0


def test_a_quantile_is_read_off_the_bars() -> None:
    scores = five_without_an_error().findings.groups[0].mated_scores
    middle = quantile(scores, 0.5)
    assert middle is not None
    assert middle == pytest.approx(0.75, abs=0.03)
    assert quantile(replace(scores, shares=(0.0,) * len(scores.shares)), 0.5) is None
