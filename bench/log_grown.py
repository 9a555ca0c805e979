"""Makes a home whose log is long: true hashes, straight into the tables, under a signed head.

What `record` does one leaf at a time is done in bulk here; `chiso log verify` must find no
difference. Leaves say either what a search that named nobody says, or nothing that is kept.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from bench.timing import say
from chiso import wiring
from chiso.account.checkpoint import Checkpoint, checkpoint_text, signed_note
from chiso.account.commitment import SALT_BYTES, commitment, payload_of
from chiso.account.merkle import leaf_hash, node_hash, root_of
from chiso.adapters.home_files import STORE_FILE
from chiso.core.canonical import JsonValue
from chiso.core.events import Event, EventType, LogHead
from chiso.services.home import Home

_BLOCK = 200_000
_TOLD_EVERY = 1_000_000


def make(folder: Path, leaves: int, *, kept: bool) -> Home:
    """A new home with a log of `leaves` leaves; with the payload of each where `kept`."""
    home, _ = wiring.make_home(folder, "Benchmark", "offline")
    with home.store.reading() as view:
        head = view.log_head()
    if head is None:
        raise RuntimeError("a new home has no leaves")
    home.store.close()  # its connections would stand in the way of leaving the write-ahead log
    edge = _Edge(list(head.peaks), head.size)
    with closing(sqlite3.connect(folder / STORE_FILE)) as database:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000"):
            database.execute(f"PRAGMA {pragma}")
        body = payload_of(_search(home))
        while edge.size < leaves:
            _add(database, edge, min(_BLOCK, leaves - edge.size), body if kept else None)
            if edge.size % _TOLD_EVERY < _BLOCK:
                say(f"{edge.size:,} leaves")
    _sign(home, edge)
    return home


class _Edge:
    """The right edge of a growing tree, and how many nodes lie before the next leaf."""

    def __init__(self, peaks: list[bytes], size: int) -> None:
        self.peaks, self.size = peaks, size
        self._nodes = 2 * size - size.bit_count()

    def grow(self, hashes: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
        """Place and root of each subtree that these leaves complete, as the store numbers them.

        Places count leaves and subtrees in the order in which they come about.
        """
        for carried in hashes:
            odd = self.size
            while odd & 1:
                carried = node_hash(self.peaks.pop(), carried)
                odd >>= 1
                self._nodes += 1
                yield self._nodes, carried
            self.peaks.append(carried)
            self._nodes += 1
            self.size += 1


def _search(home: Home) -> Event:
    """A search as most are: it named nobody."""
    facts: dict[str, JsonValue] = {
        "purpose": "clinic door",
        "references": 1000,
        "decision": "unknown",
        "threshold": "starter-worst-group-0.1%-0123abcd",
        "threshold_value": "0.9123456789012345",
        "fpir": "0.01",
        "model": home.model(),
    }
    return Event(EventType.IDENTIFIED, home.clock.now(), None, facts)


def _add(database: sqlite3.Connection, edge: _Edge, count: int, body: bytes | None) -> None:
    seqs = range(edge.size, edge.size + count)
    random = os.urandom(SALT_BYTES * count)
    salts = [random[at : at + SALT_BYTES] for at in range(0, len(random), SALT_BYTES)]
    hashes = salts if body is None else [leaf_hash(commitment(salt, body)) for salt in salts]
    database.executemany("INSERT INTO log_leaves VALUES (?, ?)", zip(seqs, hashes, strict=True))
    database.executemany("INSERT INTO log_nodes VALUES (?, ?)", edge.grow(hashes))
    if body is not None:
        database.executemany(
            "INSERT INTO log_payloads (seq, subject_id, salt, body) VALUES (?, NULL, ?, ?)",
            ((seq, salt, body) for seq, salt in zip(seqs, salts, strict=True)),
        )
    database.commit()


def _sign(home: Home, edge: _Edge) -> None:
    text = checkpoint_text(Checkpoint(home.origin, edge.size, root_of(edge.peaks)))
    signature = home.signer.sign(text)
    note = signed_note(text, home.origin, home.signer.public_key, signature)
    with home.store.writing() as transaction:
        transaction.set_log_head(LogHead(edge.size, tuple(edge.peaks), note))
