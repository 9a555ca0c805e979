"""What a person's own page says of an agreement and of a log entry, in plain words, to her."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chiso.core.consent import Mode
from chiso.core.events import EventType

Said = Mapping[str, Any]

MODES = {
    Mode.VERIFY: "to check, when you say who you are, that it is you",
    Mode.IDENTIFY: "to find you by your face among all who agreed",
}
_STATES = {
    "in force": "It is in force.",
    "withdrawn": "You withdrew it, and what rested on it was erased.",
    "expired": "It is over, because its time is up. It allows nothing any more.",
    "inactive": "It is over, because your face was not recognised for a long time.",
    "not begun": "It has not begun yet.",
}
_ERASED = {
    "expired": "Its time was up, and what rested on it was erased.",
    "inactive": "Your face was not recognised for a long time, and what rested on it was erased.",
}
_ENDINGS = {
    None: "You withdrew an agreement",
    "expired": "An agreement’s time was up",
    "inactive": "An agreement ended, because your face was not recognised for a long time",
}
_QUESTIONS = (EventType.VERIFIED, EventType.IDENTIFIED, EventType.EXPORTED)
_DECISIONS = {"match": "it was you", "no-match": "it was not you"}


def state(name: str, *, is_erased: bool) -> str:
    """How it stands with an agreement, from the `state` of `receipts.json`."""
    return (_ERASED if is_erased else {}).get(name) or _STATES[name]


def what_happened(said: Said) -> str:
    """One sentence for a leaf that concerns the reader; of a newer version's, only its name."""
    try:
        return _SENTENCES[EventType(said["type"])](said)
    except (KeyError, ValueError):
        return f"Something that this page has no words for: {said.get('type', 'unnamed')}."


def asker(said: Said) -> str:
    """Who asked, as the leaf tells it; empty for what is no question."""
    if said.get("type") not in _QUESTIONS:
        return ""
    return str(said.get("asked_by") or "not recorded")


def place(said: Said) -> str:
    """The station where it was asked; empty where it was at none."""
    return str(said.get("station") or "")


def counted(count: int, what: str, many: str | None = None) -> str:
    """`1 photo`, `2 photos`; `many` where more is not said with an s."""
    return f"{count:,} {what if count == 1 else many or what + 's'}"


def _granted(said: Said) -> str:
    modes = " and ".join(MODES[Mode(each)] for each in said["modes"])
    return f"You agreed that your face is used {modes}."


def _withdrawn(said: Said) -> str:
    were = "was" if said["references"] == 1 else "were"
    gone = counted(said["references"], "set")
    why = _ENDINGS[said.get("cause")]
    return f"{why}: {gone} of face numbers that rested on it {were} erased."


def _enrolled(said: Said) -> str:
    return f"Your face was read from photos: {counted(said['references'], 'set')} of numbers added."


def _verified(said: Said) -> str:
    answer = _DECISIONS.get(said["decision"], str(said["decision"]))
    return f"Someone said to be you was compared with your face numbers. The answer: {answer}."


def _identified(said: Said) -> str:
    among = counted(said["references"], "set")
    place = "" if said["rank"] == 1 else f" as number {said['rank']} of those it could be"
    return f"A face was looked for among {among} of face numbers, and you were named{place}."


def _exported(said: Said) -> str:
    if "log_payloads" in said:
        entries = counted(said["log_payloads"], "entry", "entries")
        return f"What the log says of you ({entries}) was written to a file for others to check."
    return "A copy of all that is held about you was made, as this one."


def _access(said: Said) -> str:
    made = said["change"] == "link-made"
    return f"Your own link was {'made' if made else 'ended'}, with which you see what is held."


def _card_issued(said: Said) -> str:
    return f"A card was given to you that carries your face numbers, until {said['expires'][:10]}."


def _card_revoked(said: Said) -> str:
    return f"A card of yours was revoked: {said['reason']}. It is refused from then on."


def _erased(_: Said) -> str:
    return "Everything held about you was erased."


_SENTENCES: Mapping[EventType, Callable[[Said], str]] = {
    EventType.RECEIPT_GRANTED: _granted,
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
