"""Measures how well a recogniser tells rendered volunteers apart, and names those it cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from chiso.compare.threshold import require_same_model
from chiso.consent.policy import permit_study
from chiso.core.consent import Permit
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import Code
from chiso.core.samples import Box, Landmarks, Refusal
from chiso.evaluate.intervals import wilson_by_people
from chiso.services.engine import faces_in, reference_templates_of, templates_of
from chiso.services.home import Engine
from chiso.services.tone_audit.design import statement_sha256
from chiso.services.tone_audit.readings import refusals
from chiso.services.volunteers.comparing import (
    Comparisons,
    PhotoTemplates,
    Reading,
    RenderedPhoto,
    RenderedSet,
    Trial,
    comparisons_of,
    trials_of,
)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something happened, and the rate's 95 % interval over people."""

    events: int
    trials: int
    interval: tuple[float, float]

    @property
    def value(self) -> float | None:
        """In [0, 1]; None without trials."""
        return self.events / self.trials if self.trials else None


@dataclass(frozen=True, slots=True)
class Spread:
    """Scores of a kind, higher is more alike: how many, the ends, and deciles between them."""

    count: int
    lowest: float
    tenth: float
    median: float
    ninetieth: float
    highest: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What the photos at one tone came to, or all of them.

    Scores and errors at one tone are of photos that are both at it; rank-1 is among all. Each two
    photos are compared twice, either as the reference.

    Attributes:
        people: who has a photo among these.
        photos: how many there are.
        found: photos whose face was found where it is.
        refusals: photos by code at probe limits; a photo that misses two limits counts twice.
        refused: photos without a template: not found, or refused for its quality.
        extra_faces: photos in which a face was found where there is none.
        rank_one: probes more alike to another photo of the same person than to any of anyone else.
            One without a template is a failure; one of which there is no second is not counted.
        genuine: scores of a person with herself; None where there are none.
        false: scores of two people; None where there are none.
        fnmr: genuine scores below the threshold; None without a threshold.
        fmr: false scores at or above it; None without a threshold.
    """

    people: int
    photos: int
    found: Rate
    refusals: Mapping[Code, int]
    refused: int
    extra_faces: int
    rank_one: Rate
    genuine: Spread | None
    false: Spread | None
    fnmr: Rate | None
    fmr: Rate | None


@dataclass(frozen=True, slots=True)
class LostPhoto:
    """A photo that does not find its person: refused for `refusals`, or nearest to someone else.

    `nearest`: whose photo is most alike among other people's, `nearest_score` how alike it is;
    `own_score`: that of the person's own nearest photo. None where none could be compared.
    """

    name: str
    subject: str
    refusals: tuple[Code, ...]
    nearest: str | None
    nearest_score: float | None
    own_score: float | None


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Two people some of whose photos match each other; `score` is the highest between them."""

    one: str
    other: str
    score: float
    matches: int
    comparisons: int


@dataclass(frozen=True, slots=True)
class WeakPerson:
    """Someone whose photos do not all match each other, or do not all find or show her.

    `missed` of `comparisons` between her photos are below the threshold; `lowest`: the lowest.
    """

    subject: str
    tones: tuple[int, ...]
    photos: int
    refused: int
    lost: int
    missed: int
    comparisons: int
    lowest: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """What a recogniser makes of a set, together and by tone, and whom it does not tell apart.

    `confused`: closest first; `weak`: by subject; `lost`: by name.
    """

    overall: Figures
    tones: Mapping[int, Figures]
    confused: tuple[ConfusedPair, ...]
    weak: tuple[WeakPerson, ...]
    lost: tuple[LostPhoto, ...]


def measure(
    engine: Engine,
    rendered: RenderedSet,
    threshold: ThresholdRecord | None,
    now: datetime,
    done: Callable[[int], None] = lambda _count: None,
) -> Measured:
    """Put every photo through the engine, and compare each with all others.

    `done` is told how many photos have been seen. Without a threshold nothing is decided: there
    are no error rates, and nobody is confused or missed. Raises ChisoError(MODEL_MISMATCH) where
    the threshold is another model's.
    """
    if threshold is not None:
        require_same_model(threshold.model, engine.embedder.digest)
    value = None if threshold is None else threshold.value
    # These people are nobody: what was signed is a statement that they do not exist.
    permit = permit_study(statement_sha256(rendered.studio), now)
    readings: list[Reading] = []
    for count, photo in enumerate(rendered.photos, start=1):
        readings.append(_read(engine, photo, permit))
        done(count)
    comparisons = comparisons_of(readings)
    trials = trials_of(readings)
    by_tone = {
        tone: _figures(
            [each for each in readings if each.photo.tone == tone],
            [each for each in trials if each.photo.tone == tone],
            comparisons.at(tone),
            value,
        )
        for tone in sorted({each.photo.tone for each in readings})
    }
    return Measured(
        overall=_figures(readings, trials, comparisons, value),
        tones=by_tone,
        confused=() if value is None else _confused(comparisons, value),
        weak=_weak(readings, trials, comparisons, value),
        lost=_lost(readings, trials),
    )


def _read(engine: Engine, photo: RenderedPhoto, permit: Permit) -> Reading:
    """A photo's templates, where probe limits let it pass.

    One that enrolment would refuse is a reference all the same: references and probes are of the
    same photos.
    """
    found = faces_in(engine, photo.content, engine.capture.probe)
    if isinstance(found, Refusal):
        return Reading(photo, False, 0, (found.code,), None)
    hits = [each for each in found if _is_there(each.face.box, photo.landmarks)]
    if not hits:
        return Reading(photo, False, len(found), (Code.NO_FACE,), None)
    face = max(hits, key=lambda each: each.face.confidence)
    extra_faces, missed = len(found) - 1, refusals(face.quality, engine.capture.probe)
    if missed:
        return Reading(photo, True, extra_faces, missed, None)
    (reference,) = reference_templates_of(engine, [face], permit)
    (probe,) = templates_of(engine, [face], permit)
    templates = PhotoTemplates(reference.vector, probe.vector)
    return Reading(photo, True, extra_faces, (), templates)


def _is_there(box: Box, truth: Landmarks) -> bool:
    """Whether the middle of the true landmarks lies in the box.

    Unlike the tone audit, it does not ask where the eyes are: those of a face turned aside lie so
    close together in the picture that both can be half their distance off, and the face is found
    all the same, and would be searched for.
    """
    x, y = truth.astype(np.float64).mean(axis=0)
    return bool(box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height)


# --- Figures --------------------------------------------------------------------------------------


def _figures(
    readings: Sequence[Reading],
    trials: Sequence[Trial],
    comparisons: Comparisons,
    threshold: float | None,
) -> Figures:
    mated = comparisons.mated
    people = {each.photo.subject for each in readings}
    sought = {each.photo.subject for each in trials}
    fnmr, fmr = (None, None) if threshold is None else _errors(comparisons, threshold)
    return Figures(
        people=len(people),
        photos=len(readings),
        found=_rate(sum(each.is_found for each in readings), len(readings), len(people)),
        refusals=Counter(code for each in readings for code in each.refusals),
        refused=sum(each.templates is None for each in readings),
        extra_faces=sum(each.extra_faces > 0 for each in readings),
        rank_one=_rate(sum(each.is_first for each in trials), len(trials), len(sought)),
        genuine=_spread(comparisons.scores[mated]),
        false=_spread(comparisons.scores[~mated]),
        fnmr=fnmr,
        fmr=fmr,
    )


def _errors(comparisons: Comparisons, threshold: float) -> tuple[Rate, Rate]:
    """False non-matches and false matches."""
    mated, is_match = comparisons.mated, comparisons.scores >= threshold
    return (
        _share(comparisons, mated, ~is_match),
        _share(comparisons, ~mated, is_match),
    )


def _share(comparisons: Comparisons, trials: NDArray[np.bool_], events: NDArray[np.bool_]) -> Rate:
    """How often something happened in these comparisons, by the people who gave them."""
    count, people = np.count_nonzero(trials), comparisons.people(trials)
    return _rate(int(np.count_nonzero(trials & events)), int(count), people)


def _rate(events: int, trials: int, people: int) -> Rate:
    return Rate(events, trials, wilson_by_people(events / trials if trials else 0.0, people))


def _spread(scores: NDArray[np.float64]) -> Spread | None:
    if not len(scores):
        return None
    lowest, tenth, median, ninetieth, highest = np.quantile(scores, [0.0, 0.1, 0.5, 0.9, 1.0])
    return Spread(
        len(scores), float(lowest), float(tenth), float(median), float(ninetieth), float(highest)
    )


# --- Whom it does not tell apart ------------------------------------------------------------------


def _confused(comparisons: Comparisons, threshold: float) -> tuple[ConfusedPair, ...]:
    people = len(comparisons.subjects)
    low = np.minimum(comparisons.enrolled, comparisons.shown)
    high = np.maximum(comparisons.enrolled, comparisons.shown)
    couple = np.where(comparisons.mated, -1, low * people + high)
    confused = []
    for each in np.unique(couple[(comparisons.scores >= threshold) & ~comparisons.mated]):
        scores = comparisons.scores[couple == each]
        one, other = divmod(int(each), people)
        confused.append(
            ConfusedPair(
                comparisons.subjects[one],
                comparisons.subjects[other],
                float(scores.max()),
                int(np.count_nonzero(scores >= threshold)),
                len(scores),
            )
        )
    return tuple(sorted(confused, key=lambda each: -each.score))


def _weak(
    readings: Sequence[Reading],
    trials: Sequence[Trial],
    comparisons: Comparisons,
    threshold: float | None,
) -> tuple[WeakPerson, ...]:
    places = {subject: place for place, subject in enumerate(comparisons.subjects)}
    lost = Counter(each.photo.subject for each in trials if not each.is_first)
    weak = []
    for subject in sorted({each.photo.subject for each in readings}):
        hers = [each for each in readings if each.photo.subject == subject]
        is_hers = comparisons.enrolled == places.get(subject, -1)
        own = comparisons.scores[comparisons.mated & is_hers]
        missed = 0 if threshold is None else int(np.count_nonzero(own < threshold))
        refused = sum(each.templates is None for each in hers)
        if missed or refused or lost[subject]:
            weak.append(
                WeakPerson(
                    subject=subject,
                    tones=tuple(sorted({each.photo.tone for each in hers})),
                    photos=len(hers),
                    refused=refused,
                    lost=lost[subject],
                    missed=missed,
                    comparisons=len(own),
                    lowest=float(own.min()) if len(own) else None,
                )
            )
    return tuple(weak)


def _lost(readings: Sequence[Reading], trials: Sequence[Trial]) -> tuple[LostPhoto, ...]:
    sought = {each.photo.name: each for each in trials}
    lost = []
    for reading in readings:
        trial = sought.get(reading.photo.name)
        if reading.refusals or (trial is not None and not trial.is_first):
            nearest = None if trial is None else trial.nearest
            lost.append(
                LostPhoto(
                    name=reading.photo.name,
                    subject=reading.photo.subject,
                    refusals=reading.refusals,
                    nearest=None if nearest is None else nearest[0],
                    nearest_score=None if nearest is None else nearest[1],
                    own_score=None if trial is None else trial.own,
                )
            )
    return tuple(sorted(lost, key=lambda each: each.name))
