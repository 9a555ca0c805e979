"""Identify, 1:N: who of those who agreed is this? *Unknown* is an answer, never a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chiso.compare.open_set import search_threshold
from chiso.compare.search import Gallery, Hits, candidates, normalised_for, search, without
from chiso.consent import policy
from chiso.core.canonical import JsonValue
from chiso.core.consent import Mode, Permit, ReceiptId, SubjectId
from chiso.core.decisions import Candidate, SearchThreshold, ThresholdRecord
from chiso.core.errors import ChisoError
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.samples import Refusal
from chiso.core.storage import WriteTransaction
from chiso.services.engine import MeasuredFace, faces_in, templates_of
from chiso.services.erasure import erasures_so_far
from chiso.services.forgetting import forget
from chiso.services.gallery import gallery_of_all, in_step
from chiso.services.home import Engine, Home, asked
from chiso.services.log import record, require_own
from chiso.services.retention import note_match, rule_for
from chiso.services.thresholds import active_record

MAX_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Search:
    """What every search for one purpose needs: permit, permitted references, threshold."""

    permit: Permit
    gallery: Gallery
    threshold: SearchThreshold
    erasures: int
    """How many erasures the home had seen when the references were read."""

    @property
    def record(self) -> ThresholdRecord:
        """The record that the threshold is from."""
        return self.threshold.record


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

    def attempt() -> Search:
        with home.store.reading() as view:
            rule, now = rule_for(view, purpose), home.clock.now()
            permit = policy.permit(view.terms(), purpose, Mode.IDENTIFY, now, rule)
            if isinstance(permit, policy.ConsentRefusal):
                raise ChisoError(permit.code, permit.message, permit.hint)
            record_used = active_record(home, view, home.model())
            gallery = normalised_for(gallery_of_all(home, view, permit), record_used)
            threshold = search_threshold(record_used, len(gallery))
            return Search(permit, gallery, threshold, erasures_so_far(view))

    return in_step(attempt)


def is_current(home: Home, prepared: Search) -> bool:
    """Whether nobody was erased since this search was prepared."""
    with home.store.reading() as view:
        return erasures_so_far(view) == prepared.erasures


def without_erased(home: Home, prepared: Search) -> Search:
    """The search without those whose references were erased since it was prepared.

    Their vectors are overwritten in memory, in the given search too. Costs nothing but the reading
    of one number where nobody was erased.
    """
    with home.store.reading() as view:
        erasures = erasures_so_far(view)
        if erasures == prepared.erasures:
            return prepared
        purpose = prepared.permit.purpose
        rule, now = rule_for(view, purpose), home.clock.now()
        permit = policy.permit(view.terms(), purpose, Mode.IDENTIFY, now, rule)
        allowed = permit.receipts if isinstance(permit, Permit) else frozenset()
        there = {terms.receipt_id for _, terms in view.sealed_templates(prepared.gallery.model)}
    known = np.array(sorted(allowed & there), dtype=prepared.gallery.receipts.dtype)
    gallery = without(prepared.gallery, np.isin(prepared.gallery.receipts, known))
    forget(home)
    return Search(
        permit if isinstance(permit, Permit) else prepared.permit,
        gallery,
        search_threshold(prepared.record, max(len(gallery), 1)),
        erasures,
    )


def identify(
    home: Home, photo: bytes, prepared: Search, *, every_face: bool = False
) -> list[FaceAnswer] | Refusal:
    """Search every usable face of `photo`; leaves are written before anything is answered.

    `every_face` looks for faces far behind near ones too, and takes longer.
    """
    faces = probe_faces(home, photo, every_face=every_face)
    if isinstance(faces, Refusal):
        return faces
    return identify_faces(home, faces, without_erased(home, prepared))


def probe_faces(
    home: Home, photo: bytes, *, every_face: bool = False
) -> list[MeasuredFace] | Refusal:
    """The faces of `photo`, measured and compared with nobody: what `identify_faces` takes."""
    engine = home.engine()
    return faces_in(engine, photo, engine.capture.probe, every_face=every_face)


def identify_faces(home: Home, faces: Sequence[MeasuredFace], prepared: Search) -> list[FaceAnswer]:
    """The second half of `identify`, for a search that nobody in it was erased from just now."""
    engine = home.engine()
    usable = [face for face in faces if face.refusal is None]
    hits = iter(_hits(engine, usable, prepared))
    with home.store.writing() as transaction:
        answers: list[FaceAnswer] = []
        events: list[Event] = []
        for face in faces:
            if face.refusal is not None:
                answers.append(FaceAnswer(face, ()))
                continue
            named = _named(home, transaction, next(hits), prepared)
            answers.append(FaceAnswer(face, named))
            events += _events(home, prepared, named)
            for each in named:
                note_match(home, transaction, each.candidate.subject_id, prepared.permit.purpose)
        if events:
            record(home, transaction, events)
    return answers


def _hits(engine: Engine, faces: Sequence[MeasuredFace], prepared: Search) -> list[Hits]:
    """What each face reaches. Where everyone is gone, nobody is compared: no template is made."""
    if not len(prepared.gallery):
        return [Hits(np.empty(0, np.intp), np.empty(0)) for _ in faces]
    probes = templates_of(engine, faces, prepared.permit)
    return [search(prepared.gallery, probe, prepared.threshold) for probe in probes]


def _named(
    home: Home, transaction: WriteTransaction, hits: Hits, prepared: Search
) -> tuple[NamedCandidate, ...]:
    """The candidates whose consent holds now, as they are called.

    The references were read when the search was prepared; a person may have withdrawn since.
    """
    permits: dict[SubjectId, frozenset[ReceiptId]] = {}

    def still_allowed(subject_id: SubjectId, receipt_id: ReceiptId) -> bool:
        if subject_id not in permits:
            permits[subject_id] = _receipts_now(home, transaction, subject_id, prepared.permit)
        return receipt_id in permits[subject_id]

    found = candidates(prepared.gallery, hits, prepared.record, MAX_CANDIDATES, still_allowed)
    return tuple(
        NamedCandidate(subject.label, candidate)
        for candidate in found
        if (subject := transaction.subject_by_id(candidate.subject_id)) is not None
    )


def _receipts_now(
    home: Home, transaction: WriteTransaction, subject_id: SubjectId, permit: Permit
) -> frozenset[ReceiptId]:
    """A person's receipts that allow this search at this moment, their signatures checked."""
    receipts = transaction.receipts(subject_id)
    for receipt in receipts:
        require_own(home, receipt)
    terms, rule = [each.terms for each in receipts], rule_for(transaction, permit.purpose)
    now = policy.permit(terms, permit.purpose, permit.mode, home.clock.now(), rule)
    return now.receipts if isinstance(now, Permit) else frozenset()


def _events(home: Home, prepared: Search, named: tuple[NamedCandidate, ...]) -> list[Event]:
    """One event for each person named, so that each finds the search among hers; else one."""
    facts: dict[str, JsonValue] = {
        "purpose": prepared.permit.purpose,
        "references": len(prepared.gallery),
        "decision": "match" if named else "unknown",
        "threshold": prepared.record.record_id,
        # Canonical JSON has no fractions; the value's text reads back as the very same number.
        "threshold_value": repr(prepared.threshold.value),
        "fpir": f"{prepared.threshold.fpir:.3g}",
        "model": prepared.gallery.model,
        **asked(home),
    }
    now = home.clock.now()
    if not named:
        return [Event(EventType.IDENTIFIED, now, None, facts)]
    return [
        Event(EventType.IDENTIFIED, now, each.candidate.subject_id, {**facts, "rank": rank})
        for rank, each in enumerate(named, start=1)
    ]
