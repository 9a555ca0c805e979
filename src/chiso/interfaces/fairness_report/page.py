"""Makes the fairness audit's page: what it shows, as values, poured into one template."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chiso.core.decisions import NO_NORMALISER
from chiso.evaluate.findings import NormaliserFindings, Verdict
from chiso.interfaces.fairness_report import figures, method, tables, words
from chiso.interfaces.fairness_report.numbers import score_text
from chiso.services.audit.report import AuditReport

_PACKAGE = "chiso.interfaces.fairness_report"
_FIRST_REMARKS = 6
"""How many stand before the figures; the others follow the tables."""


@dataclass(frozen=True, slots=True)
class NormaliserView:
    """One normaliser: its place in the comparison, and what it does to every group.

    No figures where it is none at all, which changes nothing.
    """

    name: str
    standing: str
    why: str
    threshold: str
    max_min_fmr: str
    figures: tuple[figures.Figure, ...]
    rows: tuple[tables.ChangeRow, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the template reads."""

    title: str
    made: str
    verdict: Verdict
    headline: str
    sentences: tuple[str, ...]
    meanings: tuple[tuple[Verdict, str], ...]
    remarks: tuple[str, ...]
    more_remarks: tuple[str, ...]
    standings: tuple[tables.Standing, ...]
    requirements: tuple[str, ...]
    errors: tuple[figures.Figure, figures.Figure]
    separability: tuple[figures.Figure, ...]
    det: figures.DetView
    scores: figures.ScoresView
    cross: tables.CrossMap
    shades: tuple[str, ...]
    normalisers: tuple[NormaliserView, ...]
    normalisers_at: str
    rates: tuple[tables.RateRow, ...]
    separabilities: tuple[tuple[tables.RateRow, str, str], ...]
    judgements: tuple[tables.JudgedRow, ...]
    disparities: tuple[tables.DisparityRow, ...]
    cross_rates: tuple[tables.RateRow, ...]
    split: tuple[tuple[str, str, str, str], ...]
    refused: tuple[tuple[str, str, str, str], ...]
    protocol: tuple[str, ...]
    threshold: str
    threshold_note: str
    terms: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    provenance: tuple[method.Fact, ...]
    notes: tuple[str, ...]


def render(report: AuditReport) -> str:
    """The page as HTML. It holds no script, and its own policy forbids it to load anything."""
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["verdict"] = lambda verdict: words.VERDICTS[verdict]
    environment.filters["mark"] = lambda verdict: words.VERDICT_MARKS[verdict]
    style = files(_PACKAGE).joinpath("report.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        page=page_of(report),
        style=Markup(style),  # noqa: S704 - the package's own file
        style_digest=digest,
    )


def page_of(report: AuditReport) -> Page:
    """What the page shows."""
    findings, made = report.findings, report.provenance
    is_distance = made.is_distance
    return Page(
        title=report.title,
        made=made.made.partition("T")[0],
        verdict=findings.verdict,
        headline=words.headline(findings),
        sentences=words.verdict_paragraph(report),
        meanings=tuple(words.VERDICT_MEANINGS.items()),
        remarks=findings.remarks[:_FIRST_REMARKS],
        more_remarks=findings.remarks[_FIRST_REMARKS:],
        standings=tables.standings(findings),
        requirements=method.requirements(made.plan),
        errors=figures.errors(findings, made.plan),
        separability=figures.separability(findings),
        det=figures.det(findings),
        scores=figures.scores(findings, is_distance=is_distance),
        cross=tables.cross_map(findings),
        shades=tables.shades(),
        normalisers=tuple(
            _normaliser(each, index, is_distance) for index, each in enumerate(findings.normalisers)
        ),
        normalisers_at=method.normalisers_at(made.plan),
        rates=tables.rates(findings),
        separabilities=tables.separability(findings, is_distance=is_distance),
        judgements=tables.judgements(findings),
        disparities=tables.disparities(findings),
        cross_rates=tables.cross_rates(findings),
        split=tuple(
            (each.group, f"{each.calibration:,}", f"{each.threshold:,}", f"{each.test:,}")
            for each in findings.split
        ),
        refused=() if made.photos is None else tables.refused(made.photos.refused),
        protocol=method.protocol(report),
        threshold=words.threshold_sentence(findings.threshold, is_distance=is_distance),
        threshold_note=findings.threshold.note,
        terms=method.TERMS,
        sources=method.SOURCES,
        provenance=method.provenance(report),
        notes=made.notes,
    )


def _normaliser(found: NormaliserFindings, index: int, is_distance: bool) -> NormaliserView:
    is_baseline = found.name == NO_NORMALISER
    standing = "recommended" if found.recommended else "not recommended"
    if is_baseline:
        standing = "what the others are compared with"
    if found.is_oracle:
        standing = "sees group labels: for comparison only"
    ratio = found.max_min_fmr
    return NormaliserView(
        found.name,
        standing,
        found.why,
        score_text(found.threshold, is_distance=is_distance),
        "" if ratio is None else f"{ratio:.3g}",
        () if is_baseline else figures.changes(found, index),
        tables.changes(found),
    )
