"""Receipts to permits: the only place that says yes.

Steps for one receipt, numbered in the code; the first that fails is the reason:

0. (caller) the receipt's signature is the home's, and its terms are the signed ones.
1. Its purpose is the one asked for, letter by letter.
2. It was not withdrawn, nor ended by a purge.
3. It has begun, and it has not expired: neither its own date nor its purpose's maximum is past.
4. It did not go without a match for longer than its purpose allows.
5. It agrees to the mode asked for.

Where several receipts of a person refuse, the refusal nearest to a yes is the one reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chiso.consent.retention import Overdue, Rule, end_of_consent, ended, overdue
from chiso.core.consent import Cause, Mode, Permit, ReceiptId, Terms
from chiso.core.errors import Code
from chiso.core.times import to_text

_NEARNESS = (
    Code.NO_CONSENT,
    Code.WRONG_PURPOSE,
    Code.CONSENT_WITHDRAWN,
    Code.CONSENT_EXPIRED,
    Code.CONSENT_INACTIVE,
    Code.CONSENT_NOT_YET,
    Code.WRONG_MODE,
)
_ENDED_FOR = {
    None: Code.CONSENT_WITHDRAWN,
    Cause.EXPIRED: Code.CONSENT_EXPIRED,
    Cause.INACTIVE: Code.CONSENT_INACTIVE,
}


@dataclass(frozen=True, slots=True)
class ConsentRefusal:
    """A no from policy: the stable code, and what to say and do."""

    code: Code
    message: str
    hint: str


def objection(
    terms: Terms, purpose: str, mode: Mode | None, at: datetime, rule: Rule | None
) -> Code | None:
    """Why these terms do not permit this, or None where they do. `mode` None asks to enrol.

    `rule`: what holds for `purpose` in this home.
    """
    return _objection(terms, purpose, mode, at, overdue(rule, at))


def _objection(
    terms: Terms, purpose: str, mode: Mode | None, at: datetime, late: Overdue
) -> Code | None:
    if terms.purpose != purpose:  # 1
        return Code.WRONG_PURPOSE
    if terms.withdrawn is not None:  # 2
        return _ENDED_FOR[terms.cause]
    if at < terms.granted:  # 3
        return Code.CONSENT_NOT_YET
    if (cause := ended(terms, late, at)) is not None:  # 3 and 4
        return _ENDED_FOR[cause]
    if mode is not None and mode not in terms.modes:  # 5
        return Code.WRONG_MODE
    return None


def permit(
    terms: Iterable[Terms], purpose: str, mode: Mode | None, at: datetime, rule: Rule | None
) -> Permit | ConsentRefusal:
    """A permit under every receipt that allows this, or the reason why none does.

    `terms` are one subject's (to enrol or verify her) or everyone's (to search): rows whose receipt
    is not in the permit may not be scored. `rule`: what holds for `purpose` in this home.
    """
    late = overdue(rule, at)
    allowed: list[ReceiptId] = []
    nearest: tuple[int, Terms | None] = (0, None)
    for each in terms:
        reason = _objection(each, purpose, mode, at, late)
        if reason is None:
            allowed.append(each.receipt_id)
        elif (rank := _NEARNESS.index(reason)) > nearest[0]:
            nearest = (rank, each)
    if allowed:
        return Permit(purpose, mode, frozenset(allowed), at)
    return _refusal(_NEARNESS[nearest[0]], nearest[1], purpose, mode, rule)


def nobody(purpose: str) -> ConsentRefusal:
    """The refusal for a person who is not there: the same as for one who did not agree."""
    return _refusal(Code.NO_CONSENT, None, purpose, Mode.VERIFY, None)


def _refusal(
    code: Code, terms: Terms | None, purpose: str, mode: Mode | None, rule: Rule | None
) -> ConsentRefusal:
    act = {None: "be enrolled", Mode.VERIFY: "be verified", Mode.IDENTIFY: "be identified"}[mode]
    wanted = f"to {act} for {purpose!r}"
    if terms is None:
        who = "Nobody" if mode is Mode.IDENTIFY else "Nobody of that name"
        message = f"{who} has agreed {wanted}."
    elif code is Code.WRONG_PURPOSE:
        message = f"There is consent for other purposes, but none {wanted}."
    elif code is Code.CONSENT_WITHDRAWN:
        message = f"The consent {wanted} was withdrawn."
    elif code is Code.CONSENT_EXPIRED:
        message = f"The consent {wanted} expired on {_ended(terms, rule)}."
    elif code is Code.CONSENT_INACTIVE:
        message = (
            f"The consent {wanted} ended on {_ended(terms, rule)}: there was no match for it from "
            f"{to_text(terms.active)} on."
        )
    elif code is Code.CONSENT_NOT_YET:
        message = f"The consent {wanted} begins on {to_text(terms.granted)}."
    else:
        agreed = " and ".join(sorted(terms.modes))
        message = f"The consent for {purpose!r} agrees to {agreed} only, not {wanted}."
    hint = "Ask the person, and enrol her with a new receipt if she agrees."
    if code is Code.WRONG_PURPOSE:
        hint = f"`chiso receipts` lists what was agreed to, letter by letter. {hint}"
    return ConsentRefusal(code, message, hint)


def _ended(terms: Terms, rule: Rule | None) -> str:
    """When a consent ended: by the rule, or before the rule last changed, by a purge."""
    end = end_of_consent(terms, rule).at
    return to_text(end if terms.withdrawn is None else min(end, terms.withdrawn))


def permit_study(consent_sha256: str, at: datetime) -> Permit:
    """A permit to measure with photos of people who signed for a study.

    `consent_sha256`: SHA-256 of the document that says what they signed; it stands in the permit as
    the receipt does for a subject. Templates made under it are never stored in a home.
    """
    return Permit("evaluation", None, frozenset({ReceiptId(f"study:{consent_sha256}")}), at)
