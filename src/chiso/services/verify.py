"""Verify, 1:1: is this the person she says she is? No answer before its leaf."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.compare.threshold import is_match
from chiso.consent import policy
from chiso.core.canonical import JsonValue
from chiso.core.consent import Mode, Permit
from chiso.core.decisions import ThresholdRecord, Verified
from chiso.core.errors import ChisoError
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.samples import Refusal
from chiso.core.storage import ReadTransaction, Subject
from chiso.services.engine import single_face, templates_of
from chiso.services.gallery import gallery_of_one
from chiso.services.home import Home
from chiso.services.log import record, require_own
from chiso.services.thresholds import active_record


@dataclass(frozen=True, slots=True)
class VerifyAnswer:
    """Answer of a verification, and the record that decided."""

    verified: Verified
    record: ThresholdRecord


def verify(home: Home, label: str, photo: bytes, purpose: str) -> VerifyAnswer | Refusal:
    """Compare the one face in `photo` with the references of the person called `label`.

    Raises ChisoError with a consent code where no receipt of hers permits it. The same error is
    raised where nobody is called that, so that the answer does not tell who is enrolled.
    """
    label, purpose = label_from(label, "subject"), label_from(purpose, "purpose")
    now = home.clock.now()
    with home.store.reading() as view:
        subject, permit = _permitted(home, view, label, purpose)
        threshold = active_record(view, home.model())
        gallery = gallery_of_one(home, view, permit, subject.subject_id)
    engine = home.engine()
    face = single_face(engine, photo, engine.capture.probe)
    if isinstance(face, Refusal):
        return face
    (probe,) = templates_of(engine, [face], permit)
    best = float((gallery.matrix @ probe.vector).max())
    answer = Verified(is_match(best, threshold, probe.model), best, threshold.calibration.llr(best))
    facts: dict[str, JsonValue] = {
        "purpose": purpose,
        "references": len(gallery),
        "decision": "match" if answer.match else "no-match",
        "threshold": threshold.record_id,
        "model": probe.model,
    }
    with home.store.writing() as transaction:
        _permitted(home, transaction, label, purpose)  # it may have been withdrawn meanwhile
        record(home, transaction, [Event(EventType.VERIFIED, now, subject.subject_id, facts)])
    return VerifyAnswer(answer, threshold)


def _permitted(
    home: Home, view: ReadTransaction, label: str, purpose: str
) -> tuple[Subject, Permit]:
    subject = view.subject(label)
    receipts = view.receipts(subject.subject_id) if subject else []
    for receipt in receipts:
        require_own(home, receipt)
    terms = [each.receipt.terms(each.withdrawn) for each in receipts]
    permit = policy.permit(terms, purpose, Mode.VERIFY, home.clock.now())
    if subject is not None and isinstance(permit, Permit):
        return subject, permit
    refusal = policy.nobody(purpose) if isinstance(permit, Permit) else permit
    raise ChisoError(refusal.code, refusal.message, refusal.hint)
