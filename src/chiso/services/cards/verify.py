"""Compare a face with the card it shows, 1:1; the template is in memory for that moment alone.

Steps, numbered in the code; the first that fails is the reason:

1. The code is whole, of this version, and of this home: CARD_UNREADABLE, CARD_FOREIGN.
2. The home signed it, and it opens under the home's card key: CARD_ALTERED.
3. It is on the list of cards, for that receipt, and not revoked: CARD_UNKNOWN, CARD_REVOKED.
4. It has not expired: CARD_EXPIRED.
5. Its receipt, as the home signed it, permits to verify for the purpose: a consent code.
6. It was made with the home's model: MODEL_MISMATCH.
7. The photo has one usable face: a Refusal.
8. The score reaches the threshold in use. Steps 3 to 5 are asked again in the transaction that
   writes the leaf, and the answer is released after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chiso.cards.card import Card, parse_card, purpose_digest
from chiso.cards.code import bound_to, header_of, parse_code
from chiso.cards.quantise import restored
from chiso.compare.search import Gallery, normalised_for, scores
from chiso.compare.threshold import is_match
from chiso.consent import policy
from chiso.core.access import IssuedCard
from chiso.core.canonical import JsonValue
from chiso.core.consent import Mode, Permit, SubjectId, Terms
from chiso.core.decisions import ThresholdRecord, Verified
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.samples import Refusal
from chiso.core.storage import ReadTransaction
from chiso.core.times import to_text
from chiso.services.cards.issue import KEY_PURPOSE
from chiso.services.engine import single_face, templates_of
from chiso.services.home import Home, asked
from chiso.services.log import record, require_own
from chiso.services.retention import note_match, rule_for
from chiso.services.thresholds import active_record
from chiso.services.verify import VerifyAnswer


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """Answer of a verification by card, and whose card it is."""

    answer: VerifyAnswer
    subject_id: SubjectId
    label: str
    purpose: str
    card_id: str


def verify_card(
    home: Home,
    code: str,
    photo: bytes,
    purpose: str | None = None,
    count: Callable[[str], None] = lambda _: None,
) -> CardAnswer | Refusal:
    """Compare the one face in `photo` with the card whose code this is.

    `purpose` None: whatever the card is for. `count` gets the id of a card that opened, and may
    raise. Raises ChisoError with one of the codes that the module's steps name.
    """
    wanted = None if purpose is None else label_from(purpose, "purpose")
    content = opened(home, code)
    try:
        card = parse_card(content)
        count(card.card_id)
        return _verified(home, card, photo, wanted)
    finally:
        content[:] = bytes(len(content))


def opened(home: Home, code: str) -> bytearray:
    """What a card of this home says, for the caller to overwrite. Steps 1 and 2."""
    card = parse_code(code.strip())
    if card.header != header_of(home.signer.public_key):
        raise ChisoError(
            Code.CARD_FOREIGN,
            "This card was not made by this home.",
            "Show it where it was issued, or ask for a card here.",
        )
    key = home.signer.derive(KEY_PURPOSE)
    content = None
    if home.signer.verify(card.signed_text, card.signature):
        content = home.vault.open_bytes(card.sealed, bound_to(card.header), key)
    if content is None:
        raise ChisoError(
            Code.CARD_ALTERED,
            "This card is not as this home made it: something in its code was changed.",
            "Ask for a new card, and have this one revoked.",
        )
    return content


def _verified(home: Home, card: Card, photo: bytes, wanted: str | None) -> CardAnswer | Refusal:
    reference = restored(card.template)
    probe = np.zeros(0, np.float32)
    try:
        with home.store.reading() as view:
            held = _permitted(home, view, card, wanted)
            threshold = active_record(home, view, home.model())
        gallery = normalised_for(_gallery_of(held, card, reference), threshold)
        engine = home.engine()
        face = single_face(engine, photo, engine.capture.probe)
        if isinstance(face, Refusal):
            return face
        (template,) = templates_of(engine, [face], held.permit)
        probe = template.vector
        score = float(scores(gallery, template)[0])
        verified = Verified(
            is_match(score, threshold, template.model), score, threshold.calibration.llr(score)
        )
        return _told(home, card, wanted, verified, threshold)
    finally:
        reference[:] = 0
        probe[:] = 0


def _told(
    home: Home, card: Card, wanted: str | None, verified: Verified, threshold: ThresholdRecord
) -> CardAnswer:
    with home.store.writing() as transaction:
        held = _permitted(home, transaction, card, wanted)
        whose, purpose = held.terms.subject_id, held.terms.purpose
        facts: dict[str, JsonValue] = {
            "purpose": purpose,
            "references": 1,
            "decision": "match" if verified.match else "no-match",
            "threshold": threshold.record_id,
            "model": card.model,
            "card": card.card_id,
            **asked(home),
        }
        if verified.match:
            note_match(home, transaction, whose, purpose)
        record(home, transaction, [Event(EventType.VERIFIED, home.clock.now(), whose, facts)])
    return CardAnswer(VerifyAnswer(verified, threshold), whose, held.label, purpose, card.card_id)


@dataclass(frozen=True, slots=True)
class _Held:
    label: str
    terms: Terms
    permit: Permit


def _permitted(home: Home, view: ReadTransaction, card: Card, wanted: str | None) -> _Held:
    """Steps 3 to 5."""
    listed = view.card(card.card_id)
    if listed is None or listed.receipt_id != card.receipt_id:
        raise ChisoError(
            Code.CARD_UNKNOWN,
            "This card is not on this home's list of cards.",
            "It was issued after the backup that this home was restored from. Issue a new one.",
        )
    _require_valid(home, listed, card)
    subject = None if listed.subject_id is None else view.subject_by_id(listed.subject_id)
    if subject is None:
        raise ChisoError(
            Code.CONSENT_WITHDRAWN,
            "The consent that this card rests on was withdrawn, and what was held is erased.",
            "Ask the person, and issue a new card if she agrees.",
        )
    terms: list[Terms] = []
    for receipt in view.receipts(subject.subject_id):
        if receipt.receipt.header.receipt_id == card.receipt_id:
            require_own(home, receipt)
            terms.append(receipt.terms)
    purpose = wanted or next((each.purpose for each in terms), "")
    rule = rule_for(view, purpose)
    permit = policy.permit(terms, purpose, Mode.VERIFY, home.clock.now(), rule)
    if isinstance(permit, policy.ConsentRefusal):
        raise ChisoError(permit.code, permit.message, permit.hint)
    if purpose_digest(purpose) != card.purpose_sha256 or Mode.VERIFY not in card.modes:
        raise ChisoError(
            Code.WRONG_PURPOSE,
            f"This card is not for {purpose!r}.",
            "Issue a card for this purpose, if she agrees to it.",
        )
    return _Held(subject.label, terms[0], permit)


def _require_valid(home: Home, listed: IssuedCard, card: Card) -> None:
    if listed.revoked is not None:
        raise ChisoError(
            Code.CARD_REVOKED,
            f"This card was revoked on {to_text(listed.revoked)} ({listed.reason}).",
            "Take it in, and issue a new one if she still agrees.",
        )
    if home.clock.now() > card.expires:
        raise ChisoError(
            Code.CARD_EXPIRED,
            f"This card expired on {to_text(card.expires)}.",
            "Ask the person, and issue a new one if she agrees.",
        )


def _gallery_of(held: _Held, card: Card, reference: np.ndarray) -> Gallery:
    subject, receipt = held.terms.subject_id.encode(), card.receipt_id.encode()
    return Gallery(
        card.model, reference[None], np.array([subject], "S36"), np.array([receipt], "S36")
    )
