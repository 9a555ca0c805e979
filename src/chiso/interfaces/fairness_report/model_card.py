"""The audit as a model card in Markdown, in the shape of Mitchell et al. (2019)."""

from __future__ import annotations

from chiso.evaluate.findings import Findings, GroupFindings, Verdict
from chiso.interfaces.fairness_report import method, words
from chiso.interfaces.fairness_report.numbers import count, full_text, limit_text
from chiso.services.audit.report import AuditKind, AuditReport

_SPECIAL = "\\`*_[]<>#|~&"
_PURPOSE = (
    "Verifying (1:1) or identifying (1:N) people who enrolled themselves and agreed to that use, "
    "at the threshold named here, on photos like those tested."
)
_MISUSES = (
    "Recognising people who did not enrol, or who were not asked.",
    "Watching live streams of public places, or following a person from camera to camera.",
    "Guessing ethnicity, sex, age or emotion.",
    "Acting against a person on a match alone, without a human who can hear her.",
    "Any group whose verdict below is not “pass”, without a second way to be recognised.",
)


def model_card(report: AuditReport) -> str:
    """The card. What comes from outside is escaped, so that a name stays a name."""
    findings, made = report.findings, report.provenance
    parts = [
        f"# Model card: {_escaped(report.title)}",
        f"**{words.VERDICTS[findings.verdict]}: {words.headline(findings)}.** "
        + _escaped(" ".join(words.verdict_paragraph(report))),
        "## Details",
        _list([*_details(report), f"Measured {made.made} by {made.software}."]),
        "## Intended use",
        _PURPOSE,
        "## Must not be used for",
        _list(_MISUSES),
        "## Factors",
        (
            f"Groups by {_escaped(', '.join(made.audited.by))}, as the data’s owner recorded them: "
            f"{_escaped(words.group_list([each.group for each in findings.groups[1:]]))}. "
            "Nobody was labelled from a face."
        ),
        "## Metrics",
        (
            "False match rate (FMR) and false non-match rate (FNMR), always both, with 95 % "
            "intervals that count people and not comparisons (ISO/IEC 19795-1 and 19795-10; "
            "Fogliato et al. "
            f"2024). {' '.join(method.requirements(made.plan))}"
        ),
        "## Data",
        _escaped(" ".join((*_tested(report), *method.protocol(report)))),
        "## Results by group",
        _results(report),
        "## Caveats",
        _list([_escaped(each) for each in _caveats(report)]),
        (
            "Shape: M. Mitchell et al., Model cards for model reporting, FAT* 2019. All numbers "
            "are in `report.json`, the figures in `report.html`."
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _details(report: AuditReport) -> list[str]:
    made = report.provenance
    if made.models is None:
        source = {
            AuditKind.SCORES: "Scores of a recogniser that Chiso did not run",
            AuditKind.EMBEDDINGS: "Embeddings of a model that Chiso did not run",
            AuditKind.PHOTOS: "Photos",
        }[made.kind]
        details = [f"{source}: {_escaped(made.audited.name)}."]
    else:
        models = made.models
        details = [
            f"Detector: {_escaped(models.detector)}, SHA-256 `{models.detector_sha256}`.",
            f"Model: {_escaped(models.embedder)}, `{models.embedder_digest}`.",
        ]
    threshold = words.threshold_sentence(report.findings.threshold, is_distance=made.is_distance)
    return [*details, _escaped(threshold)]


def _tested(report: AuditReport) -> tuple[str, ...]:
    audited = report.provenance.audited
    people = count(report.findings.groups[0].people, "person", "people")
    return (f"{audited.name}, SHA-256 {audited.sha256}.", f"{people} in the test.")


def _results(report: AuditReport) -> str:
    findings = report.findings
    levels = [each.at_fmr for each in findings.groups[0].separability]
    heads = ["group", "people", "FMR", "verdict", "FNMR", "verdict"]
    heads += [f"FNMR at own FMR {limit_text(each)}" for each in levels]
    rows = [_row(heads), _row(["---"] * len(heads))]
    rows += [_row(_cells(findings, each, levels)) for each in findings.groups]
    return "\n".join(rows)


def _cells(findings: Findings, group: GroupFindings, levels: list[float]) -> list[str]:
    own = {each.at_fmr: each.fnmr for each in group.separability}
    read = [own.get(each) for each in levels]
    return [
        _escaped(group.group),
        count(group.people),
        full_text(group.fmr),
        _verdict(words.own_verdict(findings, group.group, "FMR")),
        full_text(group.fnmr),
        _verdict(words.own_verdict(findings, group.group, "FNMR")),
        *("not known" if each is None else full_text(each) for each in read),
    ]


def _verdict(verdict: Verdict | None) -> str:
    return "–" if verdict is None else verdict.value


def _caveats(report: AuditReport) -> tuple[str, ...]:
    findings = report.findings
    general = (
        "Other people, cameras and photos can give other errors than those tested.",
        "“Undecided” means that too few people were tested, not that the groups are alike.",
    )
    is_open = words.open_sentence(findings)
    return (*findings.remarks, *((is_open,) if is_open else ()), *general)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _list(lines: list[str] | tuple[str, ...]) -> str:
    return "\n".join(f"- {each}" for each in lines)


def _escaped(text: str) -> str:
    """Text that Markdown reads as text, on one line."""
    flat = " ".join(text.split(" ")).replace("\n", " ").replace("\r", " ")
    return "".join(f"\\{each}" if each in _SPECIAL else each for each in flat)
