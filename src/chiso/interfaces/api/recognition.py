"""POST /v1/verifications, /v1/identifications, /v1/detections."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from chiso.core.access import Action, Actor, Resource, Scope
from chiso.core.samples import Face, Refusal
from chiso.interfaces.api.fields import Hint, Llr, PersonId, Reason, Score, Yes
from chiso.interfaces.serve.bodies import PHOTO_BODY, PhotoHere
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services.access.keys import require_purpose
from chiso.services.identify import FaceAnswer
from chiso.services.serving import recognising
from chiso.services.serving.bands import Band, band_of

router = APIRouter(tags=["recognition"])

_Box = Annotated[
    tuple[int, int, int, int],
    Field(description="Left, top, width, height, in pixels.", examples=[[212, 180, 160, 204]]),
]


class Verification(BaseModel):
    """Whether the photo is of the person whose it is said to be."""

    decision: Literal["match", "no-match", "refused"] = Field(examples=["match"])
    reason: Reason
    hint: Hint
    band: Band = Field(examples=["strong"])
    score: Score = None
    llr: Llr = None


class Candidate(BaseModel):
    """Someone whom a face may be."""

    subject: str = Field(examples=["Rudo M."])
    subject_id: PersonId
    band: Band = Field(examples=["strong"])
    score: Score = None
    llr: Llr = None


class IdentifiedFace(BaseModel):
    """One face, and who of those who agreed it may be."""

    box: _Box
    decision: Literal["match", "unknown", "refused"] = Field(examples=["match"])
    reason: Reason
    hint: Hint
    candidates: list[Candidate]


class Identification(BaseModel):
    """Every face of a photo. A face that nobody who agreed has is unknown, and nothing is kept."""

    faces: list[IdentifiedFace]
    reason: Reason = Field(description="Why the photo as a whole was refused.")
    hint: Hint


class DetectedFace(BaseModel):
    """A face, and whether a comparison could use it."""

    box: _Box
    usable: Yes
    reason: Reason
    hint: Hint


class Detection(BaseModel):
    """Every face of a photo. No template is made."""

    faces: list[DetectedFace]
    reason: Reason
    hint: Hint


@router.post("/verifications", openapi_extra=PHOTO_BODY)
async def verify(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.CREATE, Resource.VERIFICATIONS))],
    subject: Annotated[str, Query(description="Her label.", examples=["Rudo M."])],
    purpose: Annotated[str, Query(examples=["clinic door"])],
    photo: PhotoHere,
) -> Verification:
    """Compare a photo with one person, 1:1, under a consent of hers for this purpose.

    "No such person" and "no consent" are answered alike, and at the same time.
    """
    require_purpose(caller, purpose)
    answer = await recognising.verify(service, caller, subject, purpose, photo)
    if isinstance(answer, Refusal):
        return Verification(
            decision="refused", reason=answer.code, hint=answer.hint, band=Band.NONE
        )
    verified, shown = answer.verified, Scope.SCORES in caller.scopes
    return Verification(
        decision="match" if verified.match else "no-match",
        reason=None,
        hint=None,
        band=band_of(verified.match, verified.llr),
        score=verified.score if shown else None,
        llr=verified.llr if shown else None,
    )


@router.post("/identifications", openapi_extra=PHOTO_BODY)
async def identify(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.CREATE, Resource.IDENTIFICATIONS))],
    purpose: Annotated[str, Query(examples=["clinic door"])],
    photo: PhotoHere,
) -> Identification:
    """Search every face of a photo among those who agreed to be identified for this purpose."""
    require_purpose(caller, purpose)
    answers = await recognising.identify(service, caller, purpose, photo)
    if isinstance(answers, Refusal):
        return Identification(faces=[], reason=answers.code, hint=answers.hint)
    shown = Scope.SCORES in caller.scopes
    return Identification(
        faces=[_identified(each, shown) for each in answers], reason=None, hint=None
    )


@router.post(
    "/detections",
    openapi_extra=PHOTO_BODY,
    dependencies=[Depends(allowed(Action.CREATE, Resource.DETECTIONS))],
)
async def detect(
    service: ServiceHere,
    photo: PhotoHere,
    limits: Annotated[
        Literal["probe", "enrolment"],
        Query(
            description="What to measure by: enrolment asks more of a photo than a comparison.",
            examples=["enrolment"],
        ),
    ] = "probe",
) -> Detection:
    """Find faces and say whether they could be compared, and what to do if not."""
    work = partial(recognising.detect, service.home, photo, to_enrol=limits == "enrolment")
    faces = await service.photos.run(work)
    if isinstance(faces, Refusal):
        return Detection(faces=[], reason=faces.code, hint=faces.hint)
    return Detection(
        faces=[
            DetectedFace(
                box=_box(each.face),
                usable=each.refusal is None,
                reason=each.refusal.code if each.refusal else None,
                hint=each.refusal.hint if each.refusal else None,
            )
            for each in faces
        ],
        reason=None,
        hint=None,
    )


def _identified(answer: FaceAnswer, shown: bool) -> IdentifiedFace:
    refusal = answer.refusal
    decision: Literal["match", "unknown", "refused"] = "match" if answer.candidates else "unknown"
    return IdentifiedFace(
        box=_box(answer.face.face),
        decision="refused" if refusal else decision,
        reason=refusal.code if refusal else None,
        hint=refusal.hint if refusal else None,
        candidates=[
            Candidate(
                subject=each.label,
                subject_id=each.candidate.subject_id,
                band=band_of(True, each.candidate.llr),
                score=each.candidate.score if shown else None,
                llr=each.candidate.llr if shown else None,
            )
            for each in answer.candidates
        ],
    )


def _box(face: Face) -> tuple[int, int, int, int]:
    box = face.box
    return round(box.x), round(box.y), round(box.width), round(box.height)
