"""Photo bytes to faces that may be compared, and faces to templates under a permit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chiso.capture.align import align
from chiso.capture.detect import detect_faces
from chiso.capture.quality import Quality, measure, refusal
from chiso.core.consent import Permit
from chiso.core.errors import Code
from chiso.core.samples import AlignedFace, BiometricSample, Face, Refusal
from chiso.core.settings import QualityLimits
from chiso.core.templates import Template
from chiso.services.home import Engine


@dataclass(frozen=True, slots=True)
class MeasuredFace:
    """A face, aligned and measured; `refusal` says why it may not be compared, if it may not."""

    aligned: AlignedFace
    quality: Quality
    refusal: Refusal | None

    @property
    def face(self) -> Face:
        """The detected face, in pixels of the photo."""
        return self.aligned.face


def faces_in(
    engine: Engine, photo: bytes, limits: QualityLimits, *, every_face: bool = False
) -> list[MeasuredFace] | Refusal:
    """Decode, detect, align and measure every face of a photo; a Refusal where there is none.

    `every_face` looks for faces far behind near ones too.
    """
    sample = engine.decoder.decode(photo)
    if isinstance(sample, Refusal):
        return sample
    found = detect_faces(engine.detector, sample, every_face=every_face)
    if not found:
        return Refusal(
            Code.NO_FACE,
            "No face was found in the photo.",
            "Face the camera, come closer, and let light fall on your face.",
        )
    return [_measured(engine, sample, face, limits) for face in found]


def single_face(engine: Engine, photo: bytes, limits: QualityLimits) -> MeasuredFace | Refusal:
    """The one usable face of a photo. Several are refused: nobody can say whose it is."""
    faces = faces_in(engine, photo, limits)
    if isinstance(faces, Refusal):
        return faces
    if len(faces) > 1:
        return Refusal(
            Code.SEVERAL_FACES,
            f"There are {len(faces)} faces in the photo; there must be one.",
            "Take the photo again with nobody else in the picture, or crop it to one face.",
        )
    return faces[0].refusal or faces[0]


def templates_of(
    engine: Engine, faces: Sequence[MeasuredFace], permit: Permit
) -> tuple[Template, ...]:
    """One probe's template a face, under a permit that holds some receipt (invariant 1)."""
    _require_receipts(permit)
    return engine.embedder.embed([each.aligned.chip for each in faces]) if faces else ()


def reference_templates_of(
    engine: Engine, faces: Sequence[MeasuredFace], permit: Permit
) -> tuple[Template, ...]:
    """One reference's template a face, under a permit that holds some receipt (invariant 1)."""
    _require_receipts(permit)
    return engine.embedder.embed_references([each.aligned.chip for each in faces]) if faces else ()


def _require_receipts(permit: Permit) -> None:
    if not permit.receipts:
        raise ValueError("a permit without receipts permits nothing")


def _measured(
    engine: Engine, sample: BiometricSample, face: Face, limits: QualityLimits
) -> MeasuredFace:
    aligned = align(sample, face, engine.embedder.geometry)
    quality = measure(aligned, engine.embedder.geometry)
    return MeasuredFace(aligned, quality, refusal(quality, limits))
