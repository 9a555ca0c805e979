"""What a person's own page says of an agreement and of a log entry, in plain words, to her."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chiso.core.consent import Mode
from chiso.core.events import EventType
from chiso.core.times import from_text
from chiso.interfaces.speech import ENGLISH, Speech, asker_text, day_text, marked

Said = Mapping[str, Any]

_MODES = {
    Mode.VERIFY: marked("to check, when you say who you are, that it is you"),
    Mode.IDENTIFY: marked("to find you by your face among all who agreed"),
}
_STATES = {
    "in force": marked("It is in force."),
    "withdrawn": marked("You withdrew it, and what rested on it was erased."),
    "expired": marked("It is over, because its time is up. It allows nothing any more."),
    "inactive": marked("It is over, because your face was not recognised for a long time."),
    "not begun": marked("It has not begun yet."),
}
_ERASED = {
    "expired": marked("Its time was up, and what rested on it was erased."),
    "inactive": marked(
        "Your face was not recognised for a long time, and what rested on it was erased."
    ),
}
_ENDINGS = {
    None: marked("You withdrew an agreement"),
    "expired": marked("An agreement’s time was up"),
    "inactive": marked("An agreement ended, because your face was not recognised for a long time"),
}
_QUESTIONS = (EventType.VERIFIED, EventType.IDENTIFIED, EventType.EXPORTED)
_HER_OWN = {
    "her own link": marked("whoever had your own link"),
    "her own card": marked("whoever had your card"),
}
_DECISIONS = {"match": marked("it was you"), "no-match": marked("it was not you")}
_REASONS = {
    "lost": marked("it was lost"),
    "stolen": marked("it was stolen"),
    "replaced": marked("another took its place"),
    "returned": marked("you gave it back"),
    "restored": marked("this place was put back from a backup"),
}


def mode(name: str, speech: Speech = ENGLISH) -> str:
    """What one mode allows."""
    return speech.gettext(_MODES[Mode(name)])


def state(name: str, *, is_erased: bool, speech: Speech = ENGLISH) -> str:
    """How it stands with an agreement, from the `state` of `receipts.json`."""
    return speech.gettext((_ERASED if is_erased else {}).get(name) or _STATES[name])


def what_happened(said: Said, speech: Speech = ENGLISH) -> str:
    """One sentence for a leaf that concerns the reader; of a newer version's, only its name."""
    try:
        return _SENTENCES[EventType(said["type"])](said, speech)
    except (KeyError, ValueError):
        unknown = speech.gettext("Something that this page has no words for: {name}.")
        return unknown.format(name=said.get("type", speech.gettext("unnamed")))


def asker(said: Said, speech: Speech = ENGLISH) -> str:
    """Who asked, as the leaf tells it; empty for what is no question."""
    if said.get("type") not in _QUESTIONS:
        return ""
    name = str(said.get("asked_by") or "")
    if not name:
        return speech.gettext("not recorded")
    return speech.gettext(_HER_OWN[name]) if name in _HER_OWN else asker_text(name, speech)


def place(said: Said) -> str:
    """The station where it was asked; empty where it was at none."""
    return str(said.get("station") or "")


def _granted(said: Said, speech: Speech) -> str:
    modes = _modes(said, speech)
    return speech.gettext("You agreed that your face is used {modes}.").format(modes=modes)


def _narrowed(said: Said, speech: Speech) -> str:
    until = day_text(from_text(said["expires"]), speech)
    return speech.gettext(
        "You changed what you agreed to. Since then your face is used {modes}, until {day}. A new "
        "receipt replaced the one before."
    ).format(modes=_modes(said, speech), day=until)


def _modes(said: Said, speech: Speech) -> str:
    first, *others = (mode(each, speech) for each in said["modes"])
    for other in others:
        first = speech.gettext("{one} and {other}").format(one=first, other=other)
    return first


def _withdrawn(said: Said, speech: Speech) -> str:
    count = said["references"]
    gone = speech.ngettext(
        "{why}: {count} set of face numbers that rested on it was erased.",
        "{why}: {count} sets of face numbers that rested on it were erased.",
        count,
    )
    why = speech.gettext(_ENDINGS[said.get("cause")])
    return gone.format(why=why, count=f"{count:,}")


def _enrolled(said: Said, speech: Speech) -> str:
    count = said["references"]
    return speech.ngettext(
        "Your face was read from photos: {count} set of numbers added.",
        "Your face was read from photos: {count} sets of numbers added.",
        count,
    ).format(count=f"{count:,}")


def _verified(said: Said, speech: Speech) -> str:
    decision = str(said["decision"])
    answer = speech.gettext(_DECISIONS[decision]) if decision in _DECISIONS else decision
    return speech.gettext(
        "Someone said to be you was compared with your face numbers. The answer: {answer}."
    ).format(answer=answer)


def _identified(said: Said, speech: Speech) -> str:
    count, rank = said["references"], said["rank"]
    if rank == 1:
        found = speech.ngettext(
            "A face was looked for among {count} set of face numbers, and you were named.",
            "A face was looked for among {count} sets of face numbers, and you were named.",
            count,
        )
    else:
        found = speech.ngettext(
            "A face was looked for among {count} set of face numbers, and you were named as "
            "number {rank} of those it could be.",
            "A face was looked for among {count} sets of face numbers, and you were named as "
            "number {rank} of those it could be.",
            count,
        )
    return found.format(count=f"{count:,}", rank=rank)


def _exported(said: Said, speech: Speech) -> str:
    if "log_payloads" in said:
        count = said["log_payloads"]
        return speech.ngettext(
            "What the log says of you ({count} entry) was written to a file for others to check.",
            "What the log says of you ({count} entries) was written to a file for others to check.",
            count,
        ).format(count=f"{count:,}")
    return speech.gettext("A copy of all that is held about you was made, as this one.")


def _access(said: Said, speech: Speech) -> str:
    if said["change"] == "link-made":
        return speech.gettext("Your own link was made, with which you see what is held.")
    return speech.gettext("Your own link was ended, with which you see what is held.")


def _card_issued(said: Said, speech: Speech) -> str:
    until = day_text(from_text(said["expires"]), speech)
    return speech.gettext(
        "A card was given to you that carries your face numbers, until {day}."
    ).format(day=until)


def _card_revoked(said: Said, speech: Speech) -> str:
    reason = str(said["reason"])
    why = speech.gettext(_REASONS[reason]) if reason in _REASONS else reason
    return speech.gettext(
        "A card of yours was revoked: {reason}. It is refused from then on."
    ).format(reason=why)


def _erased(_: Said, speech: Speech) -> str:
    return speech.gettext("Everything held about you was erased.")


_SENTENCES: Mapping[EventType, Callable[[Said, Speech], str]] = {
    EventType.RECEIPT_GRANTED: _granted,
    EventType.RECEIPT_NARROWED: _narrowed,
    EventType.RECEIPT_WITHDRAWN: _withdrawn,
    EventType.ENROLLED: _enrolled,
    EventType.VERIFIED: _verified,
    EventType.IDENTIFIED: _identified,
    EventType.EXPORTED: _exported,
    EventType.ERASED: _erased,
    EventType.ACCESS_CHANGED: _access,
    EventType.CARD_ISSUED: _card_issued,
    EventType.CARD_REVOKED: _card_revoked,
}
