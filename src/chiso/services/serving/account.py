"""What a caller may see of the log: proofs, leaves, and check-ins of its own station.

Everyone may see that there is a leaf, and its hash. What it says is shown to her whom it concerns;
what names nobody, to administrators and auditors. A person's history is hers alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from chiso.account.merkle import consistency_proof
from chiso.core.access import Action, Actor, Resource, Role
from chiso.core.errors import ChisoError, Code
from chiso.core.events import EventType, LeafPayload, LogHead
from chiso.core.storage import ReadTransaction, Subject
from chiso.core.times import from_text
from chiso.services.home import Home
from chiso.services.log import InclusionProof, head_of, proof_of, require_signed_head


class Shown(StrEnum):
    """Whether a leaf's content is in the answer, and if not, why."""

    SHOWN = "shown"
    WITHHELD = "withheld"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class SeenLeaf:
    """A leaf as a caller sees it; `said` is None unless it is shown."""

    seq: int
    leaf_hash: bytes
    content: Shown
    said: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class SeenLeaves:
    """Leaves in order, and the number at which the next ones begin; None where there are none."""

    size: int
    leaves: tuple[SeenLeaf, ...]
    next_seq: int | None


@dataclass(frozen=True, slots=True)
class Consistency:
    """What shows that the log of now begins with its first `since` leaves (RFC 6962 §2.1.2)."""

    since: int
    size: int
    proof: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Someone who was recognised today at the caller's station; `seq` is the leaf that tells it."""

    seq: int
    at: datetime
    subject: Subject
    purpose: str


def head(home: Home) -> LogHead:
    """The log's head, which this home signed."""
    with home.store.reading() as view:
        return _signed_head(home, view)


def proof(home: Home, caller: Actor, seq: int) -> InclusionProof:
    """The proof that leaf `seq` is in the log, with what it says where this caller may see that.

    Raises LEAF_MISSING where there is none.
    """
    with home.store.reading() as view:
        newest = _signed_head(home, view)
        if not 0 <= seq < newest.size:
            raise ChisoError(
                Code.LEAF_MISSING,
                f"The log has no leaf {seq}: its leaves are 0 to {newest.size - 1}.",
                "GET /v1/log/leaves lists them.",
            )
        payload = view.payload(seq)
        if payload is not None and not _may_read(caller, payload):
            payload = None
        return proof_of(view, newest, seq, payload)


def consistency(home: Home, since: int) -> Consistency:
    """The proof that the log goes on from its first `since` leaves."""
    with home.store.reading() as view:
        newest = _signed_head(home, view)
        if not 0 < since <= newest.size:
            raise ChisoError(
                Code.BAD_ARGUMENT,
                f"The log has {newest.size} leaves, and not {since}.",
                "Give the size of a checkpoint that you kept. If it is larger than the log, the "
                "log was cut: keep that checkpoint.",
            )
        steps = tuple(consistency_proof(since, newest.size, view.log_hashes))
        return Consistency(since, newest.size, steps, newest.checkpoint)


def leaves(home: Home, caller: Actor, first: int, count: int) -> SeenLeaves:
    """At most `count` leaves from `first` on: to a person hers, to others all of them."""
    with home.store.reading() as view:
        size = _signed_head(home, view).size
        if caller.role is Role.SUBJECT:
            hers = [each for each in view.payloads(caller.subject_id) if each.seq >= first]
            seqs = [each.seq for each in hers[: count + 1]]
            found = [view.leaves_from(seq, 1)[0] for seq in seqs]
        else:
            found = view.leaves_from(first, count + 1)
    shown = tuple(_seen(caller, leaf.seq, leaf.leaf_hash, said) for leaf, said in found)
    return SeenLeaves(size, shown[:count], shown[count].seq if len(shown) > count else None)


def check_ins(home: Home, caller: Actor, before: int | None = None) -> list[CheckIn]:
    """Who was recognised today at the caller's own station, the newest first.

    A day begins at midnight where this machine is. Who withdrew since is not among them. `before`:
    only those that leaves below this number tell.
    """
    if caller.station is None:
        raise ChisoError(
            Code.NOT_ALLOWED,
            "This caller stands at no station, and check-ins are shown at their own alone.",
            "Use the key of a station.",
        )
    local = home.clock.now().astimezone()
    midnight = datetime.combine(local.date(), time(), local.tzinfo)
    found: list[CheckIn] = []
    with home.store.reading() as view:
        for payload in view.newest_payloads(before=before):
            said = json.loads(payload.body)
            at = from_text(said["at"])
            if at < midnight:
                break
            if payload.subject_id is None or not _is_check_in(said, caller):
                continue
            subject = view.subject_by_id(payload.subject_id)
            if subject is not None:
                found.append(CheckIn(payload.seq, at, subject, said["purpose"]))
    return found


def _is_check_in(said: Mapping[str, Any], caller: Actor) -> bool:
    return (
        said["type"] in (EventType.IDENTIFIED, EventType.VERIFIED)
        and said["decision"] == "match"
        and said.get("rank", 1) == 1
        and said.get("station") == caller.station
        and caller.may_for(said["purpose"])
    )


def _signed_head(home: Home, view: ReadTransaction) -> LogHead:
    newest = head_of(view)
    require_signed_head(home, newest)
    return newest


def _may_read(caller: Actor, payload: LeafPayload) -> bool:
    if payload.subject_id is not None:
        return payload.subject_id == caller.subject_id
    return caller.may(Action.READ, Resource.AUDITS)


def _seen(caller: Actor, seq: int, leaf_hash: bytes, payload: LeafPayload | None) -> SeenLeaf:
    if payload is None:
        return SeenLeaf(seq, leaf_hash, Shown.DESTROYED, None)
    if not _may_read(caller, payload):
        return SeenLeaf(seq, leaf_hash, Shown.WITHHELD, None)
    return SeenLeaf(seq, leaf_hash, Shown.SHOWN, json.loads(payload.body))
