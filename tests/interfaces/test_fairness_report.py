"""The fairness audit's page, written from made-up audits: walkable, self-contained, complete."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise

import pytest
from tests.interfaces.fairness_examples import (
    EXAMPLES,
    five_without_an_error,
    report,
    unequal_in_large,
)
from tests.interfaces.fairness_findings import Made, findings
from tests.interfaces.fairness_pages import Page, page_of, plain

from chiso.interfaces.fairness_report.documents import report_json, write_report
from chiso.interfaces.fairness_report.numbers import interval_text
from chiso.services.audit.report import AuditReport

PACKAGE = files("chiso.interfaces.fairness_report")
MOST_BYTES = 600_000


@pytest.fixture(scope="module", params=EXAMPLES)
def audit(request: pytest.FixtureRequest) -> AuditReport:
    return EXAMPLES[request.param]()


@pytest.fixture(scope="module")
def page(audit: AuditReport) -> Page:
    return page_of(audit)


def test_the_page_needs_nothing_but_itself_and_forbids_all_else(page: Page) -> None:
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


def test_every_figure_says_in_words_what_it_shows(page: Page) -> None:
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


def test_headings_tables_and_landmarks_can_be_walked(page: Page) -> None:
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


def test_nothing_that_is_no_number_is_shown_as_one(page: Page) -> None:
    assert not re.search(r"\b(nan|inf)\b|>None<", page.source.split("</style>")[1])
    assert not re.search(r"\b(nan|inf)\b", "".join(re.findall(r' d="[^"]*"', page.source)))


def test_every_number_of_the_twin_that_matters_is_on_the_page(
    audit: AuditReport, page: Page
) -> None:
    found = audit.findings
    rates = [each for group in found.groups for each in (group.fte, group.fmr, group.fnmr) if each]
    rates += [each.fmr for each in found.cross]
    rates += [one.fnmr for each in found.groups for one in each.separability if one.fnmr]
    rates += [one for n in found.normalisers for each in n.changes for one in (each.fmr, each.fnmr)]
    for each in rates:
        if each.trials:
            assert f"{each.errors:,} of {each.trials:,}" in page.text
            assert plain(interval_text(each)) in page.text
    for judged in found.judgements:
        assert judged.why in page.text
        assert judged.requirement in page.text
        assert judged.more_people is None or f"about {judged.more_people:,} a group" in page.text
    for disparity in found.disparities:
        (row,) = [each for each in page.rows if each[:2] == (disparity.name, disparity.rate)]
        assert row[-1] == disparity.note
    for text in (*found.remarks, *audit.provenance.notes, audit.provenance.audited.sha256):
        assert text in page.text
    for split in found.split:
        parts = (split.calibration, split.threshold, split.test)
        assert (plain(split.group), *(f"{each:,}" for each in parts)) in page.rows
    assert f"seed {found.seed}" in page.text or f"{found.seed} (split" in page.text


def test_a_change_of_separability_stands_beside_an_interval_of_its_own() -> None:
    rows = page_of(unequal_in_large()).rows
    at = rows.index(next(each for each in rows if "change of separability" in each))
    everyone = rows[at + 1]
    assert everyone[0] == "everyone"
    assert everyone[-2:] == ("−1.0", "−3.1 to +1.2")


def test_sources_models_and_seeds_are_named() -> None:
    text = page_of(unequal_in_large()).text
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
    assert cell in page_of(unequal_in_large()).source
    assert cell not in page_of(five_without_an_error()).source


def test_many_remarks_do_not_stand_between_the_verdict_and_the_figures() -> None:
    audit = five_without_an_error()
    remarks = tuple(f"Remark number {at}." for at in range(20))
    page = page_of(replace(audit, findings=replace(audit.findings, remarks=remarks)))
    assert all(page.text.count(each) == 1 for each in remarks)
    assert page.text.index("Remark number 5.") < page.text.index("Both kinds of error, by group")
    assert page.text.index("Remark number 6.") > page.text.index("People in each part")
    assert "14 more follow the tables." in page.text


def test_a_group_cannot_write_into_the_page_or_the_card() -> None:
    evil = "<script>alert(1)</script> | [x](y) `z`"
    written = write_report(report(findings([Made(evil, 40), Made("b", 40)], 0.5), title=evil))
    assert not Page(written["report.html"].decode()).all("script")
    assert "<script" not in written["report.html"].decode()
    card = written["model-card.md"].decode()
    assert "<script" not in re.sub(r"\\<", "", card)
    assert r"\<script\>alert(1)\</script\> \| \[x\](y) \`z\`" in card
    assert json.loads(written["report.json"])["findings"]["groups"][1]["group"] == evil


def test_the_same_report_gives_the_same_bytes(audit: AuditReport) -> None:
    assert write_report(audit) == write_report(audit)


def test_many_groups_have_a_curve_each_and_numbered_columns() -> None:
    page = page_of(EXAMPLES["crossed"]())
    plots = [each for each in page.all("svg") if str(each.get("aria-labelledby")).startswith("det")]
    assert len(plots) == 12
    assert "3 east_asian × man" in page.text
    assert "Columns have the numbers of the rows." in page.text
    few = page_of(five_without_an_error())
    assert few.source.count('class="key"') == 5


def test_distances_are_shown_as_they_came_and_negated_in_the_twin() -> None:
    audit = EXAMPLES["distance"]()
    assert audit.findings.threshold.value == pytest.approx(-0.6)
    text = page_of(audit).text
    assert "at a score of 0.6 or less" in text
    assert "score of −" not in text
    assert "The scores are distances" in text
    assert json.loads(report_json(audit))["findings"]["threshold"]["value"] == pytest.approx(-0.6)


def test_each_normaliser_shows_both_errors_of_every_group() -> None:
    audit = unequal_in_large()
    page = page_of(audit)
    for index, each in enumerate(audit.findings.normalisers):
        for rate_name in ("fmr", "fnmr"):
            said = re.search(rf'<desc id="change-{index}-{rate_name}-d">(.*?)</desc>', page.source)
            assert said is not None
            assert all(group.group in said[1] for group in audit.findings.groups)
        assert each.name in page.text
    assert "group z-norm: sees group labels: for comparison only" in page.text


def test_each_verdict_is_explained_on_every_page(page: Page) -> None:
    for meaning in (
        "The whole interval lies within the limit",
        "The whole interval lies beyond the limit",
        "The interval reaches across the limit",
    ):
        assert meaning in page.text


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
