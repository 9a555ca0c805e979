"""POST /v1/card-verifications: is this the person whose card she shows?"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from chiso.core.access import Action, Actor, Resource, Scope
from chiso.core.samples import Refusal
from chiso.interfaces.api.fields import Hint, Llr, PersonIdOrNull, Reason, Score
from chiso.interfaces.serve.bodies import BINARY, form_body, form_in, read_upload
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services.access.keys import require_purpose
from chiso.services.cards.listing import number_of
from chiso.services.serving import cards
from chiso.services.serving.bands import Band, band_of
from chiso.wiring_cards import code_reader

router = APIRouter(tags=["recognition"])

_CODE: dict[str, Any] = {
    "type": "string",
    "description": "The text of its code, where a scanner read it.",
}
_BODY = form_body(
    ["card", "photo"],
    {
        "card": {
            "anyOf": [{**BINARY, "description": "A picture of the card."}, _CODE],
            "description": "The card that she shows.",
            "examples": ["CHISO1:…"],
        },
        "photo": {**BINARY, "description": "One face: hers."},
    },
)


class CardVerification(BaseModel):
    """Whether the photo is of the person whose card it is."""

    decision: Literal["match", "no-match", "refused"] = Field(examples=["match"])
    reason: Reason
    hint: Hint
    band: Band = Field(examples=["strong"])
    subject: str | None = Field(
        description="What she is called; only where it is a match.", examples=["Rudo M."]
    )
    subject_id: PersonIdOrNull = Field(description="Only where it is a match.")
    number: str | None = Field(description="The card's.", examples=["3F2A 91C4 07BE"])
    score: Score = None
    llr: Llr = None


@router.post("/card-verifications", openapi_extra=_BODY)
async def verify_card(
    request: Request,
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.CREATE, Resource.VERIFICATIONS))],
    purpose: Annotated[str, Query(examples=["clinic door"])],
) -> CardVerification:
    """Compare a photo with the card that is shown, 1:1, under the consent that it rests on.

    A card that is altered, foreign, revoked or expired is a problem with that reason.
    """
    require_purpose(caller, purpose)
    form = await form_in(request)
    limit = service.home.capture.decode.max_bytes
    shown = form.get("card")
    card = shown if isinstance(shown, str) else await read_upload(shown, "card", limit)
    photo = await read_upload(form.get("photo"), "photo", limit)
    answer = await cards.verify(service, caller, code_reader(), card, purpose, photo)
    if isinstance(answer, Refusal):
        return CardVerification(
            decision="refused",
            reason=answer.code,
            hint=answer.hint,
            band=Band.NONE,
            subject=None,
            subject_id=None,
            number=None,
        )
    verified, shows_scores = answer.answer.verified, Scope.SCORES in caller.scopes
    return CardVerification(
        decision="match" if verified.match else "no-match",
        reason=None,
        hint=None,
        band=band_of(verified.match, verified.llr),
        subject=answer.label if verified.match else None,
        subject_id=answer.subject_id if verified.match else None,
        number=number_of(answer.card_id),
        score=verified.score if shows_scores else None,
        llr=verified.llr if shows_scores else None,
    )
