"""Issue a card: from a photo that is not kept, or from a reference that is then destroyed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from chiso.cards.card import Card, card_bytes, purpose_digest
from chiso.cards.code import (
    MOST_BYTES,
    SealedCard,
    bound_to,
    card_size_bytes,
    code_text,
    header_of,
    signed_text,
)
from chiso.cards.quantise import quantised
from chiso.consent import policy
from chiso.core.access import IssuedCard
from chiso.core.canonical import JsonValue
from chiso.core.consent import Mode, ReceiptId, SubjectId, Terms
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.samples import Refusal
from chiso.core.storage import SealedReference, Subject, WriteTransaction
from chiso.core.templates import Template
from chiso.core.times import to_text
from chiso.services.engine import reference_templates_of, single_face
from chiso.services.enrol import (
    Agreement,
    Photo,
    PhotoRefused,
    parsed,
    permit_to_enrol,
    receipt_for,
)
from chiso.services.gallery import in_step
from chiso.services.granting import granted, granted_event, receipt_in_force
from chiso.services.home import Home
from chiso.services.log import record
from chiso.services.retention import rule_for
from chiso.services.verify import permitted
from chiso.services.withdraw import finish_erasures, note_erased

KEY_PURPOSE = "card/1"
"""What the home's card key is derived for."""
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card as it is handed over. `code` is in its picture, and kept nowhere."""

    card: IssuedCard
    code: str
    size_bytes: int
    label: str
    purpose: str
    controller: str
    new_receipt: bool
    references_destroyed: int
    unfinished: ChisoError | None
    """Why old copies of those references could not be destroyed yet."""


Deliver = Callable[[NewCard], object]
"""Draws a card and hands it over. What it raises undoes everything: a card that nobody has is not
issued, and takes no reference's place."""


def _by_the_caller(_: NewCard) -> None:
    """Nothing is handed over before the card is on the list."""


def issue_from_photo(
    home: Home,
    agreement: Agreement,
    photo: Photo,
    *,
    keep_references: bool = False,
    deliver: Deliver = _by_the_caller,
) -> NewCard | PhotoRefused:
    """Grant what she agreed to, and make a card from `photo`; nothing of the photo is kept.

    A receipt in force that says the same is used again. Raises as `enrol` does, and WRONG_MODE
    where she did not agree to be verified; and whatever `deliver` raises.
    """
    agreement = parsed(agreement)
    now = home.clock.now()
    with home.store.reading() as view:
        rule = rule_for(view, agreement.purpose)
    provisional = receipt_for(home, agreement, SubjectId(_new_id(home)), now, rule)
    _require_verify(provisional.terms(None))
    permit = permit_to_enrol(provisional.terms(None), now, rule)  # before the photo is looked at
    engine = home.engine()
    face = single_face(engine, photo.content, engine.capture.enrolment)
    if isinstance(face, Refusal):
        return PhotoRefused(photo.name, face)
    (template,) = reference_templates_of(engine, [face], permit)
    try:
        with home.store.writing() as transaction:
            now = home.clock.now()
            rule = rule_for(transaction, agreement.purpose)
            subject = transaction.subject(agreement.subject)
            if subject is None:
                subject = Subject(provisional.parties.subject_id, agreement.subject, now)
                transaction.add_subject(subject)
            wanted = receipt_for(home, agreement, subject.subject_id, now, rule)
            until_any = agreement.expires is None
            known = receipt_in_force(home, transaction, wanted, now, rule, until_any=until_any)
            events: list[Event] = []
            if known is None:
                permit_to_enrol(wanted.terms(None), now, rule)  # it may have expired meanwhile
                events.append(granted_event(wanted, now))
            signed = granted(home, transaction, wanted) if known is None else known
            terms = signed.receipt.terms(None)
            new = _issued(
                home, transaction, subject, terms, terms.expires, template, events, keep_references
            )
            deliver(new)
            if known is not None:
                transaction.mark_active([terms.receipt_id], now)
    finally:
        _overwrite(template)
    return _finished(home, replace(new, new_receipt=known is None))


def issue_from_reference(
    home: Home,
    label: str,
    purpose: str,
    expires: datetime | None = None,
    *,
    keep_references: bool = False,
    deliver: Deliver = _by_the_caller,
) -> NewCard:
    """Make a card from the newest reference that she agreed to be verified with for this purpose.

    The references on its receipt are then destroyed, unless they are to be kept. `expires`: the
    card's last moment, where that is to be earlier than its receipt's. Raises a consent code where
    no receipt of hers permits it, REFERENCE_MISSING where nothing rests on one; and whatever
    `deliver` raises.
    """
    label, purpose = label_from(label, "subject"), label_from(purpose, "purpose")
    template, receipt_id = in_step(lambda: _newest(home, label, purpose))
    try:
        with home.store.writing() as transaction:
            subject, permit = permitted(home, transaction, label, purpose)
            held = transaction.receipts(subject.subject_id)
            own = [each.terms for each in held if each.terms.receipt_id == receipt_id]
            if not own or receipt_id not in permit.receipts:
                refusal = policy.nobody(purpose)
                raise ChisoError(refusal.code, refusal.message, refusal.hint)
            until = _card_end(home, own[0], expires)
            new = _issued(home, transaction, subject, own[0], until, template, [], keep_references)
            deliver(new)
    finally:
        _overwrite(template)
    return _finished(home, new)


def _issued(
    home: Home,
    transaction: WriteTransaction,
    subject: Subject,
    terms: Terms,
    expires: datetime,
    template: Template,
    before: Sequence[Event],
    keep_references: bool,
) -> NewCard:
    """Make the card, put it on the list, destroy references, tell the log: in one transaction."""
    now = home.clock.now()
    card = IssuedCard(_new_id(home), terms.receipt_id, subject.subject_id, now, expires, None, None)
    sealed = _sealed(home, card, terms, template)
    transaction.put_card(card)
    gone = 0 if keep_references else transaction.remove_references(terms.receipt_id)
    if gone:
        note_erased(transaction, subject.subject_id)
    facts: dict[str, JsonValue] = {
        "card": card.card_id,
        "receipt": terms.receipt_id,
        "purpose": terms.purpose,
        "expires": to_text(expires),
        "model": template.model,
        "references_destroyed": gone,
        "asked_by": home.asked_by,
    }
    event = Event(EventType.CARD_ISSUED, now, subject.subject_id, facts)
    record(home, transaction, [*before, event])
    return NewCard(
        card,
        code_text(sealed),
        card_size_bytes(sealed),
        subject.label,
        terms.purpose,
        home.controller,
        False,
        gone,
        None,
    )


def _sealed(home: Home, card: IssuedCard, terms: Terms, template: Template) -> SealedCard:
    content = card_bytes(
        Card(
            card.card_id,
            card.receipt_id,
            card.issued,
            card.expires,
            template.model,
            purpose_digest(terms.purpose),
            terms.modes,
            quantised(template.vector),
        )
    )
    header = header_of(home.signer.public_key)
    sealed = home.vault.seal_bytes(content, bound_to(header), home.signer.derive(KEY_PURPOSE))
    made = SealedCard(header, sealed, home.signer.sign(signed_text(header, sealed)))
    if card_size_bytes(made) > MOST_BYTES:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "The templates of this home's model are too long for a card.",
            "Use a model with shorter ones: `chiso models list`.",
        )
    return made


def _finished(home: Home, new: NewCard) -> NewCard:
    """Destroy keys and old copies of references now; the card stands whether or not that works."""
    if not new.references_destroyed:
        return new
    try:
        finish_erasures(home, _PATIENCE_S)
    except ChisoError as error:
        return replace(new, unfinished=error)
    return new


def _newest(home: Home, label: str, purpose: str) -> tuple[Template, ReceiptId]:
    model = home.model()
    with home.store.reading() as view:
        subject, permit = permitted(home, view, label, purpose)
        whose = subject.subject_id
        resting = [
            each for each in view.references(model, whose) if each[0].receipt_id in permit.receipts
        ]
        if not resting:
            raise ChisoError(
                Code.REFERENCE_MISSING,
                f"{label!r} agreed, but no reference of hers rests on it.",
                "Issue the card from a photo: name one, and say what she agreed to.",
            )
        reference, terms = max(resting, key=_age)
        key = home.keystore.key(whose)
        if key is None:
            raise ChisoError(
                Code.KEY_MISSING,
                f"The keystore has no key for {label!r}: her reference cannot be opened.",
                "Put the keystore that belongs to this home back.",
            )
        plain = home.vault.open(reference.sealed, terms, model, key)
    return Template(np.frombuffer(plain, "<f4").copy(), model), reference.receipt_id


def _age(each: tuple[SealedReference, Terms]) -> datetime:
    return each[0].added


def _card_end(home: Home, terms: Terms, wanted: datetime | None) -> datetime:
    if wanted is None:
        return terms.expires
    if not home.clock.now() < wanted <= terms.expires:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"A card cannot end at {to_text(wanted)}: her consent lasts until "
            f"{to_text(terms.expires)}.",
            "Give a date from tomorrow until then, or none.",
        )
    return wanted


def _require_verify(terms: Terms) -> None:
    if Mode.VERIFY not in terms.modes:
        raise ChisoError(
            Code.WRONG_MODE,
            "A card serves to verify, and that was not agreed to.",
            "Ask the person whether she agrees to be verified.",
        )


def _new_id(home: Home) -> str:
    return str(uuid.UUID(bytes=home.randomness.token(16), version=4))


def _overwrite(template: Template) -> None:
    template.vector[:] = 0
