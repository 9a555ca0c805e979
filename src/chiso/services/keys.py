"""The keys of a home: which there are, and giving it another operator's key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chiso.account.checkpoint import key_hash
from chiso.core.canonical import JsonValue, canonical_json
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.storage import OperatorKeyPlace, ReadTransaction, WriteTransaction
from chiso.core.times import from_text, to_text
from chiso.services.home import Home
from chiso.services.log import broken, record

OPERATOR = "operator"
_DOMAIN = b"chiso/operator-key/1\x00"
_FINGERPRINT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Rotated:
    """What changing the operator's key came to. Keys are named by their fingerprints."""

    old: str
    new: str
    rewrapped: int
    """Keys that are wrapped by the new one now: one a person, and the home's signing key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a home: public parts, fingerprints and counts."""

    operator_key: str
    operator_key_where: str
    operator_key_since: datetime
    signing_key: bytes
    """Ed25519 public key, 32 bytes."""
    signing_key_hash: bytes
    """The four bytes that name it in checkpoints."""
    signing_key_since: datetime
    person_keys: int


def fingerprint(operator_key: bytes) -> str:
    """Names an operator's key: the first 8 bytes, in hex, of SHA-256(domain ‖ key)."""
    return hashlib.sha256(_DOMAIN + operator_key).digest()[:_FINGERPRINT_BYTES].hex()


def show(home: Home, place: OperatorKeyPlace) -> Keys:
    """Which keys there are, since when."""
    with home.store.reading() as view:
        made, rotated = _history(view)
    return Keys(
        fingerprint(place.current()),
        place.where,
        rotated or made,
        home.signer.public_key,
        key_hash(home.origin, home.signer.public_key),
        made,
        len(home.keystore.subject_ids()),
    )


def rotate(home: Home, place: OperatorKeyPlace, new_key: bytes) -> Rotated:
    """Wrap every key of the home by `new_key` (32 bytes) instead of the operator's key it has.

    No template is opened: only the keys that they are sealed with are wrapped anew, in memory.
    Crash-safe: the new key is kept before anything is wrapped by it, all keys change in one
    transaction of the keystore, and what comes after is finished by whoever opens the home next.
    The leaf comes first in the transaction, so that a log which may not go on refuses in time.
    Raises BAD_ARGUMENT for the key that the home has already; WRONG_OPERATOR_KEY where another
    process has changed it since the home was opened; ROTATION_UNFINISHED where the keys have
    changed and the rest could not be done.
    """
    current = place.current()
    if new_key == current:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "The new operator's key is the one that this home has already.",
            "Give another one, or let `chiso keys rotate` make one.",
        )
    old, new = fingerprint(current), fingerprint(new_key)
    rotation = {"key": OPERATOR, "old": old, "new": new, "at": to_text(home.clock.now())}
    count = 0
    try:
        with home.store.writing() as transaction:  # nobody else changes the keystore meanwhile
            # Another's rotation may have staged the one key that opens: it must not be replaced.
            home.keystore.require_current()
            _record(home, transaction, rotation)
            place.stage(new_key)
            count = home.keystore.rewrap(new_key, canonical_json(rotation))
    except ChisoError as error:
        if count:
            raise _unfinished(error) from error
        raise
    finish_rotation(home, place)
    return Rotated(old, new, count)


def finish_rotation(home: Home, place: OperatorKeyPlace) -> None:
    """Finish what `rotate` began: the leaf, the former key's bytes. Safe to run at any time."""
    if home.keystore.rotation_due() is None:
        return
    try:
        with home.store.writing() as transaction:
            due = home.keystore.rotation_due()
            if due is not None and not _is_recorded(transaction, json.loads(due)):
                _record(home, transaction, json.loads(due))
        with home.store.writing():
            place.settle()
            home.keystore.rotation_recorded()
    except ChisoError as error:
        raise _unfinished(error) from error


def _record(home: Home, transaction: WriteTransaction, rotation: Mapping[str, JsonValue]) -> None:
    facts = {name: value for name, value in rotation.items() if name != "at"}
    event = Event(EventType.KEY_ROTATED, from_text(str(rotation["at"])), None, facts)
    record(home, transaction, [event])


def _is_recorded(view: ReadTransaction, rotation: Mapping[str, JsonValue]) -> bool:
    for payload in view.payloads():
        said = json.loads(payload.body)
        if said["type"] == EventType.KEY_ROTATED and rotation.items() <= said.items():
            return True
    return False


def _history(view: ReadTransaction) -> tuple[datetime, datetime | None]:
    """When the home was made, and when its operator's key was last changed, if ever."""
    made = rotated = None
    for payload in view.payloads():
        said = json.loads(payload.body)
        at = from_text(said["at"])
        made = at if made is None else made
        if said["type"] == EventType.KEY_ROTATED and said["key"] == OPERATOR:
            rotated = at
    if made is None:
        raise broken("no leaf says when the home was made")
    return made, rotated


def _unfinished(error: ChisoError) -> ChisoError:
    return ChisoError(
        Code.ROTATION_UNFINISHED,
        "The keys are wrapped by the new operator's key already, which alone opens them, but not "
        f"everything could be finished. {error.message}",
        f"{error.hint} Any chiso command on this home then finishes it, with the new key.",
    )
