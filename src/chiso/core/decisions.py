"""What a comparison answers, and the threshold record that the answer rests on."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.core.consent import SubjectId
from chiso.core.templates import ModelDigest


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


@dataclass(frozen=True, slots=True)
class ThresholdRecord:
    """A threshold and everything needed to doubt it. A score at or above `value` is a match."""

    record_id: str
    model: ModelDigest
    normaliser: str
    policy: str
    target_fmr: float
    value: float
    interval: tuple[float, float]
    """95 % interval of `value`, from a bootstrap over people."""
    calibration: Calibration
    source: str
    source_sha256: str
    people: int
    groups: tuple[GroupCount, ...]
    made: str
    """UTC date and time, ISO 8601."""
    note: str


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
