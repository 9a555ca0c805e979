"""A tone audit as a few lines for a terminal, and as one JSON object for a script."""

from __future__ import annotations

from chiso.core.times import to_text
from chiso.evaluate.tone_verdict import MeasureVerdict
from chiso.interfaces.tone_report import words
from chiso.interfaces.tone_report.names import (
    STAGE_TITLES,
    interval_text,
    margin_text,
    name_of,
    signed_text,
)
from chiso.services.tone_audit.audit import ToneAudit

HEADINGS = (
    "stage",
    "measure",
    "verdict",
    "largest difference",
    "95 % interval",
    "at tone",
    "margin",
)
_NONE = "–"


def summary_rows(audit: ToneAudit) -> list[tuple[str, ...]]:
    """A row for each measure that a verdict rests on, by stage, the deciding one first."""
    rows: list[tuple[str, ...]] = []
    for stage in audit.stages:
        title = STAGE_TITLES[stage.stage]
        if not stage.measures:
            rows.append((title, _NONE, words.OUTCOMES[stage.outcome], *(_NONE,) * 4))
        for index, verdict in enumerate(stage.measures):
            rows.append(_row("" if index else title, verdict))
    return rows


def summary_document(audit: ToneAudit, files: dict[str, str]) -> dict[str, object]:
    """What a script wants to know first; `report.json` has the rest."""
    return {
        "report": files,
        "made": to_text(audit.made),
        "people": audit.design.people,
        "captures": audit.design.captures,
        "portraits": audit.design.portraits,
        "rendered": audit.rendered,
        "is_trial": audit.design.is_trial,
        "studio": audit.studio,
        "detector": audit.probed.detector,
        "embedder": audit.probed.embedder,
        "model": audit.probed.model,
        "threshold": None if audit.threshold is None else audit.threshold.record_id,
        "stages": {
            each.stage.value: {
                "outcome": each.outcome.value,
                "sentence": words.stage_sentence(each),
            }
            for each in audit.stages
        },
    }


def _row(stage: str, verdict: MeasureVerdict) -> tuple[str, ...]:
    name = name_of(verdict.name)
    largest = verdict.largest
    margin = margin_text(verdict.margin, name.unit)
    outcome = words.OUTCOMES[verdict.outcome]
    if largest is None:
        return stage, name.title, outcome, _NONE, _NONE, _NONE, margin
    return (
        stage,
        name.title,
        outcome,
        signed_text(largest.value, name.unit),
        interval_text(largest.simultaneous, name.unit),
        str(largest.tone),
        margin,
    )
