"""What a leaf of the log says, in plain words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chiso.consent.retention import parse_period
from chiso.core.events import EventType
from chiso.interfaces.speech import ENGLISH, Speech, asker_text, length_of_time, marked

DESTROYED = "destroyed"
_ENVELOPE = frozenset({"v", "type", "at", "subject"})
_SHORT = 12

_CAUSES = {
    "expired": marked("{what}, by a purge: the consent was over"),
    "inactive": marked("{what}, by a purge: no match in the time allowed"),
}
_GOES_ON = {
    "living": marked("the log that was here goes on"),
    "backup": marked("the backup’s log goes on, where {known_size} leaves were known of"),
}
_ASSURED_BY = {
    "living-log": marked("the log that was here"),
    "certificates": marked("certificates of erasure"),
    "checkpoint": marked("a saved checkpoint"),
    "operator": marked("the operator’s word alone"),
}
_CHANGES = (
    marked("key issued"),
    marked("key revoked"),
    marked("account invited"),
    marked("account made"),
    marked("account disabled"),
    marked("account locked"),
    marked("password changed"),
    marked("codes on"),
    marked("codes off"),
    marked("link made"),
    marked("link ended"),
)

_LENGTHS = {
    "default": marked("usually {length}"),
    "maximum": marked("at most {length}"),
    "inactive": marked("without a match {length}"),
}

Said = Mapping[str, Any]


def words(said: Said, speech: Speech = ENGLISH) -> str:
    """One sentence without its full stop: the facts of a leaf, shortened where digests stand."""
    try:
        return _WORDS[EventType(said["type"])](said, speech)
    except (KeyError, ValueError, TypeError):  # a leaf of a newer version, or one with fewer facts
        facts = {name: value for name, value in said.items() if name not in _ENVELOPE}
        return ", ".join(f"{name} {value}" for name, value in sorted(facts.items()))


def _granted(said: Said, speech: Speech) -> str:
    text = speech.gettext("agreed to {modes} for “{purpose}” (receipt {receipt})")
    return _filled(text, said, modes=" and ".join(said["modes"]))


def _narrowed(said: Said, speech: Speech) -> str:
    text = speech.gettext(
        "agreed to less for “{purpose}”: {modes}, until {day} (receipt {receipt})"
    )
    day = said["expires"].partition("T")[0]
    return _filled(text, said, modes=" and ".join(said["modes"]), day=day)


def _enrolled(said: Said, speech: Speech) -> str:
    text = speech.ngettext(
        "{references} reference on receipt {receipt}",
        "{references} references on receipt {receipt}",
        said["references"],
    )
    return _filled(text, said)


def _verified(said: Said, speech: Speech) -> str:
    text = speech.gettext("{decision} for “{purpose}”, by {threshold}")
    return _asked(_filled(text, said), said, speech)


def _identified(said: Said, speech: Speech) -> str:
    if said["decision"] == "match":
        text = speech.ngettext(
            "found, rank {rank} among {references} reference for “{purpose}”, by {threshold}",
            "found, rank {rank} among {references} references for “{purpose}”, by {threshold}",
            said["references"],
        )
    else:
        text = speech.ngettext(
            "{decision} among {references} reference for “{purpose}”, by {threshold}",
            "{decision} among {references} references for “{purpose}”, by {threshold}",
            said["references"],
        )
    return _asked(_filled(text, said), said, speech)


def _exported(said: Said, speech: Speech) -> str:
    if "log_payloads" not in said:
        return _asked(speech.gettext("everything held about her was written out"), said, speech)
    text = speech.ngettext(
        "the content of {log_payloads} leaf was written to a bundle",
        "the content of {log_payloads} leaves was written to a bundle",
        said["log_payloads"],
    )
    return _asked(_filled(text, said), said, speech)


def _erased(said: Said, speech: Speech) -> str:
    counts = (
        ("references", "{references} reference", "{references} references"),
        ("receipts", "{receipts} receipt", "{receipts} receipts"),
        (
            "log_payloads",
            "the content of {log_payloads} leaf",
            "the content of {log_payloads} leaves",
        ),
    )
    gone = ", ".join(
        _filled(speech.ngettext(one, many, said[name]), said) for name, one, many in counts
    )
    text = speech.gettext("{gone} of subject {erased_subject} destroyed")
    return _caused(_filled(text, said, gone=gone), said, speech)


def _withdrawn(said: Said, speech: Speech) -> str:
    text = speech.ngettext(
        "{which} withdrawn, {references} reference destroyed",
        "{which} withdrawn, {references} references destroyed",
        said["references"],
    )
    which = speech.gettext("receipt {receipt}" if "receipt" in said else "a receipt")
    return _caused(_filled(text, said, which=_filled(which, said)), said, speech)


def _threshold(said: Said, speech: Speech) -> str:
    text = speech.gettext("{threshold} for model {model}")
    return _filled(text, said, model=said["model"][:_SHORT])


def _setting(said: Said, speech: Speech) -> str:
    tell = _SETTINGS.get(said["setting"])
    if tell is None:
        return _filled(speech.gettext("{setting} is now {value}"), said)
    return tell(json.loads(said["value"]), speech)


def _notices(rows: Any, speech: Speech) -> str:
    written = ", ".join(f"“{each['purpose']}” ({each['language']})" for each in rows)
    text = speech.gettext("notices of the operator’s own: {written}")
    return text.format(written=written or speech.gettext("none"))


def _rules(rows: Any, speech: Speech) -> str:
    told = "; ".join(f"“{row['purpose']}” {', '.join(_lengths(row, speech))}" for row in rows)
    text = speech.gettext("how long consents last: {told}")
    return text.format(told=told or speech.gettext("by their own dates alone"))


def _lengths(row: Any, speech: Speech) -> Iterator[str]:
    for name, text in _LENGTHS.items():
        if row[name] is not None:
            length = length_of_time(speech, parse_period(row[name]))
            yield speech.gettext(text).format(length=length)


def _witnesses(rows: Any, speech: Speech) -> str:
    names = ", ".join(each["vkey"].partition("+")[0] for each in rows)
    text = speech.gettext("witnesses that are asked: {names}")
    return text.format(names=names or speech.gettext("none"))


def _schedule(said: Any, speech: Speech) -> str:
    seconds = said["seconds"] if "seconds" in said else 3600 * said["hours"]
    text = speech.gettext("a checkpoint after {leaves} leaves or {seconds} s, whichever is first")
    return text.format(leaves=_grouped(said["leaves"]), seconds=_grouped(seconds))


def _audit(said: Said, speech: Speech) -> str:
    text = speech.gettext("{kind}: {verdict}, of input {input}")
    verdict = speech.gettext(said["verdict"])
    kind, short = speech.gettext(said["kind"]), said["input_sha256"][:_SHORT]
    return text.format(kind=kind, verdict=verdict, input=short)


def _rotated(said: Said, speech: Speech) -> str:
    text = speech.gettext("the {key}’s key {old} was replaced by {new}")
    return _filled(text, said)


def _restored(said: Said, speech: Speech) -> str:
    goes_on = _filled(speech.gettext(_GOES_ON[said["log"]]), said)
    assured = speech.gettext(_ASSURED_BY[said["assured_by"]])
    text = speech.gettext(
        "from a backup of {backup_made} with {backup_size} leaves; {goes_on}; "
        "who had withdrawn since was told by {assured}"
    )
    return _filled(text, said, goes_on=goes_on, assured=assured)


def _access(said: Said, speech: Speech) -> str:
    what = speech.gettext(said["change"].replace("-", " "))
    if "name" in said and "role" in said:
        text = speech.gettext("{what} “{name}” as {role}")
    elif "name" in said:
        text = speech.gettext("{what} “{name}”")
    elif "role" in said:
        text = speech.gettext("{what} as {role}")
    else:
        text = "{what}"
    role = speech.gettext(said["role"]) if "role" in said else ""
    return _asked(_filled(text, said, what=what, role=role), said, speech)


def _card_issued(said: Said, speech: Speech) -> str:
    text = speech.ngettext(
        "card {card} for “{purpose}” until {expires}, {gone} reference destroyed",
        "card {card} for “{purpose}” until {expires}, {gone} references destroyed",
        said["references_destroyed"],
    )
    return _asked(_filled(text, said, gone=_grouped(said["references_destroyed"])), said, speech)


def _card_revoked(said: Said, speech: Speech) -> str:
    text = speech.gettext("card {card} revoked: {reason}")
    return _asked(_filled(text, said, reason=speech.gettext(said["reason"])), said, speech)


def _caused(what: str, said: Said, speech: Speech) -> str:
    """With why a purge did it, where it was none that someone asked for."""
    if "cause" not in said:
        return what
    return speech.gettext(_CAUSES[said["cause"]]).format(what=what)


def _asked(what: str, said: Said, speech: Speech) -> str:
    """With who asked, where the leaf tells it."""
    if not said.get("asked_by"):
        return what
    name = asker_text(str(said["asked_by"]), speech)
    return speech.gettext("{what}, asked by {name}").format(what=what, name=name)


def _filled(text: str, said: Said, **more: str) -> str:
    return text.format_map({name: _grouped(value) for name, value in said.items()} | more)


def _grouped(value: object) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return f"{value:,}" if is_number else str(value)


_SETTINGS: Mapping[str, Callable[[Any, Speech], str]] = {
    "log-checkpoints": _schedule,
    "notices": _notices,
    "retention": _rules,
    "witnesses": _witnesses,
}
_WORDS: Mapping[EventType, Callable[[Said, Speech], str]] = {
    EventType.RECEIPT_GRANTED: _granted,
    EventType.RECEIPT_NARROWED: _narrowed,
    EventType.RECEIPT_WITHDRAWN: _withdrawn,
    EventType.ENROLLED: _enrolled,
    EventType.VERIFIED: _verified,
    EventType.IDENTIFIED: _identified,
    EventType.EXPORTED: _exported,
    EventType.ERASED: _erased,
    EventType.THRESHOLD_ADDED: _threshold,
    EventType.THRESHOLD_CHANGED: _threshold,
    EventType.SETTINGS_CHANGED: _setting,
    EventType.AUDIT_RECORDED: _audit,
    EventType.KEY_ROTATED: _rotated,
    EventType.RESTORED: _restored,
    EventType.ACCESS_CHANGED: _access,
    EventType.CARD_ISSUED: _card_issued,
    EventType.CARD_REVOKED: _card_revoked,
}
