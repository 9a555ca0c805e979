"""How an audit was made, in words: what each term means and where it comes from, and provenance."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.findings import IntervalMethod
from chiso.interfaces.fairness_report.numbers import count, limit_text
from chiso.services.audit.report import AuditKind, AuditReport

METHODS = {
    IntervalMethod.WILSON: "Wilson, dependence-adjusted",
    IntervalMethod.EXACT: "exact, by people",
    IntervalMethod.BOOTSTRAP: "bootstrap over people",
    IntervalMethod.NONE: "too few for any",
}
"""An interval's method, as tables name it."""

TERMS = (
    (
        "False match rate (FMR)",
        (
            "of comparisons of two different people, the share that the recogniser calls the same "
            "person. ISO/IEC 2382-37:2022; measured as in ISO/IEC 19795-1:2021."
        ),
    ),
    (
        "False non-match rate (FNMR)",
        (
            "of comparisons of a person with herself, the share that it calls different people. "
            "Same sources. Either error alone can be made to vanish by moving the threshold, so "
            "both are always shown."
        ),
    ),
    (
        "Failure to enrol (FTE)",
        (
            "of photos handed in, the share from which no template could be made. They are "
            "counted, not dropped. ISO/IEC 2382-37:2022."
        ),
    ),
    (
        "Separability",
        (
            "FNMR at the threshold at which the group’s own FMR is 1 % (or 0.1 %). It asks how "
            "well the recogniser tells people of a group apart when the threshold suits that group "
            "perfectly; no choice of threshold can improve it."
        ),
    ),
    (
        "DET curve",
        "both errors at every threshold (detection error trade-off). ISO/IEC 19795-1:2021.",
    ),
    (
        "95 % interval",
        (
            "made so that in about 95 of 100 such tests it holds the true rate. Comparisons that "
            "share a person are not independent, so people are counted and not comparisons: Wilson "
            "(1927) with the variance of Fogliato, Patil and Perona (2024). Without any error, or "
            "where very few people err, an exact bound that counts people. For ratios and other "
            "disparities, a bootstrap that draws people, the same draw for all groups. Each "
            "interval stands by itself: of many, some miss by chance."
        ),
    ),
    (
        "Disparities",
        (
            "by ISO/IEC 19795-10:2024 as several numbers, since each hides something. Max/min and "
            "max/geometric mean: Grother (2022). GARBE: Howard et al. (2022). FDR: de Freitas "
            "Pereira and Marcel (2021). A group without an error has no ratio; the notes in the "
            "table say how each was treated."
        ),
    ),
)
"""Each with its meaning and source."""

SOURCES = (
    "ISO/IEC 2382-37:2022, Information technology: Vocabulary, part 37: Biometrics.",
    (
        "ISO/IEC 19795-1:2021, Biometric performance testing and reporting, part 1: Principles and "
        "framework."
    ),
    (
        "ISO/IEC 19795-10:2024, part 10: Quantifying biometric system performance variation across "
        "demographic groups."
    ),
    (
        "R. Fogliato, P. Patil, P. Perona: Confidence intervals for error rates in 1:1 matching "
        "tasks. International Journal of Computer Vision, 2024; arXiv:2306.01198."
    ),
    (
        "E. B. Wilson: Probable inference, the law of succession, and statistical inference. "
        "Journal of the American Statistical Association 22 (1927), 209–212."
    ),
    (
        "J. J. Howard, E. J. Laird, Y. B. Sirotin, R. E. Rubin, J. L. Tipton, A. R. Vemury: "
        "Evaluating proposed fairness models for face recognition algorithms. 2022; "
        "arXiv:2203.05051."
    ),
    (
        "T. de Freitas Pereira, S. Marcel: Fairness in biometrics: a figure of merit to assess "
        "biometric verification systems. IEEE T-BIOM, 2021; arXiv:2011.02395."
    ),
    (
        "P. Grother: Face recognition vendor test part 8: Summarizing demographic differentials. "
        "NIST IR 8429, 2022."
    ),
    "M. Mitchell et al.: Model cards for model reporting. FAT* 2019, 220–229; arXiv:1810.03993.",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the provenance. `is_code`: a digest or a name, to be set as such."""

    name: str
    text: str
    is_code: bool = False


def protocol(report: AuditReport) -> tuple[str, ...]:
    """How people were split and compared, a paragraph each."""
    plan = report.provenance.plan
    return tuple(each for each in (_split(plan), _comparing(report), _photos(report)) if each)


def requirements(plan: AuditPlan) -> tuple[str, ...]:
    """What the verdict is given against."""
    asked = plan.requirements
    most = plan.target_fmr if asked.max_fmr is None else asked.max_fmr
    return (
        (
            f"In every group, FMR at most {limit_text(most)} and FNMR at most "
            f"{limit_text(asked.max_fnmr)}."
        ),
        (
            f"Between any two groups, one FMR at most {asked.max_fmr_ratio:g} times the other, and "
            f"FNMRs at most {100 * asked.max_fnmr_difference:g} percentage points apart."
        ),
    )


def normalisers_at(plan: AuditPlan) -> str:
    """How the threshold of each normaliser was fixed."""
    if plan.given_threshold is None:
        return "fixed by the same policy on the same people"
    return (
        "the one at which everyone’s FMR on the test itself is that of the given threshold without "
        "a normaliser (fitted in-sample, which flatters each a little)"
    )


def provenance(report: AuditReport) -> tuple[Fact, ...]:
    """Everything needed to make the report again, or to doubt it."""
    made, findings = report.provenance, report.findings
    audited, photos = made.audited, made.photos
    samples = "" if audited.samples is None else f", {count(audited.samples, 'sample', 'samples')}"
    rows = {
        AuditKind.SCORES: ("comparison", "comparisons"),
        AuditKind.EMBEDDINGS: ("embedding", "embeddings"),
        AuditKind.PHOTOS: ("photo", "photos"),
    }[made.kind]
    people = count(audited.people, "person", "people")
    facts = [
        Fact("made", f"{made.made}, {made.software}"),
        Fact("input", f"{audited.name}: {count(audited.rows, *rows)}, {people}{samples}"),
        Fact("input’s SHA-256", audited.sha256, is_code=True),
        Fact("groups by", ", ".join(audited.by)),
    ]
    if made.models is not None:
        models = made.models
        facts += [
            Fact("detector", f"{models.detector}, {models.detector_sha256}", is_code=True),
            Fact("model", f"{models.embedder}, {models.embedder_digest}", is_code=True),
        ]
    if photos is not None:
        facts.append(Fact("consent document’s SHA-256", photos.consent_sha256, is_code=True))
    if made.threshold_record is not None:
        facts.append(Fact("threshold record", made.threshold_record, is_code=True))
    seeds = f"{findings.seed} (split and draws)"
    if photos is not None and photos.everyday is not None:
        seeds += f", {photos.everyday.seed} (everyday degradations)"
    return (*facts, Fact("seeds", seeds))


def _split(plan: AuditPlan) -> str:
    if plan.given_threshold is not None:
        return (
            "The threshold was given, so nothing was fitted, and all people are in the test but "
            f"those that a normaliser was calibrated on. Seed {plan.seed}."
        )
    names = ("calibration", "threshold", "test")
    parts = [
        f"{100 * share:g}{chr(160)}% {name}"
        for name, share in zip(names, plan.shares, strict=True)
        if share
    ]
    return (
        "People, never comparisons, were split at random within each group: "
        f"{', '.join(parts)} (seed {plan.seed}). No person is in two parts. The threshold was "
        f"fixed on the threshold part, by the policy “{plan.policy.value}”, where a group of fewer "
        f"than {plan.min_people} people sets none. It was then frozen, and everything on this page "
        "was measured on the test part."
    )


def _comparing(report: AuditReport) -> str:
    kind = report.provenance.kind
    turned = (
        " The scores are distances, where lower is more alike; they are shown as they came, and "
        "the JSON twin has them negated."
        if report.provenance.is_distance
        else ""
    )
    source = {
        AuditKind.SCORES: "The comparison scores are those of the file; Chiso made none of them.",
        AuditKind.EMBEDDINGS: "Every embedding was compared with every other by their cosine.",
        AuditKind.PHOTOS: "The photos went through Chiso’s own detector, quality limits and model.",
    }[kind]
    return source + turned


def _photos(report: AuditReport) -> str:
    photos = report.provenance.photos
    if photos is None:
        return ""
    one = photos.references == 1
    first = "first photo" if one else f"first {count(photos.references)} photos"
    used = (
        f"The {first} by name of each person that {'passes' if one else 'pass'} the limits of "
        f"enrolment {'is her reference' if one else 'are her references'}; all other photos are "
        "probes."
    )
    if photos.everyday is None:
        return f"{used} Probes are as they came."
    return f"{used} Probes were made like everyday photos: {photos.everyday.description}."
