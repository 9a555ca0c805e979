"""Threshold records as documents, and the decision of a score against one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from chiso.core.decisions import (
    AtScale,
    Calibration,
    CountedOn,
    GroupCount,
    Misses,
    ScoreTail,
    SeenShare,
    ThresholdRecord,
)
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest

FORMAT = 2
"""Of the records that are made now."""
_SINCE_FORMAT_2 = frozenset(
    {
        "format",
        "set_by",
        "counted_on",
        "seed",
        "target_fpir",
        "tails",
        "at_scale",
        "normaliser_document",
    }
)


def record_bytes(record: ThresholdRecord) -> bytes:
    """JSON of a record, sorted keys, one line. `parse_record` reads it back exactly.

    A record of format 1 gives the bytes that it always had: homes have signed them.
    """
    document = asdict(record)
    if record.format == 1:
        document = {name: document[name] for name in document.keys() - _SINCE_FORMAT_2}
    elif record.normaliser_document is None:
        del document["normaliser_document"]
    return json.dumps(document, sort_keys=True, allow_nan=False).encode()


def lacks(record: ThresholdRecord) -> tuple[str, ...]:
    """What a record cannot say, each a sentence; none for one that says everything."""
    missing: list[str] = []
    if record.format == 1:
        missing.append(
            "It is of format 1: it does not say by field which group set the value, nor the seed."
        )
    if not record.tails or record.target_fpir is None:
        missing.append(
            "It holds no FPIR: identify uses its value however many references there are. A record "
            "fitted anew to photos or embeddings holds one, if its scores are cosines."
        )
    if not record.at_scale:
        missing.append("It does not count the misses of large searches.")
    return tuple(missing)


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
    written = int(document["format"]) if "format" in document else 1
    if not 1 <= written <= FORMAT:
        raise ValueError(f"format {written} is not known here")
    calibration = document["calibration"]
    return ThresholdRecord(
        record_id=str(document["record_id"]),
        model=ModelDigest(str(document["model"])),
        normaliser=str(document["normaliser"]),
        policy=str(document["policy"]),
        target_fmr=float(document["target_fmr"]),
        value=float(document["value"]),
        interval=_bounds(document["interval"]),
        calibration=Calibration(
            float(calibration["slope"]), float(calibration["offset"]), float(calibration["limit"])
        ),
        source=str(document["source"]),
        source_sha256=str(document["source_sha256"]),
        people=int(document["people"]),
        groups=tuple(_group(group) for group in document["groups"]),
        made=str(document["made"]),
        note=str(document["note"]),
        **(_since_format_2(document) if written > 1 else {}),
    )


def _since_format_2(document: dict[str, Any]) -> dict[str, Any]:
    fpir = document["target_fpir"]
    if fpir is not None and not 0 < float(fpir) < 1:
        raise ValueError(f"a target FPIR lies between 0 and 1, not at {fpir}")
    return {
        "format": int(document["format"]),
        "set_by": str(document["set_by"]),
        "counted_on": CountedOn(document["counted_on"]),
        "seed": None if document["seed"] is None else int(document["seed"]),
        "target_fpir": None if fpir is None else float(fpir),
        "tails": tuple(_tail(tail) for tail in document["tails"]),
        "at_scale": tuple(_at_scale(level) for level in document["at_scale"]),
        "normaliser_document": (
            str(document["normaliser_document"]) if "normaliser_document" in document else None
        ),
    }


def _tail(document: dict[str, Any]) -> ScoreTail:
    seen = tuple(SeenShare(float(each["share"]), float(each["score"])) for each in document["seen"])
    if not seen or seen[-1].share != 0:
        raise ValueError("a tail ends with what no false score reached")
    return ScoreTail(
        group=str(document["group"]),
        people=int(document["people"]),
        comparisons=int(document["comparisons"]),
        mean_rad=float(document["mean_rad"]),
        deviation_rad=float(document["deviation_rad"]),
        seen=seen,
    )


def _at_scale(document: dict[str, Any]) -> AtScale:
    return AtScale(
        references=int(document["references"]),
        value=float(document["value"]),
        fpir=float(document["fpir"]),
        misses=tuple(_misses(each) for each in document["misses"]),
    )


def _misses(document: dict[str, Any]) -> Misses:
    low, high = (float(bound) for bound in document["interval"])
    return Misses(
        group=str(document["group"]),
        people=int(document["people"]),
        mated=int(document["mated"]),
        missed=int(document["missed"]),
        interval=(low, high),
    )


def _bounds(pair: list[float] | None) -> tuple[float, float] | None:
    if pair is None:
        return None
    low, high = (float(bound) for bound in pair)
    return low, high


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
