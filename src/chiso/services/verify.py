"""Verify, 1:1: is this the person she says she is? No answer before its leaf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.compare.search import Gallery, normalised_for, scores
from chiso.compare.threshold import is_match
from chiso.consent import policy
from chiso.core.canonical import JsonValue
from chiso.core.consent import Mode, Permit
from chiso.core.decisions import ThresholdRecord, Verified
from chiso.core.errors import ChisoError
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.samples import Refusal
from chiso.core.storage import ReadTransaction, Subject, WriteTransaction
from chiso.services.engine import single_face, templates_of
from chiso.services.gallery import gallery_of_one, in_step
from chiso.services.home import Home, asked
from chiso.services.log import record, require_own
from chiso.services.retention import note_match, rule_for
from chiso.services.thresholds import active_record


@dataclass(frozen=True, slots=True)
class VerifyAnswer:
    """Answer of a verification, and the record that decided."""

    verified: Verified
    record: ThresholdRecord


def verify(home: Home, label: str, photo: bytes, purpose: str) -> VerifyAnswer | Refusal:
    """Compare the one face in `photo` with the references of the person called `label`.

    Raises ChisoError with a consent code where no receipt of hers permits it, NO_CONSENT also where
    nobody is called that.
    """
    label, purpose = label_from(label, "subject"), label_from(purpose, "purpose")
    prepared = in_step(lambda: _prepared(home, label, purpose))
    engine = home.engine()
    face = single_face(engine, photo, engine.capture.probe)
    if isinstance(face, Refusal):
        return face
    (probe,) = templates_of(engine, [face], prepared.permit)
    own_scores = scores(prepared.gallery, probe)
    with home.store.writing() as transaction:
        best = float(own_scores[_still_permitted(home, transaction, prepared, label)].max())
        record_used = prepared.record
        whose = prepared.subject.subject_id
        answer = Verified(
            is_match(best, record_used, probe.model), best, record_used.calibration.llr(best)
        )
        facts: dict[str, JsonValue] = {
            "purpose": purpose,
            "references": len(prepared.gallery),
            "decision": "match" if answer.match else "no-match",
            "threshold": record_used.record_id,
            "model": probe.model,
            **asked(home),
        }
        if answer.match:
            note_match(home, transaction, whose, purpose)
        record(home, transaction, [Event(EventType.VERIFIED, home.clock.now(), whose, facts)])
    return VerifyAnswer(answer, record_used)


@dataclass(frozen=True, slots=True)
class _Prepared:
    subject: Subject
    permit: Permit
    gallery: Gallery
    record: ThresholdRecord


def _prepared(home: Home, label: str, purpose: str) -> _Prepared:
    with home.store.reading() as view:
        threshold = active_record(home, view, home.model())  # its lack tells of nobody
        subject, permit = permitted(home, view, label, purpose)
        gallery = gallery_of_one(home, view, permit, subject.subject_id)
        gallery = normalised_for(gallery, threshold)
    return _Prepared(subject, permit, gallery, threshold)


def _still_permitted(
    home: Home, transaction: WriteTransaction, prepared: _Prepared, label: str
) -> NDArray[np.bool_]:
    """Shape (references,): which rest on a receipt that permits this at the moment of answering.

    She may have withdrawn since they were read, all or one receipt, and another person may have
    been enrolled under her label.
    """
    subject, permit = permitted(home, transaction, label, prepared.permit.purpose)
    allowed = np.array([row.decode() in permit.receipts for row in prepared.gallery.receipts])
    if subject.subject_id != prepared.subject.subject_id or not allowed.any():
        refusal = policy.nobody(prepared.permit.purpose)
        raise ChisoError(refusal.code, refusal.message, refusal.hint)
    return allowed


def permitted(
    home: Home, view: ReadTransaction, label: str, purpose: str
) -> tuple[Subject, Permit]:
    """The person of that label, and the permit to verify her. Raises a consent code."""
    subject = view.subject(label)
    receipts = view.receipts(subject.subject_id) if subject else []
    for receipt in receipts:
        require_own(home, receipt)
    terms = [each.terms for each in receipts]
    rule = rule_for(view, purpose)
    permit = policy.permit(terms, purpose, Mode.VERIFY, home.clock.now(), rule)
    if subject is not None and isinstance(permit, Permit):
        return subject, permit
    refusal = policy.nobody(purpose) if isinstance(permit, Permit) else permit
    raise ChisoError(refusal.code, refusal.message, refusal.hint)
