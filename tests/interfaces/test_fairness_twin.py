"""The JSON twin of the fairness audit's page, with its schema, and its model card."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib.resources import files
from typing import get_args, get_type_hints

import pytest
from pydantic import BaseModel, ValidationError
from tests.interfaces.fairness_examples import EXAMPLES, five_without_an_error
from tests.interfaces.fairness_pages import plain

from chiso.evaluate.findings import EVERYONE
from chiso.interfaces.fairness_report import schema
from chiso.interfaces.fairness_report.documents import report_json, write_report
from chiso.interfaces.fairness_report.numbers import full_text
from chiso.services.audit.report import AuditReport

PACKAGE = files("chiso.interfaces.fairness_report")


@pytest.fixture(scope="module", params=EXAMPLES)
def audit(request: pytest.FixtureRequest) -> AuditReport:
    return EXAMPLES[request.param]()


def test_the_twin_follows_its_schema_and_holds_no_number_that_is_none(audit: AuditReport) -> None:
    text = report_json(audit)
    assert not re.search(r"\b(NaN|Infinity)\b", text)
    document = json.loads(text)
    assert document["format"] == "chiso-audit-1"
    assert document["verdict"] == audit.findings.verdict.value
    schema.AuditDocument.model_validate_json(text)
    everyone = document["findings"]["groups"][0]
    assert everyone["group"] == EVERYONE
    assert everyone["fmr"]["errors"] == audit.findings.groups[0].fmr.errors
    assert len(document["findings"]["judgements"]) == len(audit.findings.judgements)


def test_the_shipped_schema_is_that_of_the_documents() -> None:
    shipped = PACKAGE.joinpath("report.schema.json").read_text(encoding="utf-8")
    assert shipped == schema.schema_text()
    assert json.loads(shipped)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_schema_has_every_field_of_an_audit() -> None:
    seen = dict(_paired(AuditReport, schema.AuditDocument))
    assert len(seen) >= 20
    for value, part in seen.items():
        extra = {"format", "verdict", "summary"} if part is schema.AuditDocument else set()
        names = {each.name for each in fields(value)}
        assert set(part.model_fields) - extra == names, part


def _paired(value: object, part: type[BaseModel]) -> Iterator[tuple[type, type[BaseModel]]]:
    """Each dataclass of a report with the part of the document that it becomes."""
    assert isinstance(value, type)
    yield value, part
    hints = get_type_hints(value)
    for name, field in part.model_fields.items():
        inner = [each for each in _types(field.annotation) if _is_part(each)]
        behind = [each for each in _types(hints.get(name)) if is_dataclass(each)]
        for one, other in zip(behind, inner, strict=True):
            yield from _paired(one, other)


def _is_part(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)


def _types(hint: object) -> list[type]:
    inner = [each for one in get_args(hint) for each in _types(one)]
    return inner or ([hint] if isinstance(hint, type) else [])


@pytest.mark.parametrize("change", ["extra", "missing", "share", "word"])
def test_a_document_that_does_not_follow_the_schema_is_refused(change: str) -> None:
    document = json.loads(report_json(five_without_an_error()))
    group = document["findings"]["groups"][0]
    if change == "extra":
        group["tone"] = 3
    elif change == "missing":
        del group["fnmr"]
    elif change == "share":
        group["fmr"]["interval"][1] = 1.2
    else:
        document["verdict"] = "fair"
    with pytest.raises(ValidationError):
        schema.AuditDocument.model_validate_json(json.dumps(document))


def test_the_card_has_its_sections_and_both_errors_of_every_group(audit: AuditReport) -> None:
    card = plain(write_report(audit)["model-card.md"].decode())
    for section in (
        "Details",
        "Intended use",
        "Must not be used for",
        "Factors",
        "Metrics",
        "Data",
        "Results by group",
        "Caveats",
    ):
        assert f"## {section}" in card
    for group in audit.findings.groups[1:]:
        assert plain(full_text(group.fmr)) in card
        assert plain(full_text(group.fnmr)) in card
