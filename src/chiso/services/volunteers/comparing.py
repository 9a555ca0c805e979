"""Every photo of a set against every other: comparisons, and who comes first.

A comparison is of one photo's template as a reference with another's as a probe, as when people are
recognised, so that each two photos give two: either may have been enrolled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.core.errors import Code
from chiso.core.samples import Landmarks

_Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RenderedPhoto:
    """One photo: its file's name, whose, at which tone, in which capture, and the true landmarks.

    `capture` is a seed: two photos of one person that share it are one picture at two tones.
    """

    name: str
    subject: str
    tone: int
    capture: int
    landmarks: Landmarks
    content: bytes


@dataclass(frozen=True, slots=True)
class RenderedSet:
    """Photos of people who do not exist, and the digest of the studio that rendered them."""

    photos: Sequence[RenderedPhoto]
    studio: str


@dataclass(frozen=True, slots=True, eq=False)
class PhotoTemplates:
    """What one photo gives as a reference and as a probe: (dimensions,), float32, unit length."""

    reference: NDArray[np.float32]
    probe: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the engine made of a photo; `templates` is None where it is refused."""

    photo: RenderedPhoto
    is_found: bool
    extra_faces: int
    refusals: tuple[Code, ...]
    templates: PhotoTemplates | None


@dataclass(frozen=True, slots=True)
class Trial:
    """A probe sought among all other references: the nearest of its person, and of anyone else."""

    photo: RenderedPhoto
    own: float | None
    nearest: tuple[str, float] | None

    @property
    def is_first(self) -> bool:
        """Whether its person comes first; a tie is a failure."""
        return self.own is not None and (self.nearest is None or self.own > self.nearest[1])


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Every ordered pair of photos with templates, but two tones of one capture.

    All of shape (comparisons,). `scores`: float64, cosines, higher is more alike. `enrolled`,
    `shown`: int64, whose reference and whose probe, places in `subjects`. `tones`: shape
    (comparisons, 2), int64, those of the two photos.
    """

    subjects: Sequence[str]
    scores: NDArray[np.float64]
    enrolled: NDArray[np.int64]
    shown: NDArray[np.int64]
    tones: NDArray[np.int64]

    @property
    def mated(self) -> _Rows:
        """Shape (comparisons,): whether both sides are the same person."""
        return np.equal(self.enrolled, self.shown)

    def at(self, tone: int) -> Comparisons:
        """Those whose photos are both at this tone."""
        rows = (self.tones == tone).all(axis=1)
        return Comparisons(
            self.subjects,
            self.scores[rows],
            self.enrolled[rows],
            self.shown[rows],
            self.tones[rows],
        )

    def people(self, rows: _Rows) -> int:
        """How many people these comparisons are of."""
        return len(np.union1d(self.enrolled[rows], self.shown[rows]))


def comparisons_of(readings: Sequence[Reading]) -> Comparisons:
    """Every photo with templates as a reference, compared with every other as a probe."""
    photos, references, probes = _usable(readings)
    subjects = sorted({each.subject for each in photos})
    places = {subject: place for place, subject in enumerate(subjects)}
    owners = np.array([places[each.subject] for each in photos], np.int64)
    captures = np.array([each.capture for each in photos], np.int64)
    tones = np.array([each.tone for each in photos], np.int64)
    # A photo of a person shares its capture with itself too, and is not compared with itself.
    is_one_picture = np.equal.outer(owners, owners) & np.equal.outer(captures, captures)
    one, other = np.nonzero(~is_one_picture)
    scores = references.astype(np.float64) @ probes.astype(np.float64).T
    return Comparisons(
        subjects,
        scores[one, other],
        owners[one],
        owners[other],
        np.stack([tones[one], tones[other]], axis=1),
    )


def _usable(
    readings: Sequence[Reading],
) -> tuple[list[RenderedPhoto], NDArray[np.float32], NDArray[np.float32]]:
    """Photos with templates, and these: references and probes, each (photos, dimensions)."""
    usable = [(each.photo, each.templates) for each in readings if each.templates is not None]
    photos = [photo for photo, _ in usable]
    if not usable:
        nothing = np.empty((0, 0), np.float32)
        return photos, nothing, nothing
    references = np.stack([templates.reference for _, templates in usable])
    return photos, references, np.stack([templates.probe for _, templates in usable])


def trials_of(readings: Sequence[Reading]) -> list[Trial]:
    """Each photo of which there is a second, sought among all others; none in a set of one."""
    pictures = Counter(
        subject for subject, _ in {(each.photo.subject, each.photo.capture) for each in readings}
    )
    if len(pictures) < 2:
        return []
    photos, references, _ = _usable(readings)
    subjects = np.array([each.subject for each in photos])
    captures = np.array([each.capture for each in photos], np.int64)
    trials = []
    for reading in readings:
        photo = reading.photo
        if pictures[photo.subject] < 2:
            continue
        if reading.templates is None:
            trials.append(Trial(photo, None, None))
            continue
        scores = references.astype(np.float64) @ reading.templates.probe.astype(np.float64)
        hers = subjects == photo.subject
        own = scores[hers & (captures != photo.capture)]
        others = np.flatnonzero(~hers)
        best = others[np.argmax(scores[others])] if len(others) else None
        nearest = None if best is None else (photos[best].subject, float(scores[best]))
        trials.append(Trial(photo, float(own.max()) if len(own) else None, nearest))
    return trials
