"""Made-up audits to write reports of. Their numbers hang together but measure nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.interfaces.fairness_findings import Made, findings, rate

from chiso.core.templates import ModelDigest
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.findings import Findings, GroupChange, Histogram, NormaliserFindings
from chiso.services.audit.report import (
    AuditedInput,
    AuditKind,
    AuditReport,
    Everyday,
    Models,
    PhotoProtocol,
    Provenance,
    RefusedSamples,
)


def report(found: Findings, *, is_distance: bool = False, title: str = "An example") -> AuditReport:
    """Of a table of scores."""
    people = 3 * found.groups[0].people
    provenance = Provenance(
        kind=AuditKind.SCORES,
        audited=AuditedInput("scores.csv", "ab" * 32, 123_456, people, None, ("group",)),
        is_distance=is_distance,
        plan=AuditPlan(seed=found.seed),
        models=None,
        photos=None,
        threshold_record=None,
        software="chiso 0.0",
        made="2026-01-02T03:04:05Z",
        notes=("12 comparisons were listed twice and counted once.",),
    )
    return AuditReport(title, found, provenance)


def five_without_an_error() -> AuditReport:
    """Small groups, no error anywhere: nothing can be proved."""
    names = (("black", 7), ("east Asian", 5), ("south Asian", 2), ("west Asian", 5), ("white", 34))
    made = [Made(name, people, spread=0.05) for name, people in names]
    return report(findings(made, 0.5), title="Studio photos")


def unequal_in_large() -> AuditReport:
    """Photos of thousands; false matches a hundred times as frequent in one group as in another."""
    made = [
        Made("black", 1800, others=0.28, own=0.70),
        Made("east Asian", 1500, others=0.24),
        Made("west Asian", 900, others=0.16),
        Made("white", 4200, others=0.10),
    ]
    found = findings(made, 0.52)
    normalisers = tuple(
        _normaliser(found, name, factor, oracle=name == "group z-norm")
        for name, factor in (("AS-norm", 0.6), ("FairCal", 0.25), ("group z-norm", 0.1))
    )
    found = replace(
        found,
        normalisers=normalisers,
        remarks=("Separability differs between groups: no threshold makes them equal.",),
        groups=tuple(
            replace(each, fte=rate(3 * at + 1, 3 * each.people, each.people))
            for at, each in enumerate(found.groups)
        ),
    )
    made_report = report(found, title="The stock descriptor on everyday photos")
    photos = PhotoProtocol(
        "cd" * 32,
        1,
        Everyday("blur, down-sampling, noise, JPEG, a third of the light", 11),
        (
            RefusedSamples("black", "probe", "no-face", 3),
            RefusedSamples("white", "probe", "blurred", 9),
        ),
    )
    models = Models("centerface", "01" * 32, "dlib-resnet-v1", ModelDigest("23" * 32))
    audited = AuditedInput("photos", "ef" * 32, 50_400, 16_800, 50_400, ("ethnicity",))
    return replace(
        made_report,
        provenance=replace(
            made_report.provenance,
            kind=AuditKind.PHOTOS,
            audited=audited,
            photos=photos,
            models=models,
        ),
    )


def of_one_group() -> AuditReport:
    """Nothing to compare with."""
    return report(findings([Made("volunteers", 4000, spread=0.08)], 0.45))


def with_a_group_of_one() -> AuditReport:
    """One person has nobody to be taken for."""
    return report(findings([Made("alone", 1), Made("many", 160)], 0.45))


def crossed() -> AuditReport:
    """Twelve groups with long names."""
    made = [
        Made(f"{one} × {other}", 20 + 9 * at, others=0.1 + 0.015 * at)
        for at, (one, other) in enumerate(
            (one, other)
            for one in ("black", "east_asian", "east_asian/white", "south_asian", "white", "other")
            for other in ("man", "woman")
        )
    ]
    return report(findings(made, 0.5))


def of_distances() -> AuditReport:
    """Scores that were distances, negated on reading."""
    found = findings([Made("a", 300), Made("b", 90, others=0.25)], 0.5)
    return report(_moved(found, lambda score: score - 1.1), is_distance=True)


def equal_in_large() -> AuditReport:
    """Every requirement met."""
    made = [Made(name, 30_000, spread=0.10) for name in ("one", "two", "three")]
    return report(findings(made, 0.44))


EXAMPLES: dict[str, Callable[[], AuditReport]] = {
    "zeros": five_without_an_error,
    "fail": unequal_in_large,
    "single": of_one_group,
    "alone": with_a_group_of_one,
    "crossed": crossed,
    "distance": of_distances,
    "pass": equal_in_large,
}


def _normaliser(found: Findings, name: str, factor: float, *, oracle: bool) -> NormaliserFindings:
    changes = []
    for at, each in enumerate(found.groups):
        fmr = rate(int(each.fmr.errors * factor), each.fmr.trials, each.people)
        fnmr = rate(each.fnmr.errors + 8 * at, each.fnmr.trials, each.people)
        moved = fmr.value - each.fmr.value, fnmr.value - each.fnmr.value
        changes.append(
            GroupChange(
                each.group,
                fmr,
                fnmr,
                moved[0],
                (moved[0] * 1.3, moved[0] * 0.7),
                moved[1],
                (moved[1] - 0.002, moved[1] + 0.003),
                0.01 * (at - 1),
                (0.01 * at - 0.031, 0.01 * at + 0.012),
            )
        )
    return NormaliserFindings(
        name, 1.25, tuple(changes), 31.4, oracle, False, "It raises FNMR in one group."
    )


def _moved(found: Findings, move: Callable[[float], float]) -> Findings:
    """The same with every score moved."""

    def histogram(its: Histogram) -> Histogram:
        return Histogram(tuple(move(each) for each in its.edges), its.shares)

    groups = tuple(
        replace(
            each,
            separability=tuple(
                replace(one, threshold=None if one.threshold is None else move(one.threshold))
                for one in each.separability
            ),
            det=tuple(replace(point, threshold=move(point.threshold)) for point in each.det),
            mated_scores=histogram(each.mated_scores),
            nonmated_scores=histogram(each.nonmated_scores),
        )
        for each in found.groups
    )
    threshold = replace(found.threshold, value=move(found.threshold.value))
    return replace(found, groups=groups, threshold=threshold)
