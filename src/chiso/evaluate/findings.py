"""What an audit found: every number that its report shows, with its counts and its interval.

Rates and intervals are in [0, 1]; intervals are 95 %. Nobody is named here: people are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

EVERYONE = "everyone"


class IntervalMethod(StrEnum):
    """How an interval was made; `docs/fairness.md` says when each is used."""

    WILSON = "wilson"
    """Wilson's, with the variance adjusted for comparisons that share a person; of failures to
    enrol, with the people as the sample size."""
    EXACT = "exact"
    """An exact bound that counts people: no error, nothing but errors, or too few who err."""
    BOOTSTRAP = "bootstrap"
    """Percentiles over draws of people."""
    NONE = "none"
    """Too few people for any method: (0, 1)."""


class Verdict(StrEnum):
    """What the evidence says of one requirement of a policy."""

    PASS = "pass"  # noqa: S105 - a word, not a password
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with what it rests on. `value` is NaN and `interval` (0, 1) without trials."""

    value: float
    errors: int
    trials: int
    people: int
    interval: tuple[float, float]
    method: IntervalMethod


@dataclass(frozen=True, slots=True)
class Separability:
    """FNMR at the group's own FMR: what no threshold can flatter.

    `threshold`: the lowest at which the group's own FMR is at most `at_fmr`. Where the group has
    too few comparisons to have such an FMR, `threshold` and `fnmr` are None and `why_not` says so;
    beside an `fnmr` it says why its interval does not hold how far the threshold varies.
    """

    at_fmr: float
    threshold: float | None
    fnmr: Rate | None
    why_not: str


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a DET curve: both errors at one threshold."""

    threshold: float
    fmr: float
    fnmr: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """Shares of scores by bin; `edges` has one more than `shares`, which sum to 1 or are all 0."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class GroupFindings:
    """One group within itself, or `EVERYONE`. `fte` is None where no photos were processed.

    `fte`: errors are samples that gave no template, of all samples offered.
    """

    group: str
    people: int
    samples: int
    fte: Rate | None
    fmr: Rate
    fnmr: Rate
    separability: tuple[Separability, ...]
    det: tuple[CurvePoint, ...]
    mated_scores: Histogram
    nonmated_scores: Histogram


@dataclass(frozen=True, slots=True)
class CrossRate:
    """False matches between people of two groups (the same one twice: within it)."""

    one: str
    other: str
    fmr: Rate


@dataclass(frozen=True, slots=True)
class Disparity:
    """How unequal a rate is over all groups, in one number.

    `name`: "max/min", "max/geometric mean", "GARBE", "FDR". `rate`: "FMR", "FNMR" or "both".
    `value` is None where it is not defined; `note` says why, or how a zero was treated. An end of
    the interval of a ratio is infinite where draws divide by zero.
    """

    name: str
    rate: str
    value: float | None
    interval: tuple[float, float] | None
    best: float
    """The value of perfect equality."""
    note: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One requirement of the policy, of one group or of a pair of groups.

    `requirement`: in words, "FMR at most 0.1 %". `value` and `interval`: of what is compared with
    `limit` (a rate, a ratio, a difference); a ratio by zero is infinite, one of two zeros NaN, and
    the upper end is infinite where the lower rate may be zero. `more_people`: for `UNDECIDED`,
    about how many more people a group it would take if the estimate held; None where no number
    would settle it or it cannot be told. `why`: one sentence.
    """

    groups: tuple[str, ...]
    requirement: str
    measure: str
    value: float
    interval: tuple[float, float]
    limit: float
    verdict: Verdict
    more_people: int | None
    why: str


@dataclass(frozen=True, slots=True)
class FrozenThreshold:
    """The threshold of the test, and how it came to be fixed.

    `policy`: "pooled", "worst-group", or "given". `set_by`: the group whose bound decided, or who
    gave it. `people`: of the split it was fixed on; 0 if it was given.
    """

    value: float
    policy: str
    target_fmr: float | None
    set_by: str
    people: int
    note: str


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """How many people of each group are in each split: calibration, threshold, test."""

    group: str
    calibration: int
    threshold: int
    test: int


@dataclass(frozen=True, slots=True)
class GroupChange:
    """What a normaliser changes for a group: absolute changes of both errors, with intervals."""

    group: str
    fmr: Rate
    fnmr: Rate
    fmr_change: float
    fmr_change_interval: tuple[float, float]
    fnmr_change: float
    fnmr_change_interval: tuple[float, float]
    separability_change: float | None
    """FNMR at the group's own FMR of 1 %, less that without a normaliser."""
    separability_change_interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class NormaliserFindings:
    """One normaliser, at its own threshold fixed by the same policy on the same split.

    `is_oracle`: it sees group labels, is for comparison only, and is never recommended.
    """

    name: str
    threshold: float
    changes: tuple[GroupChange, ...]
    max_min_fmr: float | None
    is_oracle: bool
    recommended: bool
    why: str


@dataclass(frozen=True, slots=True)
class Findings:
    """A whole audit. `groups` begins with `EVERYONE`, then groups by name."""

    groups: tuple[GroupFindings, ...]
    cross: tuple[CrossRate, ...]
    disparities: tuple[Disparity, ...]
    judgements: tuple[Judgement, ...]
    verdict: Verdict
    threshold: FrozenThreshold
    split: tuple[SplitCounts, ...]
    seed: int
    normalisers: tuple[NormaliserFindings, ...]
    remarks: tuple[str, ...]
    """What the reader must know: groups too small, separability that differs, and so on."""
