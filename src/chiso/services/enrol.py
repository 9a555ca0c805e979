"""Enrol a person who agreed: receipt, templates and log leaves land together or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime

from chiso.consent import policy
from chiso.consent.receipt import draft
from chiso.consent.retention import Rule, end_of_period
from chiso.core.consent import Grounds, Mode, Parties, Permit, Receipt, ReceiptId, SubjectId, Terms
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.samples import Refusal
from chiso.core.storage import (
    ReadTransaction,
    SealedReference,
    SignedReceipt,
    Subject,
    WriteTransaction,
)
from chiso.core.templates import Template
from chiso.core.times import to_text
from chiso.services.engine import MeasuredFace, reference_templates_of, single_face
from chiso.services.gallery import note_added
from chiso.services.granting import granted, granted_event, receipt_in_force
from chiso.services.home import Home
from chiso.services.log import record, require_own
from chiso.services.people import not_found
from chiso.services.retention import rule_for
from chiso.services.withdraw import finish_erasures


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as it came: what to call it in messages, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a person said yes to, as the operator recorded it."""

    subject: str
    purpose: str
    modes: frozenset[Mode]
    expires: datetime | None
    """None: for as long as is usual for this purpose in this home."""
    evidence_sha256: str
    notice_sha256: str | None = None
    guardian: str | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What an enrolment did. `already_enrolled` counts photos that were there before.

    `expires`: the date on the receipt.
    """

    subject_id: SubjectId
    receipt_id: ReceiptId
    expires: datetime
    new_receipt: bool
    references_added: int
    already_enrolled: int


@dataclass(frozen=True, slots=True)
class PhotoRefused:
    """Which photo could not be used, and why. Nothing was enrolled."""

    photo: str
    refusal: Refusal


def enrol(home: Home, agreement: Agreement, photos: Sequence[Photo]) -> Enrolled | PhotoRefused:
    """Enrol `photos` of one person under `agreement`; all of them, or none.

    A receipt in force that says exactly the same is used again; a photo that rests on it already is
    not enrolled twice. Where the agreement names no last moment, one in force that says the same
    otherwise is used again. Raises ChisoError with a consent code where the agreement permits
    nothing (it has expired), more than the purpose's maximum, or more than she agreed to since it
    was evidenced; BAD_ARGUMENT where it cannot be written down.
    """
    done = enrol_all(home, [agreement], photos)
    return done if isinstance(done, PhotoRefused) else done[0]


def enrol_all(
    home: Home, agreements: Sequence[Agreement], photos: Sequence[Photo]
) -> list[Enrolled] | PhotoRefused:
    """Enrol `photos` of one person under several agreements, each as `enrol` does: all, or none."""
    agreements = [parsed(each) for each in agreements]
    if not photos:
        raise ChisoError(Code.BAD_ARGUMENT, "There is no photo to enrol.", "Name at least one.")
    if len({each.subject for each in agreements}) != 1:
        raise ChisoError(
            Code.BAD_ARGUMENT, "These agreements are not one person's.", "Enrol each by herself."
        )
    new_id = SubjectId(_new_id(home))
    permits = permits_to_enrol(home, agreements, new_id)  # before a photo is looked at
    faces = _faces_of(home, photos)
    if isinstance(faces, PhotoRefused):
        return faces
    templates = [reference_templates_of(home.engine(), faces, each) for each in permits]
    _expect_key(home, agreements[0].subject, new_id)
    with _finishing_what_fails(home), home.store.writing() as transaction:
        return [
            _store(home, transaction, agreement, new_id, photos, made)
            for agreement, made in zip(agreements, templates, strict=True)
        ]


def permits_to_enrol(
    home: Home, agreements: Sequence[Agreement], subject_id: SubjectId
) -> list[Permit]:
    """What each agreement, given now, would permit. Raises as `enrol` does where it is nothing."""
    now = home.clock.now()
    permits = []
    with home.store.reading() as view:
        for each in agreements:
            rule = rule_for(view, each.purpose)
            provisional = receipt_for(home, each, subject_id, now, rule)
            permits.append(permit_to_enrol(provisional.terms(None), now, rule))
    return permits


def add_photos(
    home: Home, receipt_id: ReceiptId, photos: Sequence[Photo]
) -> Enrolled | PhotoRefused:
    """Enrol more photos under a receipt that is in force; all of them, or none.

    Raises ChisoError with a consent code where it is not, NOT_FOUND where there is none.
    """
    if not photos:
        raise ChisoError(Code.BAD_ARGUMENT, "There is no photo to enrol.", "Name at least one.")
    with home.store.reading() as view:
        receipt, permit = _in_force_by_id(home, view, receipt_id)
    faces = _faces_of(home, photos)
    if isinstance(faces, PhotoRefused):
        return faces
    templates = reference_templates_of(home.engine(), faces, permit)
    _expect_key(home, receipt.receipt.parties.subject, receipt.terms.subject_id)
    with _finishing_what_fails(home):
        return _store_more(home, receipt_id, photos, templates)


def _store_more(
    home: Home, receipt_id: ReceiptId, photos: Sequence[Photo], templates: Sequence[Template]
) -> Enrolled:
    with home.store.writing() as transaction:
        signed, permit = _in_force_by_id(home, transaction, receipt_id)
        terms = signed.terms
        key = home.keystore.create(terms.subject_id)
        transaction.key_destroyed(terms.subject_id)
        added = _add_references(home, transaction, terms, photos, templates, key)
        if added:
            note_added(transaction, added)
            transaction.mark_active([receipt_id], permit.at)
            event = _enrolled_event(signed.receipt, added, templates[0], permit.at)
            record(home, transaction, [event])
    expires = signed.receipt.processing.expires
    return Enrolled(terms.subject_id, receipt_id, expires, False, added, len(photos) - added)


def _in_force_by_id(
    home: Home, view: ReadTransaction, receipt_id: ReceiptId
) -> tuple[SignedReceipt, Permit]:
    """The receipt of that id, and the permit that it gives to enrol now."""
    receipt = view.receipt(receipt_id)
    if receipt is None:
        raise not_found("receipt")
    require_own(home, receipt)
    terms, now = receipt.terms, home.clock.now()
    permit = policy.permit([terms], terms.purpose, None, now, rule_for(view, terms.purpose))
    if isinstance(permit, policy.ConsentRefusal):
        raise ChisoError(permit.code, permit.message, permit.hint)
    return receipt, permit


def _faces_of(home: Home, photos: Sequence[Photo]) -> list[MeasuredFace] | PhotoRefused:
    engine = home.engine()
    faces: list[MeasuredFace] = []
    for photo in photos:
        face = single_face(engine, photo.content, engine.capture.enrolment)
        if isinstance(face, Refusal):
            return PhotoRefused(photo.name, face)
        faces.append(face)
    return faces


@contextmanager
def _finishing_what_fails(home: Home) -> Iterator[None]:
    """Destroy a key that was expected, where its rows do not land."""
    try:
        yield
    except BaseException:
        # Where the disk is full this fails too; whoever opens the home next does it then.
        with suppress(ChisoError):
            finish_erasures(home, patience_s=0.0)
        raise


def _store(
    home: Home,
    transaction: WriteTransaction,
    agreement: Agreement,
    new_id: SubjectId,
    photos: Sequence[Photo],
    templates: Sequence[Template],
) -> Enrolled:
    now = home.clock.now()  # under the lock: no receipt of another process is younger
    rule = rule_for(transaction, agreement.purpose)
    events: list[Event] = []
    subject = transaction.subject(agreement.subject)
    if subject is None:
        subject = Subject(new_id, agreement.subject, now)
        transaction.add_subject(subject)
    wanted = receipt_for(home, agreement, subject.subject_id, now, rule)
    until_any = agreement.expires is None
    receipt = receipt_in_force(home, transaction, wanted, now, rule, until_any=until_any)
    if new_receipt := receipt is None:
        permit_to_enrol(wanted.terms(None), now, rule)  # it may have expired meanwhile
        receipt = granted(home, transaction, wanted)
        events.append(granted_event(wanted, now))
    key = home.keystore.create(subject.subject_id)
    for expected in {new_id, subject.subject_id}:
        transaction.key_destroyed(expected)
    terms = receipt.receipt.terms(None)
    added = _add_references(home, transaction, terms, photos, templates, key)
    if added:
        events.append(_enrolled_event(receipt.receipt, added, templates[0], now))
        note_added(transaction, added)
        if not new_receipt:
            transaction.mark_active([terms.receipt_id], now)
        record(home, transaction, events)
    return Enrolled(
        subject.subject_id,
        receipt.receipt.header.receipt_id,
        receipt.receipt.processing.expires,
        new_receipt,
        added,
        len(photos) - added,
    )


def _expect_key(home: Home, label: str, new_id: SubjectId) -> None:
    """Schedule the destruction of the key that someone is about to get.

    Key and rows are in two files and cannot land in one step: the key lands first. `_store` cancels
    this with the rows; after a crash between the two, it is how the key that opens nothing is
    found. Whoever withdrew a receipt and comes back gets a key anew, as someone new does.
    """
    with home.store.reading() as view:
        known = view.subject(label)
    subject_id = new_id if known is None else known.subject_id
    if known is None or home.keystore.key(subject_id) is None:
        with home.store.writing() as transaction:
            transaction.schedule_key_destruction(subject_id)


def parsed(agreement: Agreement) -> Agreement:
    """The agreement with its names written one way. Raises BAD_ARGUMENT where it is none."""
    if not agreement.modes:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "No mode was agreed to.",
            "Name verify, identify, or both: each is agreed to separately.",
        )
    return replace(
        agreement,
        subject=label_from(agreement.subject, "subject"),
        purpose=label_from(agreement.purpose, "purpose"),
    )


def permit_to_enrol(terms: Terms, now: datetime, rule: Rule | None) -> Permit:
    """A permit to make a template under these terms. Raises a consent code where there is none."""
    permit = policy.permit([terms], terms.purpose, None, now, rule)
    if isinstance(permit, policy.ConsentRefusal):
        raise ChisoError(permit.code, permit.message, "Give a date in the future with --expires.")
    return permit


def _new_id(home: Home) -> str:
    return str(uuid.UUID(bytes=home.randomness.token(16), version=4))


def receipt_for(
    home: Home, agreement: Agreement, subject_id: SubjectId, now: datetime, rule: Rule | None
) -> Receipt:
    """The receipt that this agreement would be granted."""
    return draft(
        receipt_id=ReceiptId(_new_id(home)),
        parties=Parties(agreement.subject, subject_id, home.controller, agreement.guardian),
        purpose=agreement.purpose,
        modes=agreement.modes,
        expires=_last_moment(agreement, now, rule),
        grounds=Grounds(agreement.notice_sha256, agreement.evidence_sha256),
        language=agreement.language,
        now=now,
    )


def _last_moment(agreement: Agreement, now: datetime, rule: Rule | None) -> datetime:
    """Until when a consent given now lasts. Raises where nobody says, or for longer than it may."""
    limit = None if rule is None or rule.maximum is None else end_of_period(now, rule.maximum)
    if agreement.expires is not None:
        if limit is not None and agreement.expires > limit:
            raise ChisoError(
                Code.CONSENT_TOO_LONG,
                f"Until {to_text(agreement.expires)} is longer than consent for "
                f"{agreement.purpose!r} may last here, which is until {to_text(limit)}.",
                f"Give --expires {limit:%Y-%m-%d} or earlier; `chiso retention list` shows what "
                "was set.",
            )
        return agreement.expires
    if rule is None or rule.default is None:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "Say until when she agreed: --expires is missing, and this home has no default period "
            f"for {agreement.purpose!r}.",
            "Add --expires 2027-12-31, or set a default: `chiso retention set --help`.",
        )
    usual = end_of_period(now, rule.default)
    return usual if limit is None else min(usual, limit)


def _add_references(
    home: Home,
    transaction: WriteTransaction,
    terms: Terms,
    photos: Sequence[Photo],
    templates: Sequence[Template],
    key: bytes,
) -> int:
    model = templates[0].model
    seen = {
        reference.photo_tag
        for reference, _ in transaction.references(model, terms.subject_id)
        if reference.receipt_id == terms.receipt_id
    }
    added = 0
    for photo, template in zip(photos, templates, strict=True):
        tag = home.vault.photo_tag(photo.content, key)
        if tag in seen:
            continue
        seen.add(tag)
        sealed = home.vault.seal(template, terms, key)
        transaction.add_reference(
            SealedReference(
                terms.subject_id, terms.receipt_id, model, sealed, tag, home.clock.now()
            )
        )
        added += 1
    return added


def _enrolled_event(receipt: Receipt, added: int, template: Template, now: datetime) -> Event:
    return Event(
        EventType.ENROLLED,
        now,
        receipt.parties.subject_id,
        {"receipt": receipt.header.receipt_id, "references": added, "model": template.model},
    )
