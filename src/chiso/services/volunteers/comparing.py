"""Every photo of a set against every other: pairs with whose they are, and who comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.core.errors import Code
from chiso.core.samples import Landmarks
from chiso.evaluate.comparisons import Comparisons, all_comparisons

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


@dataclass(frozen=True, slots=True)
class Reading:
    """What the engine made of a photo; `vector` is None where it is refused."""

    photo: RenderedPhoto
    is_found: bool
    extra_faces: int
    refusals: tuple[Code, ...]
    vector: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Trial:
    """A photo sought among all others: the nearest of its own person, and of anyone else."""

    photo: RenderedPhoto
    own: float | None
    nearest: tuple[str, float] | None

    @property
    def is_first(self) -> bool:
        """Whether its person comes first; a tie is a failure."""
        return self.own is not None and (self.nearest is None or self.own > self.nearest[1])


@dataclass(frozen=True, slots=True)
class Pairs:
    """Every pair of photos with templates, but two tones of one capture, with whose they are.

    `one`, `other`: shape (pairs,), int64, places in `photos`. `comparisons` has a row a pair too.
    """

    photos: Sequence[RenderedPhoto]
    one: NDArray[np.int64]
    other: NDArray[np.int64]
    subjects: Sequence[str]
    comparisons: Comparisons

    def at(self, tone: int) -> _Rows:
        """Shape (pairs,): whether both photos are at this tone."""
        tones = np.array([each.tone == tone for each in self.photos], dtype=bool)
        both: _Rows = np.logical_and(tones[self.one], tones[self.other])
        return both

    def only(self, rows: _Rows) -> Comparisons:
        """The comparisons of these pairs."""
        whole = self.comparisons
        return Comparisons(whole.scores[rows], whole.one[rows], whole.other[rows], whole.groups)


def pairs_of(readings: Sequence[Reading]) -> Pairs:
    """Every pair of different photos with templates, once."""
    photos, vectors = _usable(readings)
    subjects = sorted({each.subject for each in photos})
    places = {subject: place for place, subject in enumerate(subjects)}
    owners = np.array([places[each.subject] for each in photos], np.int64)
    captures = np.array([each.capture for each in photos], np.int64)
    # Each photo stands for itself, so that a pair tells which two photos it is of.
    of_photos = all_comparisons(vectors, range(len(photos)), [""] * len(photos))
    one, other = of_photos.one, of_photos.other
    kept = (owners[one] != owners[other]) | (captures[one] != captures[other])
    one, other = one[kept], other[kept]
    comparisons = Comparisons(
        of_photos.scores[kept], owners[one], owners[other], ("",) * len(subjects)
    )
    return Pairs(photos, one, other, subjects, comparisons)


def _usable(readings: Sequence[Reading]) -> tuple[list[RenderedPhoto], NDArray[np.float32]]:
    """Photos with templates, and these, shape (photos, dimensions)."""
    usable = [(each.photo, each.vector) for each in readings if each.vector is not None]
    vectors = [vector for _, vector in usable]
    stacked = np.stack(vectors) if vectors else np.empty((0, 0), np.float32)
    return [photo for photo, _ in usable], stacked


def trials_of(readings: Sequence[Reading]) -> list[Trial]:
    """Each photo of which there is a second, sought among all others; none in a set of one."""
    pictures = Counter(
        subject for subject, _ in {(each.photo.subject, each.photo.capture) for each in readings}
    )
    if len(pictures) < 2:
        return []
    photos, vectors = _usable(readings)
    subjects = np.array([each.subject for each in photos])
    captures = np.array([each.capture for each in photos], np.int64)
    trials = []
    for reading in readings:
        photo = reading.photo
        if pictures[photo.subject] < 2:
            continue
        if reading.vector is None:
            trials.append(Trial(photo, None, None))
            continue
        scores = vectors.astype(np.float64) @ reading.vector.astype(np.float64)
        hers = subjects == photo.subject
        own = scores[hers & (captures != photo.capture)]
        others = np.flatnonzero(~hers)
        best = others[np.argmax(scores[others])] if len(others) else None
        nearest = None if best is None else (photos[best].subject, float(scores[best]))
        trials.append(Trial(photo, float(own.max()) if len(own) else None, nearest))
    return trials
