"""Reading the log: what leaves say, each held to its hash in the tree."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chiso.account.commitment import SALT_BYTES, commitment
from chiso.account.merkle import leaf_hash
from chiso.core.consent import SubjectId
from chiso.core.events import EventType, LeafPayload, Node
from chiso.core.storage import ReadTransaction
from chiso.services.home import Home
from chiso.services.log import broken, head_of, require_signed_head
from chiso.services.people import known


@dataclass(frozen=True, slots=True)
class ReadLeaf:
    """A leaf and what it says: the payload's envelope and facts, None where it is destroyed.

    `subject`: the label of the person whom it concerns, None where it concerns nobody.
    """

    seq: int
    said: Mapping[str, Any] | None
    subject: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """The leaves asked for, oldest first, and how many the log has."""

    size: int
    leaves: tuple[ReadLeaf, ...]


def read(home: Home, label: str | None, kind: EventType | None, last: int) -> Reading:
    """The last `last` leaves, of those that concern one person, or are of one type, if so asked.

    A leaf whose payload is destroyed is whoever's and whatever it was: it is shown only where
    neither person nor type is asked for. Raises NO_CONSENT where nobody is called `label`,
    LOG_BROKEN where a leaf does not match what it says.
    """
    with home.store.reading() as view:
        head = head_of(view)
        require_signed_head(home, head)
        if label is None and kind is None:
            seqs = range(max(0, head.size - last), head.size)
            return Reading(head.size, tuple(_leaf(view, seq, view.payload(seq)) for seq in seqs))
        subject_id = None if label is None else known(view, label).subject_id
        chosen = _chosen(view, subject_id, kind)
        kept = deque(chosen, maxlen=last)
        return Reading(head.size, tuple(_leaf(view, each.seq, each) for each in kept))


def _chosen(
    view: ReadTransaction, subject_id: SubjectId | None, kind: EventType | None
) -> Iterator[LeafPayload]:
    payloads: Iterable[LeafPayload] = view.payloads(subject_id)
    return (each for each in payloads if kind is None or _said(each).get("type") == kind)


def _leaf(view: ReadTransaction, seq: int, payload: LeafPayload | None) -> ReadLeaf:
    if payload is None:
        return ReadLeaf(seq, None, None)
    (own,) = view.log_hashes([Node(0, seq)])
    is_salt = len(payload.salt) == SALT_BYTES
    if not is_salt or leaf_hash(commitment(payload.salt, payload.body)) != own:
        raise broken(f"leaf {seq} does not match what it says")
    subject = None if payload.subject_id is None else view.subject_by_id(payload.subject_id)
    return ReadLeaf(seq, _said(payload), subject.label if subject else None)


def _said(payload: LeafPayload) -> Mapping[str, Any]:
    try:
        said = json.loads(payload.body)
    except (ValueError, RecursionError) as error:
        raise broken(f"leaf {payload.seq} does not match what it says") from error
    if not isinstance(said, dict):
        raise broken(f"leaf {payload.seq} does not match what it says")
    return said
