"""The tone audit's numbers as data: `report.json`, and `faces.csv` with one row a portrait."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict

from chiso import __version__
from chiso.compare.threshold import record_bytes
from chiso.core.times import to_text
from chiso.evaluate.tone import BOOTSTRAP_DRAWS
from chiso.interfaces.json_numbers import with_nulls
from chiso.interfaces.tone_report import words
from chiso.services.tone_audit.audit import ToneAudit
from chiso.services.tone_audit.design import AUDIT_TONES
from chiso.services.tone_audit.readings import HIT_WITHIN, QUALITY_MEASURES, Reading

FORMAT = "chiso-tone-audit-1"
Document = dict[str, object]


def report_document(audit: ToneAudit) -> Document:
    """Every number of the report, and what it rests on; null where there was nothing to measure."""
    design, probed = audit.design, audit.probed
    document = {
        "format": FORMAT,
        "software": f"chiso {__version__}",
        "made": to_text(audit.made),
        "design": {
            **asdict(design),
            "tones": AUDIT_TONES.numbers,
            "base_tone": AUDIT_TONES.base,
            "portraits": design.portraits,
            "is_trial": design.is_trial,
            "person_seeds": [design.person_seed(index) for index in range(design.people)],
            "capture_seeds": [design.capture_seed(index) for index in range(design.captures)],
            "capture_traits": [dict(each) for each in audit.readings.captures],
        },
        "studio": audit.studio,
        "statement": audit.statement,
        "detector": probed.detector,
        "detector_sha256": probed.detector_sha256,
        "detector_score_min": probed.detector_score_min,
        "embedder": probed.embedder,
        "model": probed.model,
        "hit_within_eye_distances": HIT_WITHIN,
        "limits": {
            "probe": asdict(probed.capture.probe),
            "enrolment": asdict(probed.capture.enrolment),
        },
        "threshold": None if audit.threshold is None else json.loads(record_bytes(audit.threshold)),
        "bootstrap": {"over": "people", "draws": BOOTSTRAP_DRAWS, "seed": audit.bootstrap_seed},
        "rule": words.RULE,
        "can_show": words.CAN_SHOW,
        "cannot_show": words.CANNOT_SHOW,
        "headline": words.headline(audit),
        "stages": [_stage(audit, index) for index in range(len(audit.stages))],
        "measures": [asdict(each) for each in audit.results],
        "pooled_false_matches": None if audit.pooled is None else asdict(audit.pooled),
    }
    return with_nulls(document)


def faces_csv(audit: ToneAudit) -> str:
    """One row a portrait: who, which capture, which tone, and what every stage made of it."""
    stream = io.StringIO(newline="")
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(
        [
            *("person", "capture", "tone", "person_seed", "capture_seed"),
            *("found", "extra_faces", "confidence", "landmark_error"),
            *QUALITY_MEASURES,
            *("probe_refusals", "enrolment_refusals"),
        ]
    )
    for reading in audit.readings.each:
        table.writerow(_face(reading))
    return stream.getvalue()


def _face(reading: Reading) -> list[str | int]:
    quality = [
        "" if reading.quality is None else f"{getattr(reading.quality, name):.6g}"
        for name in QUALITY_MEASURES
    ]
    shot = reading.shot
    return [
        *(shot.person, shot.capture, reading.tone, shot.person_seed, shot.capture_seed),
        *(int(reading.is_found), reading.extra_faces),
        *(_number(reading.confidence), _number(reading.landmark_error)),
        *quality,
        " ".join(reading.probe_refusals),
        " ".join(reading.enrolment_refusals),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _stage(audit: ToneAudit, index: int) -> Document:
    verdict = audit.stages[index]
    return {**asdict(verdict), "sentence": words.stage_sentence(verdict)}
