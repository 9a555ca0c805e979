"""What a comparison answers, and the threshold record that the answer rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import acos, cos
from statistics import NormalDist

from chiso.core.consent import SubjectId
from chiso.core.templates import ModelDigest

NO_NORMALISER = "none"
"""What is named where scores are the cosines that they are."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Affine score-to-LLR map: llr = clip(offset + slope · score, -limit, +limit), in nats.

    Source of the form: Brümmer & du Preez (2006), "Application-independent evaluation of speaker
    detection". `limit` is what the people behind the fit can support.
    """

    slope: float
    offset: float
    limit: float

    def llr(self, score: float) -> float:
        """Log-likelihood ratio, natural log: above 0 favours the same person."""
        raw = self.offset + self.slope * score
        return max(-self.limit, min(self.limit, raw))


@dataclass(frozen=True, slots=True)
class GroupCount:
    """What one self-reported group contributed to a threshold, with 95 % intervals of its rates."""

    group: str
    people: int
    nonmated: int
    false_matches: int
    fmr_interval: tuple[float, float]
    mated: int
    false_nonmatches: int
    fnmr_interval: tuple[float, float]


class CountedOn(StrEnum):
    """Whose comparisons the error counts of a record are of."""

    SAME_PEOPLE = "same-people"
    """Those that it was fitted to: the counts show the fit and prove nothing about others."""
    OTHER_PEOPLE = "other-people"
    """People kept apart from the fit."""


@dataclass(frozen=True, slots=True)
class SeenShare:
    """What was seen, without a model: a threshold of `score` lets at most `share` match falsely."""

    share: float
    score: float


@dataclass(frozen=True, slots=True)
class ScoreTail:
    """False scores of one population, by a model and as they were seen.

    The model: the angle between two people's templates, the arc cosine of their score, is normally
    distributed with `mean_rad` and `deviation_rad`. `seen`: by falling share, the last of share 0,
    just above the highest false score of all. `comparisons` among `people` are behind it.
    """

    group: str
    people: int
    comparisons: int
    mean_rad: float
    deviation_rad: float
    seen: tuple[SeenShare, ...]

    def threshold(self, fmr: float) -> float:
        """Lowest score at which both model and what was seen hold `fmr`, in (0, 1)."""
        angle = self.mean_rad + NormalDist().inv_cdf(fmr) * self.deviation_rad
        floor = next(each.score for each in self.seen if each.share <= fmr)
        return max(cos(max(0.0, angle)), floor)

    def fmr(self, threshold: float) -> float:
        """FMR at a threshold: the modelled or the seen, whichever is higher.

        Below all that was written down as seen at least as many match as at the lowest of it.
        """
        most = self.seen[0].share
        seen = next((each.share for each in reversed(self.seen) if each.score <= threshold), most)
        if self.deviation_rad == 0:
            return seen
        angle = acos(max(-1.0, min(1.0, threshold)))
        return max(NormalDist(self.mean_rad, self.deviation_rad).cdf(angle), seen)


@dataclass(frozen=True, slots=True)
class Misses:
    """How many mated comparisons of a group are below a threshold, with the 95 % interval."""

    group: str
    people: int
    mated: int
    missed: int
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class AtScale:
    """What a record says of a search among `references`: its threshold, FPIR and misses.

    `fpir`: as the model has it, where each comparison is a chance of its own. `misses`: for
    everyone and by group, counted on the mated comparisons of the record's people.
    """

    references: int
    value: float
    fpir: float
    misses: tuple[Misses, ...]


@dataclass(frozen=True, slots=True)
class ThresholdRecord:
    """A threshold and everything needed to doubt it. A score at or above `value` is a match.

    Records of format 1 have none of the fields after `note`; `lacks` in `compare/threshold.py` says
    what that means.
    """

    record_id: str
    model: ModelDigest
    normaliser: str
    policy: str
    target_fmr: float
    value: float
    interval: tuple[float, float] | None
    """95 % interval of `value`, from a bootstrap over people; None where none was made."""
    calibration: Calibration
    source: str
    source_sha256: str
    people: int
    groups: tuple[GroupCount, ...]
    made: str
    """UTC date and time, ISO 8601."""
    note: str
    format: int = 1
    set_by: str | None = None
    """The group whose false scores set the value."""
    counted_on: CountedOn | None = None
    seed: int | None = None
    target_fpir: float | None = None
    """FPIR that a search holds, however many references there are; None: no search holds any."""
    tails: tuple[ScoreTail, ...] = ()
    """Of every population that may set a search's threshold; the strictest does."""
    at_scale: tuple[AtScale, ...] = ()
    normaliser_document: str | None = None
    """The fitted normaliser whose digest `normaliser` names; None where that is NO_NORMALISER."""


@dataclass(frozen=True, slots=True)
class SearchThreshold:
    """The threshold of one search: a record's, made as strict as its number of references asks.

    `target_fpir`: what is held; None where the record cannot. `fpir`: what `value` implies.
    """

    record: ThresholdRecord
    references: int
    value: float
    fpir: float
    target_fpir: float | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One subject on a candidate list: best score over her references, and its LLR in nats."""

    subject_id: SubjectId
    score: float
    llr: float


@dataclass(frozen=True, slots=True)
class Verified:
    """Answer of a 1:1 comparison."""

    match: bool
    score: float
    llr: float
