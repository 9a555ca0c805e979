"""Thresholds of searches: stricter with every reference, by a model that tables and draws check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.compare.open_set import fmr_for, fpir, search_threshold
from chiso.compare.threshold import FORMAT, parse_record
from chiso.core.decisions import ScoreTail, SeenShare, ThresholdRecord

_GOLDEN = Path(__file__).parents[1] / "golden" / "threshold_record_1.json"
_TAIL = ScoreTail("x", 30, 435, 1.0, 0.1, (SeenShare(0.01, 0.7), SeenShare(0.0, 0.75)))


@pytest.fixture
def old() -> ThresholdRecord:
    return parse_record(_GOLDEN.read_bytes())


@pytest.fixture
def record(old: ThresholdRecord) -> ThresholdRecord:
    return replace(old, format=FORMAT, value=0.8, target_fpir=0.01, tails=(_TAIL,))


@given(st.floats(1e-9, 0.99), st.integers(1, 10**7))
def test_the_fmr_for_an_fpir_gives_that_fpir(target: float, references: int) -> None:
    assert fpir(fmr_for(target, references), references) == pytest.approx(target)


def test_fpir_is_that_of_independent_comparisons() -> None:
    assert fpir(0.5, 3) == pytest.approx(1 - 0.5**3)
    assert fpir(1e-12, 10**6) == pytest.approx(1e-6, rel=1e-5)
    assert fpir(1.0, 1) == 1.0


def test_a_search_uses_the_records_value_until_its_fpir_asks_for_more(
    record: ThresholdRecord,
) -> None:
    few, many = search_threshold(record, 1), search_threshold(record, 1_000_000)
    assert few.value == record.value
    assert few.fpir < 0.01
    # An FPIR of 1 - exp(-0.01) among 1,000,000 is an FMR of 1e-8, whose normal quantile is -5.6120
    # in tables: an angle of 1 - 0.5612 rad, a cosine of 0.9053. 0.01 is a hair more.
    assert many.value == pytest.approx(0.9053, abs=1e-4)
    assert many.fpir == pytest.approx(0.01)


def test_strangers_drawn_from_the_model_are_named_as_often_as_a_search_says(
    record: ThresholdRecord,
) -> None:
    unseen = replace(_TAIL, seen=(SeenShare(0.0, 0.0),))
    record = replace(record, value=0.0, target_fpir=0.2, tails=(unseen,))
    threshold = search_threshold(record, 100).value
    angles = np.random.default_rng(1).normal(1.0, 0.1, (20_000, 100))
    named = (np.cos(angles) >= threshold).any(axis=1).mean()
    assert named == pytest.approx(0.2, abs=0.009)  # three deviations of 20,000 searches


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_more_references_never_make_a_search_laxer(one: int, other: int) -> None:
    old = parse_record(_GOLDEN.read_bytes())
    record = replace(old, format=FORMAT, value=0.6, target_fpir=0.01, tails=(_TAIL,))
    few, many = sorted((one, other))
    assert search_threshold(record, few).value <= search_threshold(record, many).value
    assert search_threshold(record, many).fpir <= 0.01 + 1e-9


def test_the_strictest_population_decides_and_another_may_at_another_size(
    record: ThresholdRecord,
) -> None:
    wide = replace(_TAIL, group="wide", mean_rad=1.1, deviation_rad=0.14)
    both = replace(record, value=0.0, tails=(_TAIL, wide))
    for references, strictest in ((1, _TAIL), (1_000_000, wide)):
        alone = replace(both, tails=(strictest,))
        found = search_threshold(both, references).value
        assert found == search_threshold(alone, references).value


def test_false_scores_that_were_seen_hold_where_the_model_would_not() -> None:
    assert _TAIL.threshold(0.5) == 0.7
    # By tables: quantiles -2.576 and -3.719 are cosines of 0.7368, below what was seen, and 0.8092.
    assert _TAIL.threshold(0.005) == 0.75
    assert _TAIL.threshold(0.0001) == pytest.approx(0.8092, abs=1e-4)
    # Scores of 0.72 and 0.6 are 2.330 and 0.727 deviations off: shares of 0.0099 and 0.2336.
    assert _TAIL.fmr(0.72) == 0.01
    assert _TAIL.fmr(0.6) == pytest.approx(0.2336, abs=1e-4)
    same = replace(_TAIL, deviation_rad=0.0)
    assert (same.fmr(0.7), same.fmr(0.76)) == (0.01, 0.0)


def test_no_lower_threshold_than_all_that_was_seen_has_a_lower_fmr() -> None:
    # The model has 0.00001 at a score of 0.65, by far less than what was seen above it.
    steep = replace(_TAIL, mean_rad=1.2, deviation_rad=0.08)
    assert steep.fmr(0.65) >= steep.fmr(0.7) == 0.01
    same = replace(_TAIL, deviation_rad=0.0)
    assert same.fmr(0.5) == 0.01


def test_an_old_record_decides_every_search_by_its_value_and_says_what_fpir_that_implies(
    old: ThresholdRecord,
) -> None:
    found = search_threshold(old, 1000)
    assert found.value == old.value
    assert found.target_fpir is None
    assert found.fpir == pytest.approx(1 - (1 - old.target_fmr) ** 1000)
