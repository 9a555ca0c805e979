"""Threshold records: read back exactly, refused when broken, and never used across models."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chiso.compare.threshold import is_match, parse_record, record_bytes
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest
from chiso.wiring import catalogue, starter_record


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
    assert all(not group.false_matches and not group.false_nonmatches for group in record.groups)
    low, high = record.interval
    assert low < record.value < high


def test_no_starter_record_is_made_up_for_another_pack() -> None:
    assert starter_record("opencv") is None
