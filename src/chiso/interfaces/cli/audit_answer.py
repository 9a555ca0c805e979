"""What an audit by group leaves and says: the report's files, a leaf, a verdict, a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from chiso import wiring
from chiso.evaluate.findings import GroupFindings, Rate, Separability
from chiso.interfaces.cli.files import write_folder
from chiso.interfaces.cli.output import emit, say, show, table
from chiso.interfaces.json_numbers import with_nulls
from chiso.services.audit.recording import digests, record_audit
from chiso.services.audit.report import AuditReport
from chiso.services.home import Home

PAGE = "report.html"


def home_to_record_in(home: Path | None) -> Home | None:
    """The home that was named, opened before any work; None where none was."""
    return None if home is None else wiring.open_home(wiring.home_directory(home))


def answer(report: AuditReport, out: Path, home: Home | None, json: bool) -> None:
    """Record the report's digest if there is a home, then write its files, then say what it says.

    Nothing is written that the log was to know of and does not (invariant 2).
    """
    from chiso.interfaces.fairness_report.documents import write_report  # Jinja2, pydantic

    files = write_report(report)
    leaf = None if home is None else record_audit(home, report, files)
    write_folder(out, files)
    if home is not None:
        wiring.report_shelf(home).keep(files[PAGE])
    for note in report.provenance.notes:
        say(note)
    if json:
        emit(_document(report, {name: str(out / name) for name in files}, digests(files), leaf))
        return
    _show(report)
    show(f"The report: {out / PAGE}")
    if leaf is not None:
        show(f"Its SHA-256 is leaf {leaf} of the home's log.")


def _show(report: AuditReport) -> None:
    from chiso.interfaces.fairness_report.words import VERDICTS, headline, verdict_paragraph

    findings = report.findings
    show(f"{VERDICTS[findings.verdict]}: {headline(findings)}.")
    show(" ".join(verdict_paragraph(report)))
    # A table for each error: both side by side would not fit a terminal.
    _show_rates("FMR", [(each, each.fmr) for each in findings.groups])
    _show_rates("FNMR", [(each, each.fnmr) for each in findings.groups], separability=True)
    failures = [(each, each.fte) for each in findings.groups if each.fte is not None]
    if failures:
        _show_rates("FTE", failures)
    for remark in findings.remarks:
        show(remark)


def _show_rates(
    name: str, rates: Sequence[tuple[GroupFindings, Rate]], *, separability: bool = False
) -> None:
    from chiso.interfaces.fairness_report.numbers import counts_text, interval_text, rate_text

    headings = ["group", "people", name, "errors", "95 %"]
    rows = [
        [
            group.group,
            f"{rate.people:,}",
            rate_text(rate),
            counts_text(rate),
            interval_text(rate),
        ]
        for group, rate in rates
    ]
    if separability:
        headings.append("at own FMR 1 %")
        for row, (group, _) in zip(rows, rates, strict=True):
            row.append(_separability(group.separability))
    table(headings, rows, numeric=range(1, len(headings)))


def _separability(of: Sequence[Separability]) -> str:
    from chiso.interfaces.fairness_report.numbers import rate_text

    first = next(iter(of), None)
    return "–" if first is None or first.fnmr is None else rate_text(first.fnmr)


def _document(
    report: AuditReport, files: Mapping[str, str], sha256: Mapping[str, str], leaf: int | None
) -> dict[str, object]:
    from chiso.interfaces.fairness_report.words import headline, verdict_paragraph

    findings = report.findings
    return {
        "verdict": findings.verdict.value,
        "headline": headline(findings),
        "summary": " ".join(verdict_paragraph(report)),
        "threshold": with_nulls(_in_own_terms(report)),
        "groups": [_group(each) for each in findings.groups],
        "judgements": [with_nulls(asdict(each)) for each in findings.judgements],
        "normalisers": [with_nulls(asdict(each)) for each in findings.normalisers],
        "remarks": list(findings.remarks),
        "notes": list(report.provenance.notes),
        "input_sha256": report.provenance.audited.sha256,
        "files": dict(files),
        "sha256": dict(sha256),
        "leaf": leaf,
    }


def _in_own_terms(report: AuditReport) -> dict[str, object]:
    """The threshold as the input has its scores: a distance is one again."""
    threshold = report.findings.threshold
    value = -threshold.value if report.provenance.is_distance else threshold.value
    return {**asdict(threshold), "value": value, "is_distance": report.provenance.is_distance}


def _group(group: GroupFindings) -> dict[str, object]:
    return {
        "group": group.group,
        "people": group.people,
        "samples": group.samples,
        "fte": None if group.fte is None else with_nulls(asdict(group.fte)),
        "fmr": with_nulls(asdict(group.fmr)),
        "fnmr": with_nulls(asdict(group.fnmr)),
        "separability": [with_nulls(asdict(each)) for each in group.separability],
    }
