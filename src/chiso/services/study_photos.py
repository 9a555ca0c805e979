"""Look at a study's photos, person by person: references, probes, and those that cannot be used."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.core.consent import Permit
from chiso.core.samples import Refusal
from chiso.evaluate.everyday import EVERYDAY, everyday_photo
from chiso.evaluate.vectors import Role
from chiso.services.engine import (
    MeasuredFace,
    reference_templates_of,
    single_face,
    templates_of,
)
from chiso.services.home import Engine


@dataclass(frozen=True, slots=True)
class StudyPhoto:
    """One photo: whose, by place in the study's subjects; its name; and what reads its bytes."""

    person: int
    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What became of one photo: its template's vector, or why there is none.

    `role`: of a refused photo, the one that it was tried for.
    """

    photo: StudyPhoto
    role: Role
    vector: NDArray[np.float32] | None
    refusal: Refusal | None
    content_sha256: str


def look_at(
    engine: Engine,
    photos: Sequence[StudyPhoto],
    permit: Permit,
    *,
    references: int = 1,
    everyday_seed: int | None = None,
    done: Callable[[int], None],
) -> list[Seen]:
    """Every photo, in the order given; where that is the order of names, so is what follows.

    A person's references are her first photos that pass the limits of enrolment, `references` of
    them; one that does not pass is a reference refused, and the next is tried. Her other photos are
    probes, under the limits of recognition. `everyday_seed`: to degrade probes as everyday life
    does; None leaves them. `done` is told how many photos have been seen.
    """
    seen: list[Seen] = []
    had: Counter[int] = Counter()
    for photo in photos:
        role = Role.REFERENCE if had[photo.person] < references else Role.PROBE
        content = photo.read()
        face = _face(engine, photo, role, content, everyday_seed)
        digest = hashlib.sha256(content).hexdigest()
        if isinstance(face, Refusal):
            seen.append(Seen(photo, role, None, face, digest))
        else:
            embedded = reference_templates_of if role is Role.REFERENCE else templates_of
            (template,) = embedded(engine, [face], permit)
            seen.append(Seen(photo, role, template.vector, None, digest))
            had[photo.person] += role is Role.REFERENCE
        done(len(seen))
    return seen


def digest_of_photos(seen: Sequence[Seen], reported: Callable[[int], Sequence[str]]) -> str:
    """SHA-256, in hex, over each photo's name, what `reported` says of its person, and its content.

    In the order of names. What is reported begins with the subject; the content is there as its
    digest.
    """
    total = hashlib.sha256()
    for each in sorted(seen, key=lambda one: one.photo.name):
        words = [each.photo.name, *reported(each.photo.person), each.content_sha256]
        total.update(_bytes("\x00".join(words)) + b"\n")
    return total.hexdigest()


def _face(
    engine: Engine, photo: StudyPhoto, role: Role, content: bytes, everyday_seed: int | None
) -> MeasuredFace | Refusal:
    if role is Role.REFERENCE:
        return single_face(engine, content, engine.capture.enrolment)
    face = single_face(engine, content, engine.capture.probe)
    if everyday_seed is None or isinstance(face, Refusal):
        return face
    sample = engine.decoder.decode(content)
    if isinstance(sample, Refusal):
        return sample
    eyes = face.face.landmarks[:2].astype(np.float64)
    # By name, so that a photo is degraded alike whoever else is in the set.
    own = int.from_bytes(hashlib.sha256(_bytes(photo.name)).digest()[:8])
    degraded = everyday_photo(sample.pixels, eyes, EVERYDAY, (everyday_seed, own))
    return single_face(engine, degraded, engine.capture.probe)


def _bytes(name: str) -> bytes:
    """A file's name need not be Unicode; its odd bytes came through as lone surrogates."""
    return name.encode(errors="surrogateescape")
