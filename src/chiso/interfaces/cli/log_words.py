"""What a leaf of the log says, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chiso.core.events import EventType
from chiso.interfaces.cli.output import counted

DESTROYED = "destroyed"
_ENVELOPE = frozenset({"v", "type", "at", "subject"})
_SHORT = 12

_CAUSES = {"expired": "the consent was over", "inactive": "no match in the time allowed"}
_ASSURED_BY = {
    "living-log": "the log that was here",
    "certificates": "certificates of erasure",
    "checkpoint": "a saved checkpoint",
    "operator": "the operator’s word alone",
}

Said = Mapping[str, Any]


def words(said: Said) -> str:
    """One sentence without its full stop: the facts of a leaf, shortened where digests stand."""
    try:
        return _WORDS[EventType(said["type"])](said)
    except (KeyError, ValueError):  # a leaf of a newer version, or one with fewer facts
        facts = {name: value for name, value in said.items() if name not in _ENVELOPE}
        return ", ".join(f"{name} {value}" for name, value in sorted(facts.items()))


def _granted(said: Said) -> str:
    modes = " and ".join(said["modes"])
    return f"agreed to {modes} for “{said['purpose']}” (receipt {said['receipt']})"


def _enrolled(said: Said) -> str:
    return f"{counted(said['references'], 'reference')} on receipt {said['receipt']}"


def _verified(said: Said) -> str:
    return f"{said['decision']} for “{said['purpose']}”, by {said['threshold']}{_asker(said)}"


def _identified(said: Said) -> str:
    found = said["decision"]
    if found == "match":
        found = f"found, rank {said['rank']}"
    among = f"among {counted(said['references'], 'reference')}"
    return f"{found} {among} for “{said['purpose']}”, by {said['threshold']}{_asker(said)}"


def _exported(said: Said) -> str:
    if "log_payloads" in said:
        return f"the content of {_leaves(said)} was written to a bundle{_asker(said)}"
    return f"everything held about her was written out{_asker(said)}"


def _erased(said: Said) -> str:
    counts = [
        counted(said["references"], "reference"),
        counted(said["receipts"], "receipt"),
        f"the content of {_leaves(said)}",
    ]
    return f"{', '.join(counts)} of subject {said['erased_subject']} destroyed{_cause(said)}"


def _leaves(said: Said) -> str:
    return counted(said["log_payloads"], "leaf", "leaves")


def _withdrawn(said: Said) -> str:
    gone = counted(said["references"], "reference")
    which = f"receipt {said['receipt']}" if "receipt" in said else "a receipt"
    return f"{which} withdrawn, {gone} destroyed{_cause(said)}"


def _threshold(said: Said) -> str:
    return f"{said['threshold']} for model {said['model'][:_SHORT]}"


def _setting(said: Said) -> str:
    return f"{said['setting']} is now {said['value']}"


def _audit(said: Said) -> str:
    return f"{said['kind']}: {said['verdict']}, of input {said['input_sha256'][:_SHORT]}"


def _rotated(said: Said) -> str:
    return f"the {said['key']}’s key {said['old']} was replaced by {said['new']}"


def _restored(said: Said) -> str:
    goes_on = {
        "living": "the log that was here goes on",
        "backup": f"the backup’s log goes on, where {said['known_size']} leaves were known of",
    }[said["log"]]
    assured = _ASSURED_BY[said["assured_by"]]
    return (
        f"from a backup of {said['backup_made']} with {said['backup_size']} leaves; {goes_on}; "
        f"who had withdrawn since was told by {assured}"
    )


def _access(said: Said) -> str:
    what = said["change"].replace("-", " ")
    called = f" “{said['name']}”" if "name" in said else ""
    role = f" as {said['role']}" if "role" in said else ""
    return f"{what}{called}{role}{_asker(said)}"


def _card_issued(said: Said) -> str:
    gone = counted(said["references_destroyed"], "reference")
    return (
        f"card {said['card']} for “{said['purpose']}” until {said['expires']}, {gone} destroyed"
        f"{_asker(said)}"
    )


def _card_revoked(said: Said) -> str:
    return f"card {said['card']} revoked: {said['reason']}{_asker(said)}"


def _cause(said: Said) -> str:
    """Why a purge did it; empty where someone asked for it."""
    return f", by a purge: {_CAUSES[said['cause']]}" if "cause" in said else ""


def _asker(said: Said) -> str:
    return f", asked by {said['asked_by']}" if said.get("asked_by") else ""


_WORDS: Mapping[EventType, Callable[[Said], str]] = {
    EventType.RECEIPT_GRANTED: _granted,
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
