"""/v1/subjects: who is enrolled, and withdrawing everything of one person."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from chiso.core.access import Action, Actor, Resource
from chiso.core.consent import SubjectId
from chiso.core.storage import SealedReference
from chiso.interfaces.api.certificates import Certificate, certificate_answer
from chiso.interfaces.api.fields import Model, Past, PersonId, ReceiptNumber
from chiso.interfaces.api.pages import Cursor, Limit, Next, SubjectPath, cursor_of, place_in
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.interfaces.serve.once import OnceRoute
from chiso.services.people import SubjectSummary
from chiso.services.serving import held

router = APIRouter(prefix="/subjects", tags=["subjects"], route_class=OnceRoute)


class Subject(BaseModel):
    """Someone who is enrolled."""

    id: PersonId
    label: str = Field(description="What the operator calls her.", examples=["Rudo M."])
    added: Past
    receipts: int = Field(examples=[1])
    in_force: int = Field(description="Receipts that permit something now.", examples=[1])
    references: int = Field(examples=[2])
    next_end: datetime | None = Field(
        description="When the next consent in force ends.", examples=["2027-12-31T23:59:59Z"]
    )
    next_end_cause: str | None = Field(examples=["expired"])


class Subjects(BaseModel):
    """A page of people, in the order in which they were enrolled."""

    subjects: list[Subject]
    next: Next


class Reference(BaseModel):
    """Facts of a reference, never its numbers."""

    receipt: ReceiptNumber
    model: Model = Field(description="Digest of the model that made it, SHA-256 in hex.")
    added: Past
    stored_bytes: int = Field(
        description="AES-256-GCM ciphertext under a key that is hers alone.", examples=[540]
    )


class References(BaseModel):
    """A page of a person's references, in the order in which they were added."""

    references: list[Reference]
    next: Next


@router.get("")
async def find(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.READ, Resource.SUBJECTS))],
    label: Annotated[
        str | None, Query(description="Only her who is called so.", examples=["Rudo M."])
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Subjects:
    """List who is enrolled; of a person herself, only her."""
    place = place_in(cursor)
    page = await service.desk.run(partial(held.people, service.home, caller, label, place, limit))
    return Subjects(subjects=[_subject(each) for each in page.items], next=cursor_of(page.end))


@router.get("/{subject_id}")
async def show(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.READ, Resource.SUBJECTS))],
    subject_id: SubjectPath,
) -> Subject:
    """Show one person."""
    work = partial(held.person, service.home, caller, SubjectId(subject_id))
    return _subject(await service.desk.run(work))


@router.delete("/{subject_id}")
async def withdraw(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.DELETE, Resource.SUBJECTS))],
    subject_id: SubjectPath,
) -> Certificate:
    """Withdraw everything: her templates, receipts, log payloads, label and key are destroyed.

    It is done when this answers. Sent again, it answers with the same certificate.
    """
    home = service.home_for(caller)
    work = partial(held.withdraw_person, home, caller, SubjectId(subject_id))
    return certificate_answer(await service.desk.run(partial(service.searches.after, work)))


@router.get("/{subject_id}/references", tags=["references"])
async def references(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.READ, Resource.REFERENCES))],
    subject_id: SubjectPath,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> References:
    """List facts of a person's references. Templates themselves are never shown."""
    place, hers = place_in(cursor), SubjectId(subject_id)
    work = partial(held.references, service.home, caller, hers, place, limit)
    page = await service.desk.run(work)
    return References(
        references=[_reference(each) for each in page.items], next=cursor_of(page.end)
    )


def _subject(summary: SubjectSummary) -> Subject:
    end = summary.next_end
    return Subject(
        id=summary.subject.subject_id,
        label=summary.subject.label,
        added=summary.subject.added,
        receipts=summary.receipts,
        in_force=summary.in_force,
        references=summary.references,
        next_end=end.at if end else None,
        next_end_cause=end.cause if end else None,
    )


def _reference(reference: SealedReference) -> Reference:
    return Reference(
        receipt=reference.receipt_id,
        model=reference.model,
        added=reference.added,
        stored_bytes=len(reference.sealed),
    )
