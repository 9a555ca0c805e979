"""What an audit found out, in plain words: the verdict, what it rests on, what stays open."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf

from chiso.evaluate.disparities import FEW_PEOPLE
from chiso.evaluate.findings import (
    Findings,
    FrozenThreshold,
    GroupFindings,
    Judgement,
    Rate,
    Verdict,
)
from chiso.interfaces.fairness_report.numbers import (
    PERCENT,
    at_most,
    count,
    counts_text,
    full_text,
    limit_text,
    number_text,
    percent,
    percent_range,
    points,
    points_range,
    range_text,
    score_text,
)
from chiso.services.audit.report import AuditReport

VERDICTS = {Verdict.PASS: "Pass", Verdict.FAIL: "Fail", Verdict.UNDECIDED: "Undecided"}
VERDICT_MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNDECIDED: "?"}
VERDICT_MEANINGS = {
    Verdict.PASS: "The whole interval lies within the limit, and so many people without an error "
    "would pass too: the people tested are enough to say that the requirement is met.",
    Verdict.FAIL: "The whole interval lies beyond the limit: chance alone does not explain it.",
    Verdict.UNDECIDED: "The interval reaches across the limit, or there are so few people that "
    "not even a test without an error could pass: neither can be said.",
}
_LISTED = 6


def headline(findings: Findings) -> str:
    """The verdict in one line."""
    if findings.verdict is Verdict.PASS:
        return "within every limit, in every group measured"
    if findings.verdict is Verdict.UNDECIDED:
        return "there are too few people to tell"
    if any(len(each.groups) > 1 for each in failed(findings)):
        return "not equally right for every group"
    return "wrong more often than the policy allows"


def verdict_paragraph(report: AuditReport) -> tuple[str, ...]:
    """Who, at what threshold, both errors, what is broken, what is open: its sentences in order."""
    findings = report.findings
    said = (
        _who(findings),
        threshold_sentence(findings.threshold, is_distance=report.provenance.is_distance),
        _both_errors(findings),
        _broken(findings),
        open_sentence(findings),
        _caution(findings),
    )
    return tuple(each for each in said if each)


def threshold_sentence(threshold: FrozenThreshold, *, is_distance: bool) -> str:
    """Where the threshold lies, who fixed it, and on whom."""
    side = "less" if is_distance else "more"
    value = score_text(threshold.value, is_distance=is_distance)
    a_match = f"A comparison counts as a match at a score of {value} or {side}"
    if threshold.policy == "given":
        return f"{a_match}, a threshold given by {threshold.set_by or 'whoever asked'}."
    aim = "" if threshold.target_fmr is None else limit_text(threshold.target_fmr)
    rule = {
        "pooled": f"so that false matches of everyone together stay at {aim}",
        "worst-group": f"so that false matches stay below {aim} in every group with enough people",
    }.get(threshold.policy, f"by the policy “{threshold.policy}”")
    people = count(threshold.people, "other person", "other people")
    return f"{a_match}: a threshold fixed beforehand on {people}, {rule}, and then left alone."


def open_sentence(findings: Findings) -> str:
    """How much is undecided, and how many more people it would take."""
    undecided = judged(findings, Verdict.UNDECIDED)
    if not undecided:
        return ""
    total = len(findings.judgements)
    some = f"{len(undecided)} of {count(total, 'requirement', 'requirements')}"
    some = f"all {total} requirements" if len(undecided) == total > 1 else some
    said = f"Not known: {some} {'is' if len(undecided) == 1 else 'are'} undecided."
    needed = [each.more_people for each in undecided if each.more_people is not None]
    if needed:
        which = "them" if len(needed) == len(undecided) else f"{len(needed)} of them"
        which = "it" if len(undecided) == 1 else which
        said += (
            f" If the rates seen here held, about {max(needed):,} more people a group "
            f"would decide {which}."
        )
    unknown = len(undecided) - len(needed)
    if unknown and needed:
        rest = "one" if unknown == 1 else f"{unknown:,}"
        said += f" For the other {rest}, this sample cannot tell how many it would take."
    elif unknown:
        said += " This sample cannot tell how many more people it would take."
    return said


def more_people_text(judgement: Judgement) -> str:
    """The cell of a table."""
    if judgement.verdict is not Verdict.UNDECIDED:
        return ""
    if judgement.more_people is None:
        return "cannot be told"
    return f"about {judgement.more_people:,} a group"


def judged_value(judgement: Judgement) -> tuple[str, str, str]:
    """Value, interval and limit in the measure's own unit: a ratio, points, or per cent."""
    value, interval, limit = judgement.value, judgement.interval, judgement.limit
    if "ratio" in judgement.measure.lower():
        shown = "no limit" if isinf(value) else number_text(value, interval)
        return shown, range_text(interval), f"{limit:g}"
    if "difference" in judgement.measure.lower():
        return points(value, interval), points_range(interval), f"±{100 * limit:g}"
    return percent(value, interval), percent_range(interval), limit_text(limit)


def failed(findings: Findings) -> list[Judgement]:
    """What is broken."""
    return judged(findings, Verdict.FAIL)


def judged(findings: Findings, verdict: Verdict) -> list[Judgement]:
    """Judgements of one kind, in their order."""
    return [each for each in findings.judgements if each.verdict is verdict]


def own_verdict(findings: Findings, group: str, measure: str) -> Verdict | None:
    """What is said of a group's own FMR or FNMR; None where nothing is."""
    return next(
        (
            each.verdict
            for each in findings.judgements
            if each.groups == (group,) and each.measure == measure
        ),
        None,
    )


def group_list(names: Sequence[str]) -> str:
    """`“a”, “b” and “c”`."""
    quoted = [f"“{each}”" for each in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _who(findings: Findings) -> str:
    groups = findings.groups[1:]
    people = count(findings.groups[0].people, "person", "people")
    if len(groups) == 1:
        return (
            f"This test measured {people}, all of one group, {group_list([groups[0].group])}, so "
            "it cannot say whether groups are treated alike."
        )
    if len(groups) > _LISTED:
        sizes = [each.people for each in groups]
        return (
            f"This test measured {people} in {len(groups)} groups of {min(sizes):,} to "
            f"{max(sizes):,}."
        )
    each = ", ".join(f"“{one.group}” {one.people:,}" for one in groups)
    return f"This test measured {people} in {len(groups)} groups ({each})."


def _both_errors(findings: Findings) -> str:
    groups = findings.groups[1:]
    false_matches = _extremes([(each.group, each.fmr) for each in groups])
    false_non_matches = _extremes([(each.group, each.fnmr) for each in groups])
    return (
        f"Two different people taken for one (false match): {false_matches}. "
        f"A person not recognised as herself (false non-match): {false_non_matches}."
    )


def _extremes(rates: Sequence[tuple[str, Rate]]) -> str:
    """The highest and the lowest rate, or, where no error was seen, how well each is bounded."""
    tried = [(group, rate) for group, rate in rates if rate.trials]
    if not tried:
        return "there was nothing to compare"
    untried = [group for group, rate in rates if not rate.trials]
    without = f"; nothing to compare in {group_list(untried)}" if untried else ""
    if not any(rate.errors for _, rate in tried):
        return _none_seen(tried) + without
    return _highest_and_lowest(tried) + without


def _highest_and_lowest(tried: Sequence[tuple[str, Rate]]) -> str:
    highest = max(tried, key=lambda each: each[1].value)
    if len(tried) == 1:
        return f"{full_text(highest[1])} in “{highest[0]}”"
    # Among groups without an error, the one with the most evidence is the lowest.
    lowest = min(tried, key=lambda each: (each[1].value, each[1].interval[1]))
    if lowest[1].value == highest[1].value:
        return f"{full_text(highest[1])} in “{highest[0]}”, and the same in every group"
    return (
        f"most often in “{highest[0]}”, {full_text(highest[1])}, and least often in "
        f"“{lowest[0]}”, {full_text(lowest[1])}"
    )


def _none_seen(tried: Sequence[tuple[str, Rate]]) -> str:
    best = min(tried, key=lambda each: each[1].interval[1])
    worst = max(tried, key=lambda each: each[1].interval[1])
    if len(tried) == 1:
        return f"none seen in {counts_text(best[1]).removeprefix('0 of ')} ({at_most(best[1])})"
    if at_most(best[1]) == at_most(worst[1]):
        return f"none seen in any group, which bounds the rate to {at_most(best[1])} in each"
    return (
        f"none seen in any group, which bounds the rate to {at_most(best[1])} in “{best[0]}” but "
        f"only to {at_most(worst[1])} in “{worst[0]}”"
    )


def _broken(findings: Findings) -> str:
    broken = failed(findings)
    if not broken:
        return ""
    told = _worst_of_each_measure(broken)
    total = count(len(findings.judgements), "requirement", "requirements")
    verb = "is" if len(broken) == 1 else "are"
    rest = len(broken) - len(told)
    others = f" The report lists the other {'one' if rest == 1 else rest}." if rest > 0 else ""
    said = " ".join(_broken_sentence(each) for each in told)
    return f"{len(broken)} of {total} {verb} not met. {said}{others}"


def _worst_of_each_measure(broken: Sequence[Judgement]) -> list[Judgement]:
    worst: dict[str, Judgement] = {}
    for each in broken:
        before = worst.get(each.measure)
        if before is None or abs(each.value) > abs(before.value):
            worst[each.measure] = each
    return list(worst.values())


def _broken_sentence(judgement: Judgement) -> str:
    value, interval, limit = judged_value(judgement)
    groups, measure = group_list(judgement.groups), judgement.measure
    points_after = " points" if "difference" in measure.lower() else ""
    return (
        f"{groups}: {measure} {value}{points_after} (95{PERCENT} interval {interval}), where "
        f"{limit}{points_after} is allowed."
    )


def _caution(findings: Findings) -> str:
    smallest = min(findings.groups[1:], key=lambda each: each.people, default=None)
    if smallest is None:
        return ""
    if smallest.people < FEW_PEOPLE:
        few = _few(findings.groups[1:])
        return f"{few}: read such figures as a direction, not as a proof."
    return (
        "This holds for people, cameras and photos like those tested; other photos can give other "
        "errors."
    )


def _few(groups: Sequence[GroupFindings]) -> str:
    few = [each for each in groups if each.people < FEW_PEOPLE]
    if len(few) == 1:
        people = count(few[0].people, "person", "people")
        return f"Only {people} of “{few[0].group}” took part"
    sizes = sorted(each.people for each in few)
    which = "All groups are" if len(few) == len(groups) else f"{len(few)} groups are"
    range_of = f"{sizes[0]:,}" if sizes[0] == sizes[-1] else f"{sizes[0]:,} to {sizes[-1]:,}"
    return f"{which} small ({range_of} people each)"
