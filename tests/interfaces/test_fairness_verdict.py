"""The verdict of a fairness audit in words: who, what and how sure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.interfaces.fairness_examples import EXAMPLES, five_without_an_error, report
from tests.interfaces.fairness_findings import Made, findings
from tests.interfaces.fairness_pages import plain

from chiso.evaluate.findings import Verdict
from chiso.interfaces.fairness_report.words import headline, verdict_paragraph


def _said(name: str) -> str:
    return plain(" ".join(verdict_paragraph(EXAMPLES[name]())))


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
    said = plain(" ".join(verdict_paragraph(replace(audit, findings=found))))
    assert "2 of 2 requirements are not met. “volunteers”: FMR 0" in said
    assert "%), where 0.1 % is allowed. “volunteers”: FNMR 0" in said
    assert "Not known" not in said


def test_a_given_threshold_is_said_to_be_given() -> None:
    audit = five_without_an_error()
    given = replace(audit.findings.threshold, policy="given", set_by="the vendor", people=0)
    audit = replace(audit, findings=replace(audit.findings, threshold=given))
    assert "0.5 or more, a threshold given by the vendor." in " ".join(verdict_paragraph(audit))


def test_groups_of_one_size_without_an_error_are_told_of_together() -> None:
    made = [Made(name, 7, spread=0.05) for name in ("one", "other")]
    said = " ".join(verdict_paragraph(report(findings(made, 0.5))))
    assert "in each" in said
    assert "but only to" not in said
    assert "small (7 people each)" in said
