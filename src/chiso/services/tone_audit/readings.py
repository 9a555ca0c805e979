"""Puts portraits through the real capture path, and keeps what every stage made of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from chiso.capture.quality import Quality, refusal
from chiso.consent.policy import permit_study
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import Face, Landmarks, Refusal
from chiso.core.settings import QualityLimits
from chiso.evaluate.tone import Values
from chiso.evaluate.tone_comparisons import Templates
from chiso.services.engine import MeasuredFace, faces_in, reference_templates_of, templates_of
from chiso.services.home import Engine
from chiso.services.tone_audit.design import AUDIT_TONES, Design, Shot, statement_sha256
from chiso.services.tone_audit.render_cache import RenderCache
from chiso.volunteers.portraits import Portrait

HIT_WITHIN = 0.5
"""Both detected eyes lie within this share of the true distance between the eyes.

Wide enough that a face which was plainly found is never counted as lost for its landmarks, whose
error is a measure of its own: at a quarter, four in a hundred of the darkest were (tones 9 and 10,
in a pilot of 16 people).
"""

QUALITY_MEASURES = tuple(field.name for field in fields(Quality))

_NO_LIMITS = QualityLimits(
    min_inter_eye_px=-np.inf,
    min_sharpness=-np.inf,
    max_clipped_ratio=np.inf,
    min_contrast_levels=-np.inf,
    max_yaw_deg=np.inf,
    max_pitch_deg=np.inf,
)
_LIMITS_OF_CODE: Mapping[Code, tuple[str, ...]] = {
    Code.FACE_TOO_SMALL: ("min_inter_eye_px",),
    Code.TURNED_AWAY: ("max_yaw_deg", "max_pitch_deg"),
    Code.CLIPPED: ("max_clipped_ratio",),
    Code.LOW_CONTRAST: ("min_contrast_levels",),
    Code.BLURRED: ("min_sharpness",),
}
QUALITY_CODES = tuple(_LIMITS_OF_CODE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one portrait came to; a value that needs a found face is None where none was found.

    `landmark_error`: mean over the five, as a share of the true distance between the eyes.
    `extra_faces`: faces found where there is none. `probe_refusals`, `enrolment_refusals`: every
    quality code whose own limit the face misses, not only the first.
    """

    shot: Shot
    tone: int
    extra_faces: int
    confidence: float | None = None
    landmark_error: float | None = None
    quality: Quality | None = None
    probe_refusals: tuple[Code, ...] = ()
    enrolment_refusals: tuple[Code, ...] = ()

    @property
    def is_found(self) -> bool:
        """Whether the detector found the face where it is."""
        return self.quality is not None


@dataclass(frozen=True, slots=True)
class Readings:
    """Every reading, and the templates of the faces that probe limits let pass.

    A face has both of its templates or none: one that enrolment would refuse is a reference here
    all the same, so that references and probes are of the same photos. How often enrolment refuses
    is measured apart.
    """

    each: tuple[Reading, ...]
    templates: Templates
    captures: tuple[Mapping[str, str], ...]
    """What each capture's seed chose, in order."""

    def grid(self, value: Callable[[Reading], float | None]) -> Values:
        """A value of every reading; shape (people, captures, tones), NaN for None."""
        values = np.full(self.templates.probes.shape[:3], np.nan)
        for reading in self.each:
            told = value(reading)
            if told is not None:
                values[_place(reading)] = told
        return values


def read_portraits(
    engine: Engine,
    cache: RenderCache,
    design: Design,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Readings:
    """Measure every portrait of a design that is in the cache.

    Raises ChisoError(DATA_MISSING) where one is not there any more.
    """
    # These people are nobody: what was signed is a statement that they do not exist.
    permit = permit_study(statement_sha256(cache.studio), now)
    tones = AUDIT_TONES.numbers
    shape = (design.people, design.captures, len(tones), engine.embedder.dimensions)
    references, probes = (np.full(shape, np.nan, np.float32) for _ in range(2))
    readings: list[Reading] = []
    captures: dict[int, Mapping[str, str]] = {}
    for count, shot in enumerate(design.shots(), start=1):
        portraits = _from(cache, shot, tones)
        captures.setdefault(shot.capture, portraits[0].capture_traits)
        seen = [_read(engine, shot, portrait) for portrait in portraits]
        readings += [reading for reading, _ in seen]
        usable = [(reading, face) for reading, face in seen if face and not reading.probe_refusals]
        faces = [face for _, face in usable]
        for embedded, vectors in ((reference_templates_of, references), (templates_of, probes)):
            for (reading, _), template in zip(usable, embedded(engine, faces, permit), strict=True):
                vectors[_place(reading)] = template.vector
        progress(count, design.people * design.captures)
    return Readings(tuple(readings), Templates(references, probes), tuple(captures.values()))


def _from(cache: RenderCache, shot: Shot, tones: Sequence[int]) -> tuple[Portrait, ...]:
    portraits = cache.read(shot.person_seed, shot.capture_seed, tones)
    if portraits is None:
        raise ChisoError(
            Code.DATA_MISSING,
            f"Portraits vanished from {cache.folder} while they were measured.",
            "Run the same command again, and let nothing clear that folder meanwhile.",
        )
    return portraits


def _read(engine: Engine, shot: Shot, portrait: Portrait) -> tuple[Reading, MeasuredFace | None]:
    found = faces_in(engine, portrait.jpeg, engine.capture.probe)
    faces = [] if isinstance(found, Refusal) else found
    hits = [each for each in faces if is_hit(each.face, portrait.landmarks)]
    if not hits:
        return Reading(shot, portrait.tone, extra_faces=len(faces)), None
    face = max(hits, key=lambda each: each.face.confidence)
    reading = Reading(
        shot=shot,
        tone=portrait.tone,
        extra_faces=len(faces) - 1,
        confidence=face.face.confidence,
        landmark_error=landmark_error(face.face, portrait.landmarks),
        quality=face.quality,
        probe_refusals=refusals(face.quality, engine.capture.probe),
        enrolment_refusals=refusals(face.quality, engine.capture.enrolment),
    )
    return reading, face


def is_hit(face: Face, truth: Landmarks) -> bool:
    """Whether both eye centres lie where they are."""
    return bool((_errors(face, truth)[:2] <= HIT_WITHIN).all())


def landmark_error(face: Face, truth: Landmarks) -> float:
    """Mean distance of the five landmarks from the truth, in true inter-eye distances."""
    return float(_errors(face, truth).mean())


def refusals(quality: Quality, limits: QualityLimits) -> tuple[Code, ...]:
    """Every code whose own limit this face misses, in the order in which they are asked."""
    own = {
        code: replace(_NO_LIMITS, **{name: getattr(limits, name) for name in names})
        for code, names in _LIMITS_OF_CODE.items()
    }
    return tuple(code for code, alone in own.items() if refusal(quality, alone) is not None)


def _errors(face: Face, truth: Landmarks) -> NDArray[np.float64]:
    """Distances of the five landmarks from the truth, in true inter-eye distances."""
    points = truth.astype(np.float64)
    offsets = face.landmarks.astype(np.float64) - points
    between_eyes = float(np.hypot(*(points[1] - points[0])))
    return np.asarray(np.hypot(offsets[:, 0], offsets[:, 1]) / between_eyes)


def _place(reading: Reading) -> tuple[int, int, int]:
    tone = AUDIT_TONES.numbers.index(reading.tone)
    return reading.shot.person, reading.shot.capture, tone
