"""The log as the console shows it: what concerns a person is hers to read, and left out here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from chiso.account.commitment import commitment
from chiso.account.cosignature import VerifyWith
from chiso.account.merkle import leaf_hash, root_of
from chiso.core.events import EventType, KeptCheckpoint, Leaf, LeafPayload
from chiso.core.storage import ReadTransaction
from chiso.core.times import from_epoch_s, from_text
from chiso.services import witnesses
from chiso.services.home import Home
from chiso.services.log import broken, head_of, require_signed_head
from chiso.services.witnesses import HomeWitness

PAGE = 50
_NEWEST = 20


@dataclass(frozen=True, slots=True)
class LeafShown:
    """A leaf. `at` and `type` are None where its content is destroyed.

    `said`: its envelope and facts; None where it concerns a person too. Otherwise whoever reads
    the log could follow one from station to station.
    """

    seq: int
    at: datetime | None
    type: str | None
    said: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some leaves, the newest first; `older`: the number below which more are, None for no more."""

    size: int
    root: bytes
    leaves: tuple[LeafShown, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class WitnessShown:
    """A witness that is asked, and what it cosigned last; None where nothing yet."""

    witness: HomeWitness
    size: int | None
    at: datetime | None


def log_page(home: Home, before: int | None, kind: EventType | None = None) -> LogPage:
    """The leaves below number `before`, or the newest; of one kind, where that is asked for.

    Kinds alone can be asked for, and no words: those of a leaf that concerns a person would tell
    where she was. Raises LOG_BROKEN.
    """
    with home.store.reading() as view:
        head = head_of(view)
        require_signed_head(home, head)
        end = head.size if before is None else max(0, min(before, head.size))
        if kind is None:
            start = max(0, end - PAGE)
            found, older = view.leaves_from(start, end - start)[::-1], start or None
        else:
            found, older = _of_kind(view, end, kind)
    shown = tuple(_shown(leaf, payload) for leaf, payload in found)
    return LogPage(head.size, root_of(head.peaks), shown, older)


def _of_kind(
    view: ReadTransaction, end: int, kind: EventType
) -> tuple[list[tuple[Leaf, LeafPayload | None]], int | None]:
    """Leaves of this kind below `end`, the newest first, and below which number more are."""
    mark = f'"type":"{kind}"'.encode()
    seqs = [each.seq for each in islice(view.newest_payloads(mark, end), PAGE + 1)]
    found = [view.leaves_from(seq, 1)[0] for seq in seqs[:PAGE]]
    return found, seqs[PAGE - 1] if len(seqs) > PAGE else None


def newest_checkpoints(home: Home) -> list[KeptCheckpoint]:
    """The newest of the checkpoints that are kept, the newest first."""
    with home.store.reading() as view:
        return list(view.kept_checkpoints(_NEWEST))


def checkpoint_of(home: Home, size: int) -> KeptCheckpoint | None:
    """The kept checkpoint of so many leaves."""
    with home.store.reading() as view:
        return next((each for each in view.kept_checkpoints() if each.size == size), None)


def witnesses_shown(home: Home, verify: VerifyWith) -> list[WitnessShown]:
    """Every witness that is asked. Raises COSIGNATURE_INVALID for what a witness did not make."""
    with home.store.reading() as view:
        found = []
        for each in witnesses.configured(view):
            last = witnesses.last_cosigned(home, view, each, verify)
            size = None if last is None else last.checkpoint.size
            at = None if last is None else from_epoch_s(last.time_s)
            found.append(WitnessShown(each, size, at))
        return found


def _shown(leaf: Leaf, payload: LeafPayload | None) -> LeafShown:
    if payload is None:
        return LeafShown(leaf.seq, None, None, None)
    if leaf_hash(commitment(payload.salt, payload.body)) != leaf.leaf_hash:
        raise broken(f"leaf {leaf.seq} does not match what it says")
    said = json.loads(payload.body)
    at, kind = from_text(said["at"]), str(said["type"])
    return LeafShown(leaf.seq, at, kind, said if payload.subject_id is None else None)
