"""/v1/receipts: enrolling someone who agreed, what was agreed to, and withdrawing one agreement."""

from __future__ import annotations

import base64
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from chiso.core.access import Action, Actor, Resource
from chiso.core.consent import Mode, ReceiptId, SubjectId
from chiso.core.errors import ChisoError
from chiso.interfaces.api.certificates import Certificate, certificate_answer
from chiso.interfaces.api.enrolments import (
    AGREEMENT_BODY,
    PHOTOS_BODY,
    AgreementHere,
    PhotosHere,
)
from chiso.interfaces.api.fields import (
    End,
    NotYet,
    Past,
    PersonId,
    ReceiptNumber,
    Sha256,
    Signature,
    TextOrNull,
    Yes,
)
from chiso.interfaces.api.pages import (
    Cursor,
    Limit,
    Next,
    ReceiptPath,
    SubjectQuery,
    cursor_of,
    place_in,
)
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.interfaces.serve.once import OnceRoute, tell_of
from chiso.services.access.keys import require_purpose
from chiso.services.enrol import Enrolled, PhotoRefused, add_photos, enrol
from chiso.services.people import ReceiptSummary
from chiso.services.serving import held

router = APIRouter(prefix="/receipts", tags=["receipts"], route_class=OnceRoute)


class Receipt(BaseModel):
    """What a person agreed to, as she holds it, and what became of it."""

    id: ReceiptNumber
    subject_id: PersonId
    subject: str = Field(examples=["Rudo M."])
    purpose: str = Field(examples=["clinic door"])
    modes: list[Mode] = Field(examples=[["identify", "verify"]])
    granted: Past
    expires: End = Field(description="The date on the receipt.")
    ends: End = Field(description="When it is over if there is no match before.")
    state: str = Field(examples=["in force"])
    withdrawn: NotYet
    cause: TextOrNull = Field(description="Why it ended, where she did not end it.")
    guardian: TextOrNull
    language: str = Field(examples=["sn"])
    notice_sha256: TextOrNull
    evidence_sha256: Sha256
    references: int = Field(examples=[2])
    signed_text: str = Field(
        description="The receipt, as it was signed.", examples=['{"grounds":{"evidence_sha256":…']
    )
    signature: Signature = Field(description="Ed25519 over it, in Base64; docs/formats.md has how.")


class Receipts(BaseModel):
    """A page of receipts, in the order in which they were granted."""

    receipts: list[Receipt]
    next: Next


class Enrolment(BaseModel):
    """What an enrolment did."""

    receipt: ReceiptNumber
    subject_id: PersonId
    expires: End
    new_receipt: Yes = Field(description="False where one in force said the same already.")
    references_added: int = Field(examples=[2])
    already_enrolled: int = Field(description="Photos that were there before.", examples=[0])


@router.post("", status_code=201, openapi_extra=AGREEMENT_BODY)
async def create(
    request: Request,
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.CREATE, Resource.RECEIPTS))],
    agreement: AgreementHere,
    photos: PhotosHere,
) -> Enrolment:
    """Enrol a person who agreed: all of the photos, or none.

    She gets a signed receipt, and templates under a key of her own. Of evidence and notice only the
    SHA-256 is kept; of photos nothing. The same terms again add photos to the same receipt.
    """
    require_purpose(caller, agreement.purpose.strip())
    work = partial(enrol, service.home_for(caller), agreement, photos)
    return _enrolment(request, await service.photos.run(work))


@router.post(
    "/{receipt_id}/references", status_code=201, tags=["references"], openapi_extra=PHOTOS_BODY
)
async def add_references(
    request: Request,
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.CREATE, Resource.REFERENCES))],
    receipt_id: ReceiptPath,
    photos: PhotosHere,
) -> Enrolment:
    """Enrol more photos under a receipt that is in force: all of them, or none."""
    known = ReceiptId(receipt_id)
    await service.desk.run(partial(held.require_receipt, service.home, caller, known))
    work = partial(add_photos, service.home_for(caller), known, photos)
    return _enrolment(request, await service.photos.run(work))


@router.get("")
async def find(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.READ, Resource.RECEIPTS))],
    subject_id: SubjectQuery = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Receipts:
    """List receipts, of everyone or of one person."""
    place = place_in(cursor)
    whose = None if subject_id is None else SubjectId(subject_id)
    work = partial(held.receipts, service.home, caller, whose, place, limit)
    page = await service.desk.run(work)
    return Receipts(receipts=[_receipt(each) for each in page.items], next=cursor_of(page.end))


@router.get("/{receipt_id}")
async def show(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.READ, Resource.RECEIPTS))],
    receipt_id: ReceiptPath,
) -> Receipt:
    """Show one receipt."""
    work = partial(held.receipt, service.home, caller, ReceiptId(receipt_id))
    return _receipt(await service.desk.run(work))


@router.delete("/{receipt_id}")
async def withdraw(
    request: Request,
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.DELETE, Resource.RECEIPTS))],
    receipt_id: ReceiptPath,
) -> Certificate:
    """Withdraw one agreement: what rests on it is destroyed, and the receipt shows that."""
    home, known = service.home_for(caller), ReceiptId(receipt_id)
    owner = await service.desk.run(partial(held.require_receipt, service.home, caller, known))
    tell_of(request, owner)
    work = partial(held.withdraw_receipt, home, caller, known)
    return certificate_answer(await service.desk.run(partial(service.searches.after, work)))


def _enrolment(request: Request, done: Enrolled | PhotoRefused) -> Enrolment:
    if isinstance(done, PhotoRefused):
        refusal = done.refusal
        message = f"{done.photo}: {refusal.message} Nothing was enrolled."
        raise ChisoError(refusal.code, message, refusal.hint)
    tell_of(request, done.subject_id)
    return Enrolment(
        receipt=done.receipt_id,
        subject_id=done.subject_id,
        expires=done.expires,
        new_receipt=done.new_receipt,
        references_added=done.references_added,
        already_enrolled=done.already_enrolled,
    )


def _receipt(held_receipt: ReceiptSummary) -> Receipt:
    signed = held_receipt.signed
    receipt, agreed = signed.receipt, signed.receipt.processing
    fields: dict[str, Any] = {
        "id": receipt.header.receipt_id,
        "subject_id": receipt.parties.subject_id,
        "subject": receipt.parties.subject,
        "purpose": agreed.purpose,
        "modes": list(agreed.modes),
        "granted": agreed.granted,
        "expires": agreed.expires,
        "ends": held_receipt.end.at,
        "state": held_receipt.state,
        "withdrawn": signed.withdrawn,
        "cause": signed.cause,
        "guardian": receipt.parties.guardian,
        "language": receipt.header.language,
        "notice_sha256": receipt.grounds.notice_sha256,
        "evidence_sha256": receipt.grounds.evidence_sha256,
        "references": held_receipt.references,
        "signed_text": signed.body.decode(),
        "signature": base64.b64encode(signed.signature).decode(),
    }
    return Receipt(**fields)
