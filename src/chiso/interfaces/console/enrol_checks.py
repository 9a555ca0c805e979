"""What stands against enrolling someone by what was typed: purposes, notices, dates, names."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.consent.retention import Rule, last_day
from chiso.core.access import Action, Actor, Resource
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.labels import label_from
from chiso.core.times import to_text
from chiso.interfaces.console.enrol_form import (
    Draft,
    agreements_of,
    require_complete,
    require_signed,
)
from chiso.interfaces.console.notices import shown_notice
from chiso.interfaces.console.signed_form import evidence_of
from chiso.services import retention
from chiso.services.access.keys import require, require_purpose
from chiso.services.enrol import permits_to_enrol
from chiso.services.home import Home
from chiso.services.notices import keep_shown, notice_text

_UNREAD = SubjectId("")


@dataclass(frozen=True, slots=True)
class Usual:
    """Until when a consent for one purpose lasts where nobody says, and at most, as dates."""

    default: str
    maximum: str


def require_known(home: Home, caller: Actor, purposes: list[str]) -> None:
    """Raise NOT_ALLOWED for a purpose that this caller may not ask for, or not make up."""
    known = {each.rule.purpose for each in retention.purposes(home)}
    for each in purposes:
        if label_from(each, "purpose") != each:
            raise ChisoError(
                Code.BAD_ARGUMENT, f"{each!r} cannot be a purpose.", "Choose it on the first page."
            )
        require_purpose(caller, each)
        if each not in known:
            require(caller, Action.CREATE, Resource.SETTINGS)


def usual_dates(home: Home) -> dict[str, Usual]:
    """Until when consent usually lasts, and at most, by purpose."""
    today = home.clock.now().date()

    def dates(rule: Rule) -> Usual:
        longest = "" if rule.maximum is None else f"{last_day(today, rule.maximum)}"
        usually = "" if rule.default is None else f"{last_day(today, rule.default)}"
        return Usual(usually, longest)

    return {each.rule.purpose: dates(each.rule) for each in retention.purposes(home)}


def checked(home: Home, caller: Actor, draft: Draft) -> Draft:
    """The draft, signed now, if she could be enrolled by it. Raises what stands against it."""
    require_complete(draft)
    name = label_from(draft.name, "name")
    require_known(home, caller, [each.purpose for each in draft.asked])
    usual = usual_dates(home)
    for each in draft.agreed:
        if not each.until and not (each.purpose in usual and usual[each.purpose].default):
            raise ChisoError(
                Code.BAD_ARGUMENT,
                f"Until when she agrees to {each.purpose!r} is missing.",
                "Choose a date, or have an administrator set how long is usual: Settings.",
            )
    _require_new(home, draft, "")
    for asked in draft.asked:
        notice = shown_notice(home, asked.purpose, draft.language)
        if notice.sha256 == asked.notice_sha256:
            keep_shown(home, notice.text)
        elif notice_text(home, asked.notice_sha256) is None:
            raise _changed(asked.purpose)
    signed = draft.model_copy(update={"name": name, "signed_at": to_text(home.clock.now())})
    permits_to_enrol(home, agreements_of(signed, evidence_of(home, signed)), _UNREAD)
    return signed


def require_enrollable(home: Home, caller: Actor, draft: Draft) -> str:
    """Raise what stands against enrolling her by this draft; returns the SHA-256 of the evidence.

    It was checked before there were photos, and may have been changed since, here or by whoever
    sends it.
    """
    require_complete(draft)
    require_signed(draft, home.clock.now())
    require_known(home, caller, [each.purpose for each in draft.asked])
    for asked in draft.asked:
        if notice_text(home, asked.notice_sha256) is None:
            raise _changed(asked.purpose)
    evidence = evidence_of(home, draft)
    _require_new(home, draft, evidence)
    return evidence


def is_taken(home: Home, draft: Draft) -> bool:
    """Whether someone is called as the draft says; no where it names nobody."""
    try:
        name = label_from(draft.name, "name")
    except ChisoError:
        return False
    with home.store.reading() as view:
        return view.subject(name) is not None


def enrolled_by(home: Home, draft: Draft) -> SubjectId | None:
    """Whom this very agreement enrolled before, when it is sent again and its photos are gone."""
    if not draft.name or not draft.agreed:
        return None
    evidence = evidence_of(home, draft)
    with home.store.reading() as view:
        subject = view.subject(label_from(draft.name, "name"))
        held = [] if subject is None else view.receipts(subject.subject_id)
    rest_on_it = {
        each.receipt.processing.purpose
        for each in held
        if each.withdrawn is None and each.receipt.grounds.evidence_sha256 == evidence
    }
    is_done = {each.purpose for each in draft.agreed} <= rest_on_it
    return subject.subject_id if subject is not None and is_done else None


def _changed(purpose: str) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        f"The notice about {purpose!r} was changed meanwhile.",
        "Begin again, so that she reads the one that counts.",
    )


def _require_new(home: Home, draft: Draft, evidence: str) -> None:
    """Raise BAD_ARGUMENT where another is called so; she herself has a receipt on `evidence`."""
    name = label_from(draft.name, "name")
    with home.store.reading() as view:
        subject = view.subject(name)
        held = [] if subject is None else view.receipts(subject.subject_id)
    is_sent_twice = any(each.receipt.grounds.evidence_sha256 == evidence for each in held)
    if subject is not None and not (draft.is_known or is_sent_twice):
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"Someone called {name!r} is enrolled already.",
            "If it is she, tick the box below her name. If it is someone else, add something that "
            "tells the two apart.",
        )
