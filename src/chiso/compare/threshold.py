"""Threshold records as documents, and the decision of a score against one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from chiso.core.decisions import Calibration, GroupCount, ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest


def record_bytes(record: ThresholdRecord) -> bytes:
    """JSON of a record, sorted keys, one line. `parse_record` reads it back exactly."""
    return json.dumps(asdict(record), sort_keys=True, allow_nan=False).encode()


def parse_record(body: bytes) -> ThresholdRecord:
    """Read a record. Raises ChisoError(BAD_ARGUMENT) naming what is missing or wrong."""
    try:
        return _record(json.loads(body))
    except (ValueError, KeyError, TypeError) as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"This is not a threshold record: {error!r}.",
            "Make one with `chiso threshold fit`.",
        ) from error


def _record(document: dict[str, Any]) -> ThresholdRecord:
    calibration = document["calibration"]
    low, high = (float(bound) for bound in document["interval"])
    return ThresholdRecord(
        record_id=str(document["record_id"]),
        model=ModelDigest(str(document["model"])),
        normaliser=str(document["normaliser"]),
        policy=str(document["policy"]),
        target_fmr=float(document["target_fmr"]),
        value=float(document["value"]),
        interval=(low, high),
        calibration=Calibration(
            float(calibration["slope"]), float(calibration["offset"]), float(calibration["limit"])
        ),
        source=str(document["source"]),
        source_sha256=str(document["source_sha256"]),
        people=int(document["people"]),
        groups=tuple(_group(group) for group in document["groups"]),
        made=str(document["made"]),
        note=str(document["note"]),
    )


def _group(document: dict[str, Any]) -> GroupCount:
    fmr_low, fmr_high = (float(bound) for bound in document["fmr_interval"])
    fnmr_low, fnmr_high = (float(bound) for bound in document["fnmr_interval"])
    return GroupCount(
        group=str(document["group"]),
        people=int(document["people"]),
        nonmated=int(document["nonmated"]),
        false_matches=int(document["false_matches"]),
        fmr_interval=(fmr_low, fmr_high),
        mated=int(document["mated"]),
        false_nonmatches=int(document["false_nonmatches"]),
        fnmr_interval=(fnmr_low, fnmr_high),
    )


def is_match(score: float, record: ThresholdRecord, model: ModelDigest) -> bool:
    """Whether `score`, made with `model`, reaches the record's value. Higher is more alike.

    Raises ChisoError(MODEL_MISMATCH) where the record is another model's.
    """
    require_same_model(record.model, model)
    return score >= record.value


def require_same_model(one: ModelDigest, other: ModelDigest) -> None:
    """Raise ChisoError(MODEL_MISMATCH) unless the digests are the same (invariant 6)."""
    if one != other:
        raise ChisoError(
            Code.MODEL_MISMATCH,
            f"Model {one[:12]} and model {other[:12]} cannot be compared: "
            "their scores mean different things.",
            "Use the model that the references were made with, or enrol again with this one.",
        )
