"""Everything that an audit leaves behind: the page, its numbers as data, and the model card."""

from __future__ import annotations

import json
from dataclasses import asdict

from chiso.interfaces.fairness_report import words
from chiso.interfaces.fairness_report.model_card import model_card
from chiso.interfaces.fairness_report.page import render
from chiso.interfaces.fairness_report.schema import FORMAT, AuditDocument
from chiso.interfaces.json_numbers import with_nulls
from chiso.services.audit.report import AuditReport


def write_report(report: AuditReport) -> dict[str, bytes]:
    """`report.html`, `report.json` and `model-card.md`, by name; the same report, the same bytes.

    Raises:
        pydantic.ValidationError: a number of the report is outside what its schema allows.
    """
    return {
        "report.html": render(report).encode(),
        "report.json": report_json(report).encode(),
        "model-card.md": model_card(report).encode(),
    }


def report_json(report: AuditReport) -> str:
    """Every number of the page, unrounded; null where there is none. Follows the shipped schema."""
    document = with_nulls(
        {
            "format": FORMAT,
            "title": report.title,
            "verdict": report.findings.verdict,
            "summary": " ".join(words.verdict_paragraph(report)),
            "findings": asdict(report.findings),
            "provenance": asdict(report.provenance),
        }
    )
    checked = AuditDocument.model_validate(document).model_dump(mode="json")
    return json.dumps(checked, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
