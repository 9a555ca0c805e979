"""Threshold records: read back exactly, refused when broken, and never used across models."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from chiso.compare.threshold import is_match, lacks, parse_record, record_bytes
from chiso.core.decisions import (
    AtScale,
    CountedOn,
    Misses,
    ScoreTail,
    SeenShare,
    ThresholdRecord,
)
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest
from chiso.wiring import catalogue, starter_record

_GOLDEN = Path(__file__).parents[1] / "golden" / "threshold_record_1.json"
_GOLDEN_2 = _GOLDEN.with_name("threshold_record_2.json")
_TAIL = ScoreTail("x", 30, 435, 1.0, 0.1, (SeenShare(0.01, 0.7), SeenShare(0.0, 0.75)))
_AT = (AtScale(1, 0.8, 0.001, (Misses("everyone", 30, 60, 1, (0.0, 0.1)),)),)


@pytest.fixture
def record() -> ThresholdRecord:
    starter = starter_record("offline")
    assert starter is not None
    return starter


def test_a_record_reads_back_exactly(record: ThresholdRecord) -> None:
    assert parse_record(record_bytes(record)) == record


def test_a_score_at_the_threshold_is_a_match(record: ThresholdRecord) -> None:
    assert is_match(record.value, record, record.model)
    assert not is_match(record.value - 1e-9, record, record.model)


def test_a_threshold_of_zero_is_a_threshold(record: ThresholdRecord) -> None:
    at_zero = replace(record, value=0.0)
    assert is_match(0.0, at_zero, record.model)
    assert not is_match(-0.1, at_zero, record.model)


def test_another_models_score_is_refused(record: ThresholdRecord) -> None:
    with pytest.raises(ChisoError) as caught:
        is_match(1.0, record, ModelDigest("0" * 64))
    assert caught.value.code is Code.MODEL_MISMATCH


@pytest.mark.parametrize("field", ["value", "model", "calibration", "groups", "people"])
def test_a_record_without_a_field_is_refused(record: ThresholdRecord, field: str) -> None:
    document = json.loads(record_bytes(record))
    del document[field]
    with pytest.raises(ChisoError) as caught:
        parse_record(json.dumps(document).encode())
    assert caught.value.code is Code.BAD_ARGUMENT
    assert field in caught.value.message


def test_the_starter_record_is_for_the_offline_packs_model(record: ThresholdRecord) -> None:
    assert record.model == catalogue().pack("offline").digest


def test_the_starter_record_says_who_is_behind_it(record: ThresholdRecord) -> None:
    assert record.people == 53
    assert "london" in record.source
    assert {group.group: group.people for group in record.groups}["black"] == 7
    assert not any(group.false_matches for group in record.groups)
    assert sum(group.false_nonmatches for group in record.groups if group.group != "everyone") <= 1
    assert record.interval is not None
    low, high = record.interval
    assert low < record.value < high


def test_no_starter_record_is_made_up_for_another_pack() -> None:
    assert starter_record("opencv") is None


def test_a_record_of_format_1_reads_and_writes_the_bytes_that_homes_have_signed() -> None:
    old = parse_record(_GOLDEN.read_bytes())
    assert old.format == 1
    assert record_bytes(old) + b"\n" == _GOLDEN.read_bytes()
    assert len(lacks(old)) == 3


def test_a_record_of_format_2_reads_and_writes_the_bytes_that_it_always_had() -> None:
    """Golden vector, made up and written by hand: homes sign these bytes."""
    record = parse_record(_GOLDEN_2.read_bytes())
    assert record_bytes(record) + b"\n" == _GOLDEN_2.read_bytes()
    assert (record.set_by, record.counted_on) == ("everyone", CountedOn.OTHER_PEOPLE)
    assert (record.seed, record.target_fpir) == (7, 0.01)
    seen = (SeenShare(0.015625, 0.6875), SeenShare(0.0, 0.71875))
    assert record.tails == (ScoreTail("everyone", 30, 870, 1.0, 0.125, seen),)
    misses = (Misses("everyone", 30, 30, 2, (0.015625, 0.25)),)
    assert record.at_scale == (AtScale(1, 0.75, 0.001953125, misses),)
    assert record.normaliser_document is not None
    assert record.normaliser == sha256(record.normaliser_document.encode()).hexdigest()
    assert lacks(record) == ()


def test_a_record_says_by_itself_what_it_cannot_say() -> None:
    old = parse_record(_GOLDEN.read_bytes())
    new = replace(
        old, format=2, set_by="x", counted_on=CountedOn.OTHER_PEOPLE, tails=(_TAIL,), at_scale=_AT
    )
    assert ["FPIR" in sentence for sentence in lacks(new)] == [True]
    assert lacks(replace(new, target_fpir=0.01)) == ()


def test_a_record_of_format_2_reads_back_exactly_in_every_field() -> None:
    old = parse_record(_GOLDEN.read_bytes())
    new = replace(
        old,
        format=2,
        set_by="x",
        counted_on=CountedOn.SAME_PEOPLE,
        seed=7,
        target_fpir=0.02,
        tails=(_TAIL,),
        at_scale=_AT,
    )
    assert parse_record(record_bytes(new)) == new


@pytest.mark.parametrize(
    ("field", "value"),
    [("format", 3), ("target_fpir", 1.0), ("counted_on", "somebody"), ("tails", [{}])],
)
def test_a_record_with_a_field_that_cannot_be_is_refused(field: str, value: object) -> None:
    old = parse_record(_GOLDEN.read_bytes())
    new = replace(old, format=2, set_by="x", counted_on=CountedOn.SAME_PEOPLE)
    document = json.loads(record_bytes(new)) | {field: value}
    with pytest.raises(ChisoError, match="not a threshold record"):
        parse_record(json.dumps(document).encode())
