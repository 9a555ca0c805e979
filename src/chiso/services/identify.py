"""Identify, 1:N: who of those who agreed is this? *Unknown* is an answer, never a record."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.compare.search import Gallery, search
from chiso.consent import policy
from chiso.core.canonical import JsonValue
from chiso.core.consent import Mode, Permit, SubjectId
from chiso.core.decisions import Candidate, Identified, ThresholdRecord
from chiso.core.errors import ChisoError
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.samples import Refusal
from chiso.core.storage import WriteTransaction
from chiso.services.engine import MeasuredFace, faces_in, templates_of
from chiso.services.gallery import gallery_of_all
from chiso.services.home import Home
from chiso.services.log import record, require_own
from chiso.services.thresholds import active_record

MAX_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Search:
    """What every search for one purpose needs: permit, permitted references, threshold."""

    permit: Permit
    gallery: Gallery
    record: ThresholdRecord


@dataclass(frozen=True, slots=True)
class NamedCandidate:
    """A candidate, with the label that the operator knows her by."""

    label: str
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class FaceAnswer:
    """What was found out about one face. No refusal and no candidates: unknown."""

    face: MeasuredFace
    candidates: tuple[NamedCandidate, ...]

    @property
    def refusal(self) -> Refusal | None:
        """Why this face was not searched, if it was not."""
        return self.face.refusal


def prepare_search(home: Home, purpose: str) -> Search:
    """Choose, check and decrypt the references that may be searched for this purpose.

    Rows that the purpose does not allow are left out here, before any score (invariant 4). Raises
    ChisoError with a consent code where nobody agreed to be identified for it.
    """
    purpose = label_from(purpose, "purpose")
    with home.store.reading() as view:
        permit = policy.permit(view.terms(), purpose, Mode.IDENTIFY, home.clock.now())
        if isinstance(permit, policy.ConsentRefusal):
            raise ChisoError(permit.code, permit.message, permit.hint)
        threshold = active_record(view, home.model())
        return Search(permit, gallery_of_all(home, view, permit), threshold)


def identify(home: Home, photo: bytes, prepared: Search) -> list[FaceAnswer] | Refusal:
    """Search every usable face of `photo`; one answer a face, one leaf a search, leaves first."""
    engine = home.engine()
    faces = faces_in(engine, photo, engine.capture.probe)
    if isinstance(faces, Refusal):
        return faces
    usable = [face for face in faces if face.refusal is None]
    probes = templates_of(engine, usable, prepared.permit)
    results = iter(
        [search(prepared.gallery, probe, prepared.record, MAX_CANDIDATES) for probe in probes]
    )
    with home.store.writing() as transaction:
        answers = []
        events = []
        for face in faces:
            if face.refusal is not None:
                answers.append(FaceAnswer(face, ()))
                continue
            named = _still_permitted(home, transaction, next(results), prepared.permit)
            answers.append(FaceAnswer(face, named))
            events.append(_event(home, prepared, named))
        if events:
            record(home, transaction, events)
    return answers


def _still_permitted(
    home: Home, transaction: WriteTransaction, found: Identified, permit: Permit
) -> tuple[NamedCandidate, ...]:
    """Candidates whose consent holds at the moment of answering, and is signed by this home.

    The references were read when the search was prepared; a person may have withdrawn since.
    """
    named = []
    for candidate in found.candidates:
        subject = transaction.subject_by_id(candidate.subject_id)
        if subject is not None and _agrees(home, transaction, candidate.subject_id, permit):
            named.append(NamedCandidate(subject.label, candidate))
    return tuple(named)


def _agrees(
    home: Home, transaction: WriteTransaction, subject_id: SubjectId, permit: Permit
) -> bool:
    receipts = transaction.receipts(subject_id)
    for receipt in receipts:
        require_own(home, receipt)
    terms = [each.receipt.terms(each.withdrawn) for each in receipts]
    now = policy.permit(terms, permit.purpose, permit.mode, home.clock.now())
    return isinstance(now, Permit) and not now.receipts.isdisjoint(permit.receipts)


def _event(home: Home, prepared: Search, named: tuple[NamedCandidate, ...]) -> Event:
    facts: dict[str, JsonValue] = {
        "purpose": prepared.permit.purpose,
        "references": len(prepared.gallery),
        "decision": "match" if named else "unknown",
        "threshold": prepared.record.record_id,
        "model": prepared.gallery.model,
    }
    whose = named[0].candidate.subject_id if named else None
    return Event(EventType.IDENTIFIED, home.clock.now(), whose, facts)
