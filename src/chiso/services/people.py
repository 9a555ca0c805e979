"""What is held about people: lists for the operator, and a person's own copy of everything."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chiso.consent.policy import objection
from chiso.consent.retention import End, Rule, end_of_consent
from chiso.core.canonical import JsonValue
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.storage import ReadTransaction, SealedReference, SignedReceipt, Subject
from chiso.core.times import to_text
from chiso.services.home import Home
from chiso.services.log import InclusionProof, head_of, proof_of, record
from chiso.services.retention import rules

_RECOGNITIONS = (EventType.IDENTIFIED, EventType.VERIFIED)


@dataclass(frozen=True, slots=True)
class SubjectSummary:
    """One person as a list shows her."""

    subject: Subject
    receipts: int
    in_force: int
    references: int
    next_end: End | None
    """Of the consents in force."""


@dataclass(frozen=True, slots=True)
class ReceiptSummary:
    """One receipt as a list shows it. `state`: in force, withdrawn, expired, inactive, not begun.

    `end`: when it is over if there is no match before, by whichever decides: its own date, its
    purpose's maximum, or its purpose's period without a match.
    """

    signed: SignedReceipt
    state: str
    references: int
    end: End

    @property
    def is_due(self) -> bool:
        """Whether a purge would end it."""
        return self.signed.withdrawn is None and self.state in ("expired", "inactive")


_STATES = {
    None: "in force",
    Code.CONSENT_WITHDRAWN: "withdrawn",
    Code.CONSENT_EXPIRED: "expired",
    Code.CONSENT_INACTIVE: "inactive",
    Code.CONSENT_NOT_YET: "not begun",
}


def subjects(home: Home, label: str | None = None) -> list[SubjectSummary]:
    """Everyone, or the person called `label`. Raises ChisoError(NO_CONSENT) if there is none."""
    with home.store.reading() as view:
        chosen = view.subjects() if label is None else [known(view, label)]
        return [summary_of(home, view, subject) for subject in chosen]


def receipts(home: Home, label: str | None = None) -> list[ReceiptSummary]:
    """Everyone's receipts, or those of the person called `label`."""
    with home.store.reading() as view:
        whose = None if label is None else known(view, label).subject_id
        return receipt_summaries(home, view, view.receipts(whose), whose)


def export(home: Home, label: str) -> dict[str, bytes]:
    """Everything held about the person called `label`: see `export_of`."""
    with home.store.reading() as view:
        subject_id = known(view, label).subject_id
    return export_of(home, subject_id)


def export_of(home: Home, subject_id: SubjectId, *, is_herself: bool = True) -> dict[str, bytes]:
    """Everything held about a person, as files: name to content. The export itself is logged.

    receipts.json: each receipt as signed, with its signature, whether it is in force, and when it
    ends if there is no match before. references.json: facts of each reference, never its numbers.
    log.json: every leaf that concerns her, with payload, salt and inclusion proof, and the signed
    checkpoint that they lead to. Unless she asks herself, it leaves out those that tell when and
    where she was recognised, and says how many they are: nobody else follows her by her export.
    """
    with home.store.writing() as transaction:
        subject = known_by_id(transaction, subject_id)
        facts = {"asked_by": home.asked_by}
        event = Event(EventType.EXPORTED, home.clock.now(), subject.subject_id, facts)
        record(home, transaction, [event])
    return documents_about(home, subject_id, is_herself=is_herself)


def documents_about(
    home: Home, subject_id: SubjectId, *, is_herself: bool = True
) -> dict[str, bytes]:
    """The files of `export_of`, for herself to look at: no copy leaves, and no leaf is written.

    Raises NOT_FOUND where there is nobody.
    """
    with home.store.reading() as view:
        known_by_id(view, subject_id)
        held = receipt_summaries(home, view, view.receipts(subject_id), subject_id)
        references = [reference for reference, _ in view.references(None, subject_id)]
        proofs = _proofs(view, subject_id)
    shown = [each for each in proofs if is_herself or not _is_recognition(each)]
    documents: Mapping[str, JsonValue] = {
        "receipts.json": [_receipt_document(each, is_herself=is_herself) for each in held],
        "references.json": [_reference_document(each) for each in references],
        "log.json": {
            "origin": home.origin,
            "public_key": base64.b64encode(home.signer.public_key).decode(),
            "leaves": [_proof_document(each) for each in shown],
            "hers_alone": len(proofs) - len(shown),
        },
    }
    return {
        name: json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
        for name, document in documents.items()
    }


def receipt_summaries(
    home: Home,
    view: ReadTransaction,
    signed: Sequence[SignedReceipt],
    subject_id: SubjectId | None,
) -> list[ReceiptSummary]:
    """These receipts of one person, or of anyone, as a list shows them."""
    resting: dict[str, int] = {}
    for reference, _ in view.references(None, subject_id):
        resting[reference.receipt_id] = resting.get(reference.receipt_id, 0) + 1
    by_purpose = {each.purpose: each for each in rules(view)}
    return [
        ReceiptSummary(
            each,
            _state(home, each, rule := by_purpose.get(each.terms.purpose)),
            resting.get(each.receipt.header.receipt_id, 0),
            end_of_consent(each.terms, rule),
        )
        for each in signed
    ]


def _receipt_document(held: ReceiptSummary, *, is_herself: bool) -> Mapping[str, JsonValue]:
    """A receipt as an export has it: signed text, signature, and what became of it."""
    signed = held.signed
    return {
        "receipt": json.loads(signed.body),
        "signed_text": signed.body.decode(),
        "signature": base64.b64encode(signed.signature).decode(),
        "withdrawn": to_text(signed.withdrawn) if signed.withdrawn else None,
        "state": held.state,
        "ends": to_text(held.end.at),
        "cause": signed.cause,
        "active": to_text(signed.terms.active) if is_herself else None,
    }


def _reference_document(reference: SealedReference) -> Mapping[str, JsonValue]:
    """Facts of a reference, never its numbers."""
    return {
        "receipt": reference.receipt_id,
        "model": reference.model,
        "added": to_text(reference.added),
        "stored_as": "AES-256-GCM ciphertext under a key that is hers alone",
        "stored_bytes": len(reference.sealed),
    }


def _proof_document(proof: InclusionProof) -> Mapping[str, JsonValue]:
    return {
        "seq": proof.seq,
        "payload": proof.payload.decode() if proof.payload else None,
        "salt": proof.salt.hex() if proof.salt else None,
        "leaf_hash": proof.leaf_hash.hex(),
        "inclusion": [step.hex() for step in proof.path],
        "checkpoint": proof.checkpoint,
    }


def _proofs(view: ReadTransaction, subject_id: SubjectId) -> list[InclusionProof]:
    """The proof of every leaf that concerns a person."""
    head = head_of(view)
    return [proof_of(view, head, each.seq, each) for each in view.payloads(subject_id)]


def _is_recognition(proof: InclusionProof) -> bool:
    return json.loads(proof.payload or b"{}").get("type") in _RECOGNITIONS


def known(view: ReadTransaction, label: str) -> Subject:
    """The person called `label`. Raises ChisoError(NO_CONSENT) where there is nobody."""
    subject = view.subject(label_from(label, "subject"))
    if subject is None:
        raise ChisoError(
            Code.NO_CONSENT,
            f"Nobody called {label!r} is enrolled.",
            "`chiso subjects` lists everyone who is.",
        )
    return subject


def known_by_id(view: ReadTransaction, subject_id: SubjectId) -> Subject:
    """The person of that id. Raises ChisoError(NOT_FOUND) where there is nobody."""
    subject = view.subject_by_id(subject_id)
    if subject is None:
        raise not_found("person")
    return subject


def not_found(what: str) -> ChisoError:
    """The error where there is no such thing, or not for whoever asks: both are answered alike."""
    return ChisoError(
        Code.NOT_FOUND,
        f"There is no such {what}.",
        "Check the id; it may have been erased, or be of someone else.",
    )


def summary_of(home: Home, view: ReadTransaction, subject: Subject) -> SubjectSummary:
    """One person as a list shows her."""
    held = view.receipts(subject.subject_id)
    by_purpose = {each.purpose: each for each in rules(view)}
    ends = [
        end_of_consent(each.terms, rule)
        for each in held
        if _state(home, each, rule := by_purpose.get(each.terms.purpose)) == "in force"
    ]
    references = sum(1 for _ in view.references(None, subject.subject_id))
    first = min(ends, key=lambda end: end.at, default=None)
    return SubjectSummary(subject, len(held), len(ends), references, first)


def _state(home: Home, signed: SignedReceipt, rule: Rule | None) -> str:
    terms = signed.terms
    return _STATES[objection(terms, terms.purpose, None, home.clock.now(), rule)]
