"""The fairness audit's page, its JSON twin and its model card, written from made-up audits."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from typing import get_args, get_type_hints

import pytest
from pydantic import BaseModel, ValidationError
from tests.interfaces.fairness_examples import (
    EXAMPLES,
    Made,
    findings,
    five_without_an_error,
    rate,
    report,
    unequal_in_large,
)

from chiso.evaluate.findings import EVERYONE, IntervalMethod, Rate, Verdict
from chiso.interfaces.fairness_report import schema
from chiso.interfaces.fairness_report.curves_figure import quantile
from chiso.interfaces.fairness_report.documents import report_json, write_report
from chiso.interfaces.fairness_report.drawing import linear_axis, log_axis
from chiso.interfaces.fairness_report.numbers import (
    full_text,
    interval_text,
    number_text,
    percent,
    points,
    points_range,
    range_text,
    rate_text,
    score_text,
    short_text,
)
from chiso.interfaces.fairness_report.words import headline, verdict_paragraph
from chiso.services.audit.report import AuditReport

PACKAGE = files("chiso.interfaces.fairness_report")
MOST_BYTES = 600_000


class _Page(HTMLParser):
    """Every tag with its attributes, and all text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._text: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    @property
    def text(self) -> str:
        return _plain("".join(self._text))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _page(audit: AuditReport) -> _Page:
    return _Page(write_report(audit)["report.html"].decode())


@pytest.fixture(scope="module", params=EXAMPLES)
def audit(request: pytest.FixtureRequest) -> AuditReport:
    return EXAMPLES[request.param]()


@pytest.fixture(scope="module")
def page(audit: AuditReport) -> _Page:
    return _page(audit)


# --- The page -------------------------------------------------------------------------------------


def test_the_page_needs_nothing_but_itself_and_forbids_all_else(page: _Page) -> None:
    assert len(page.source.encode()) < MOST_BYTES
    assert not {"script", "link", "iframe", "object", "img"} & {name for name, _ in page.tags}
    assert not re.search(r"url\(|@import|https?://|\sstyle=|\son\w+=", page.source)
    assert all(str(each["href"]).startswith("#") for each in page.all("a"))
    policy = next(
        str(each["content"])
        for each in page.all("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    )
    style = page.source.split("<style>")[1].split("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")


def test_every_figure_says_in_words_what_it_shows(page: _Page) -> None:
    figures = [each for each in page.all("svg") if "aria-hidden" not in each]
    assert len(figures) >= 6
    named = [str(each["id"]) for _, each in page.tags if "id" in each]
    assert len(named) == len(set(named))
    for figure in figures:
        assert figure["role"] == "img"
        ident = str(figure["aria-labelledby"]).split()
        assert len(ident) == 2
        for each in ident:
            assert re.search(rf'id="{each}">[^<]+</', page.source), each


def test_headings_tables_and_landmarks_can_be_walked(page: _Page) -> None:
    levels = [int(name[1]) for name, _ in page.tags if re.fullmatch("h[1-6]", name)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(each.get("scope") for each in page.all("th"))
    targets = {each["id"] for _, each in page.tags if "id" in each}
    assert all(str(each["href"])[1:] in targets for each in page.all("a"))
    assert all(
        each.get("tabindex") == "0" for each in page.all("div") if each.get("class") == "scroll"
    )


def test_nothing_that_is_no_number_is_shown_as_one(page: _Page) -> None:
    assert not re.search(r"\b(nan|inf)\b|>None<", page.source.split("</style>")[1])
    assert not re.search(r"\b(nan|inf)\b", "".join(re.findall(r' d="[^"]*"', page.source)))


def test_every_number_of_the_twin_that_matters_is_on_the_page(
    audit: AuditReport, page: _Page
) -> None:
    found = audit.findings
    rates = [each for group in found.groups for each in (group.fte, group.fmr, group.fnmr) if each]
    rates += [each.fmr for each in found.cross]
    rates += [one.fnmr for each in found.groups for one in each.separability if one.fnmr]
    rates += [one for n in found.normalisers for each in n.changes for one in (each.fmr, each.fnmr)]
    for each in rates:
        if each.trials:
            assert f"{each.errors:,} of {each.trials:,}" in page.text
            assert _plain(interval_text(each)) in page.text
    for judged in found.judgements:
        assert judged.why in page.text
        assert judged.requirement in page.text
        assert judged.more_people is None or f"about {judged.more_people:,} a group" in page.text
    for disparity in found.disparities:
        assert disparity.name in page.text
        assert disparity.note in page.text
    for text in (*found.remarks, *audit.provenance.notes, audit.provenance.audited.sha256):
        assert text in page.text
    for split in found.split:
        assert f"{split.threshold:,}" in page.text
    assert f"seed {found.seed}" in page.text or f"{found.seed} (split" in page.text


def test_sources_models_and_seeds_are_named() -> None:
    text = _page(unequal_in_large()).text
    for told in (
        "2306.01198",
        "2382-37",
        "19795-10",
        "Wilson",
        "2203.05051",
        "2011.02395",
        "centerface, " + "01" * 32,
        "dlib-resnet-v1, " + "23" * 32,
        "cd" * 32,
        "7 (split and draws), 11 (everyday degradations)",
        "a third of the light",
        "no-face",
    ):
        assert told in text


def test_failures_to_enrol_are_shown_only_where_photos_were_processed() -> None:
    cell = "<td>FTE</td>"
    assert cell in _page(unequal_in_large()).source
    assert cell not in _page(five_without_an_error()).source


def test_many_remarks_do_not_stand_between_the_verdict_and_the_figures() -> None:
    audit = five_without_an_error()
    remarks = tuple(f"Remark number {at}." for at in range(20))
    page = _page(replace(audit, findings=replace(audit.findings, remarks=remarks)))
    assert all(page.text.count(each) == 1 for each in remarks)
    assert page.text.index("Remark number 5.") < page.text.index("Both kinds of error, by group")
    assert page.text.index("Remark number 6.") > page.text.index("People in each part")
    assert "14 more follow the tables." in page.text


def test_a_group_cannot_write_into_the_page_or_the_card() -> None:
    evil = "<script>alert(1)</script> | [x](y) `z`"
    written = write_report(report(findings([Made(evil, 40), Made("b", 40)], 0.5), title=evil))
    assert not _Page(written["report.html"].decode()).all("script")
    assert "<script" not in written["report.html"].decode()
    card = written["model-card.md"].decode()
    assert "<script" not in re.sub(r"\\<", "", card)
    assert r"\<script\>alert(1)\</script\> \| \[x\](y) \`z\`" in card
    assert json.loads(written["report.json"])["findings"]["groups"][1]["group"] == evil


def test_the_same_report_gives_the_same_bytes(audit: AuditReport) -> None:
    assert write_report(audit) == write_report(audit)


def test_many_groups_have_a_curve_each_and_numbered_columns() -> None:
    page = _page(EXAMPLES["crossed"]())
    plots = [each for each in page.all("svg") if str(each.get("aria-labelledby")).startswith("det")]
    assert len(plots) == 12
    assert "3 east_asian × man" in page.text
    assert "Columns have the numbers of the rows." in page.text
    few = _page(five_without_an_error())
    assert few.source.count('class="key"') == 5


def test_distances_are_shown_as_they_came_and_negated_in_the_twin() -> None:
    audit = EXAMPLES["distance"]()
    assert audit.findings.threshold.value == pytest.approx(-0.6)
    text = _page(audit).text
    assert "at a score of 0.6 or less" in text
    assert "score of −" not in text
    assert "The scores are distances" in text
    assert json.loads(report_json(audit))["findings"]["threshold"]["value"] == pytest.approx(-0.6)


def test_each_normaliser_shows_both_errors_of_every_group() -> None:
    audit = unequal_in_large()
    page = _page(audit)
    for index, each in enumerate(audit.findings.normalisers):
        for rate_name in ("fmr", "fnmr"):
            said = re.search(rf'<desc id="change-{index}-{rate_name}-d">(.*?)</desc>', page.source)
            assert said is not None
            assert all(group.group in said[1] for group in audit.findings.groups)
        assert each.name in page.text
    assert "group z-norm: sees group labels: for comparison only" in page.text


# --- The verdict in words -------------------------------------------------------------------------


def _said(name: str) -> str:
    return _plain(" ".join(verdict_paragraph(EXAMPLES[name]())))


@pytest.mark.parametrize(
    ("name", "verdict", "line", "sentences"),
    [
        (
            "zeros",
            Verdict.UNDECIDED,
            "there are too few people to tell",
            (
                "53 people in 5 groups (“black” 7,",
                "(false match): none seen in any group, which bounds the rate to at most 8.5 %",
                "in “white” but only to at most 78 % in “south Asian”.",
                "(false non-match): none seen in any group",
                "all 30 requirements are undecided",
                "about 900 more people a group would decide 10 of them",
                "a direction, not as a proof",
            ),
        ),
        (
            "fail",
            Verdict.FAIL,
            "not equally right for every group",
            (
                "fixed beforehand on 16,800 other people",
                "most often in “black”, 1.35 % (541 of 40,000; 1.17 to 1.56 %)",
                "least often in “white”, 0.010 % (4 of 40,000; 0.003 to 0.028 %)",
                "7 of 20 requirements are not met. “black”: FMR 1.35 % (95 % interval 1.17 to",
                "where 0.1 % is allowed. “black” and “white”: FMR ratio 135",
                "The report lists the other 5.",
                "Not known:",
            ),
        ),
        (
            "single",
            Verdict.PASS,
            "within every limit, in every group measured",
            ("all of one group, “volunteers”, so it cannot say whether groups are treated alike",),
        ),
        (
            "alone",
            Verdict.UNDECIDED,
            "there are too few people to tell",
            (
                "; nothing to compare in “alone”.",
                "Only 1 person of “alone” took part",
                "a direction, not as a proof",
            ),
        ),
        (
            "pass",
            Verdict.PASS,
            "within every limit, in every group measured",
            ("other photos can give other errors",),
        ),
        ("crossed", Verdict.FAIL, "not equally right for every group", ("in 12 groups of 20 to",)),
    ],
)
def test_the_verdict_says_who_what_and_how_sure(
    name: str, verdict: Verdict, line: str, sentences: tuple[str, ...]
) -> None:
    found = EXAMPLES[name]().findings
    assert found.verdict is verdict
    assert headline(found) == line
    said = _said(name)
    for each in ("(false match)", "(false non-match)", *sentences):
        assert each in said


def test_a_verdict_of_fail_for_all_alike_is_not_called_unequal() -> None:
    audit = EXAMPLES["single"]()
    judged = tuple(
        replace(each, verdict=Verdict.FAIL, why="It errs too often.")
        for each in audit.findings.judgements
    )
    found = replace(audit.findings, judgements=judged, verdict=Verdict.FAIL)
    assert headline(found) == "wrong more often than the policy allows"
    said = _plain(" ".join(verdict_paragraph(replace(audit, findings=found))))
    assert "2 of 2 requirements are not met. “volunteers”: FMR 0" in said
    assert "%), where 0.1 % is allowed. “volunteers”: FNMR 0" in said
    assert "Not known" not in said


def test_a_given_threshold_is_said_to_be_given() -> None:
    audit = five_without_an_error()
    given = replace(audit.findings.threshold, policy="given", set_by="the vendor", people=0)
    audit = replace(audit, findings=replace(audit.findings, threshold=given))
    assert "0.5 or more, a threshold given by the vendor." in " ".join(verdict_paragraph(audit))


def test_each_verdict_is_explained_on_every_page(page: _Page) -> None:
    for meaning in (
        "The whole interval lies within the limit",
        "The whole interval lies beyond the limit",
        "The interval reaches across the limit",
    ):
        assert meaning in page.text


# --- The twin and the card ------------------------------------------------------------------------


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
    card = _plain(write_report(audit)["model-card.md"].decode())
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
        assert _plain(full_text(group.fmr)) in card
        assert _plain(full_text(group.fnmr)) in card


# --- Numbers --------------------------------------------------------------------------------------


def _rate(errors: int, trials: int, low: float, high: float) -> Rate:
    return Rate(errors / trials, errors, trials, trials, (low, high), IntervalMethod.WILSON)


def test_rates_are_written_as_people_read_them() -> None:
    some = _rate(3, 2500, 0.0004, 0.0035)
    assert _plain(full_text(some)) == "0.12 % (3 of 2,500; 0.04 to 0.35 %)"
    assert _plain(short_text(some)) == "0.12 %, 3 of 2,500"
    none = _rate(0, 84, 0.0, 0.0801)
    assert _plain(short_text(none)) == "0 of 84, at most 8.1 %"
    assert rate_text(none) == "0"
    every = _rate(84, 84, 0.92, 1.0)
    assert _plain(interval_text(every)) == "at least 92.0 %"
    assert short_text(rate(0, 0, 0)) == "no comparisons"


def test_no_more_digits_than_the_interval_supports_and_bounds_are_rounded_outward() -> None:
    assert _plain(percent(0.32051, (0.2, 0.47))) == "32 %"
    assert _plain(percent(0.0012345, (0.0011, 0.0013))) == "0.123 %"
    assert range_text((1.04, 2.91)) == "1.04 to 2.91"
    assert range_text((10.4, 290.9)) == "10 to 291"
    assert range_text((3.2, float("inf"))) == "3.20 or more"
    assert range_text((float("nan"), float("nan"))) == "no limit"
    assert points(-0.012, (-0.02, 0.004)) == "−1.2"
    assert points(0.00001, (-0.02, 0.004)) == "0.0"
    assert points_range((-0.0204, 0.0041)) == "−2.1 to +0.5"
    assert score_text(-0.6, is_distance=True) == "0.6"
    assert score_text(-0.0) == "0"


def test_what_was_seen_is_never_written_as_nothing() -> None:
    assert _plain(percent(1 / 812, (0.00002, 0.25))) == "0.1 %"
    assert range_text((0.24, 69.0)) == "0.2 to 69"
    assert range_text((0.0003, 69.0)) == "above 0 to 69"
    assert range_text((0.0, 69.0)) == "0 to 69"
    assert points_range((-0.69, -1e-9)) == "−69 to below 0"
    assert number_text(0.004, (0.0, 0.6)) == "0.004"
    assert number_text(0.0, (0.0, 0.6)) == "0.00"
    assert points_range((0.0024, 0.69)) == "+0.2 to +69"


def test_a_logarithmic_axis_keeps_zero_apart_from_the_smallest_rate() -> None:
    axis = log_axis([0.0, 0.0005, 0.2], 0.0, 100.0, inset=10.0)
    assert axis.at(0.0) == 0.0
    assert axis.at(axis.low) == pytest.approx(10.0)
    assert axis.at(1.0) == pytest.approx(100.0)
    assert axis.at(0.01) == pytest.approx(10 + 90 * 2 / 4)
    assert [each.label.replace("\u00a0", " ") for each in axis.ticks] == [
        *("0.01 %", "0.1 %", "1 %", "10 %", "100 %", "0")
    ]


def test_an_axis_of_one_value_has_room() -> None:
    axis = linear_axis(0.0, 0.0, 0.0, 100.0)
    assert axis.at(0.0) == 0.0
    assert axis.high > 0


def test_a_quantile_is_read_off_the_bars() -> None:
    scores = five_without_an_error().findings.groups[0].mated_scores
    middle = quantile(scores, 0.5)
    assert middle is not None
    assert middle == pytest.approx(0.75, abs=0.03)
    assert quantile(replace(scores, shares=(0.0,) * len(scores.shares)), 0.5) is None


# --- Colours --------------------------------------------------------------------------------------


def _palettes() -> dict[str, dict[str, str]]:
    """The colours of the light, the dark and the printed page."""
    style = PACKAGE.joinpath("report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block)) for block in blocks]
    light, dark, paper = found
    return {"light": light, "dark": light | dark, "paper": light | paper}


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark", "paper"])
def test_text_and_marks_stand_out_in_every_mode(mode: str) -> None:
    colours = _palettes()[mode]
    for ground in ("paper", "card"):
        for text in ("ink", "soft", "pass", "fail", "undecided", "limit"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for mark in ("mark", "wrong", *(f"c{index}" for index in range(6))):
        assert _contrast(colours[mark], colours["card"]) >= 3, mark
    for shade in range(1, 5):
        assert _contrast(colours["ink"], colours[f"h{shade}"]) >= 4.5, shade
    assert _contrast(colours["on-h5"], colours["h5"]) >= 4.5


def test_groups_of_one_size_without_an_error_are_told_of_together() -> None:
    made = [Made(name, 7, spread=0.05) for name in ("one", "other")]
    said = " ".join(verdict_paragraph(report(findings(made, 0.5))))
    assert "in each" in said
    assert "but only to" not in said
    assert "small (7 people each)" in said
