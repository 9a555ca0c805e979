"""Makes a home with a crowd of people who do not exist: real terms, keys and sealed templates.

What enrolment does one person at a time is done in bulk here, straight into the tables; ids are
random, so that rows lie as scattered as those of people who came one by one. Left out, because a
search does not read them: log leaves, and the receipts' signatures (64 zero bytes stand in).

    python -m bench.crowd HOME PEOPLE
"""

from __future__ import annotations

import random
import sqlite3
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.timing import say
from chiso import wiring
from chiso.adapters.home_files import STORE_FILE
from chiso.adapters.keystore import FileKeystore
from chiso.consent.receipt import draft, receipt_bytes
from chiso.core.consent import Grounds, Mode, Parties, Receipt, ReceiptId, SubjectId
from chiso.core.storage import Vault
from chiso.core.templates import ModelDigest, Template
from chiso.core.times import to_epoch_s
from chiso.services.home import Home

PURPOSE = "clinic door"
DIMENSIONS = 128
SEED = 7
_BLOCK = 20_000
_SIGNATURE_BYTES, _TAG_BYTES = 64, 32


@dataclass(frozen=True, slots=True)
class _Person:
    """One person of the crowd: her number, her ids and her data key."""

    number: int
    subject_id: SubjectId
    receipt_id: ReceiptId
    key: bytes


def fill(home: Home, people: int) -> None:
    """Enrol `people`, one reference each, under receipts that permit identification."""
    if not isinstance(home.keystore, FileKeystore):
        raise TypeError("the crowd's keys are made in bulk, which only a FileKeystore can do")
    chance = random.Random(SEED)
    ids = [SubjectId(_uuid(chance)) for _ in range(people)]
    in_order = sorted(ids)
    keys = dict(zip(in_order, home.keystore.create_many(in_order), strict=True))
    say(f"{people:,} keys made")
    model = home.model()
    home.store.close()  # its connections would stand in the way of leaving the write-ahead log
    with closing(sqlite3.connect(home.path / STORE_FILE)) as database:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-2000000"):
            database.execute(f"PRAGMA {pragma}")
        for start in range(0, people, _BLOCK):
            block = [
                _Person(number, subject_id, ReceiptId(_uuid(chance)), keys[subject_id])
                for number, subject_id in enumerate(ids[start : start + _BLOCK], start)
            ]
            _insert(database, home, model, sorted(block, key=lambda each: each.subject_id))
            say(f"{start + len(block):,} people enrolled")


def _insert(
    database: sqlite3.Connection, home: Home, model: ModelDigest, block: Sequence[_Person]
) -> None:
    database.executemany(
        "INSERT INTO subjects VALUES (?, ?, ?)",
        ((each.subject_id, f"person {each.number}", 0) for each in block),
    )
    receipt = _receipt(home)
    database.executemany(
        "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)",
        _receipts(receipt, block),
    )
    database.executemany(
        "INSERT INTO reference_templates (subject_id, receipt_id, model, sealed, photo_tag, added)"
        " VALUES (?, ?, ?, ?, ?, 0)",
        _references(home.vault, model, receipt, block),
    )
    database.commit()


def _receipt(home: Home) -> Receipt:
    """What everyone in the crowd agreed to; ids and name are put in later."""
    now = home.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return draft(
        receipt_id=ReceiptId("receipt"),
        parties=Parties("name", SubjectId("subject"), home.controller, None),
        purpose=PURPOSE,
        modes=frozenset(Mode),
        expires=now + timedelta(days=365),
        grounds=Grounds("0" * 64, "0" * 64),
        language="en",
        now=now,
    )


def _receipts(receipt: Receipt, block: Sequence[_Person]) -> Iterator[tuple[object, ...]]:
    body = receipt_bytes(receipt)
    processing = receipt.processing
    for each in block:
        own = body.replace(b'"receipt"', f'"{each.receipt_id}"'.encode())
        own = own.replace(b'"subject_id":"subject"', f'"subject_id":"{each.subject_id}"'.encode())
        yield (
            each.receipt_id,
            each.subject_id,
            own.replace(b'"name"', f'"person {each.number}"'.encode()),
            bytes(_SIGNATURE_BYTES),
            processing.purpose,
            ",".join(processing.modes),
            to_epoch_s(processing.granted),
            to_epoch_s(processing.expires),
        )


def _references(
    vault: Vault, model: ModelDigest, receipt: Receipt, block: Sequence[_Person]
) -> Iterator[tuple[object, ...]]:
    common = receipt.terms(None)
    vectors = _strangers(len(block), seed=block[0].number)
    for each, vector in zip(block, vectors, strict=True):
        terms = common._replace(receipt_id=each.receipt_id, subject_id=each.subject_id)
        sealed = vault.seal(Template(vector, model), terms, each.key)
        yield each.subject_id, each.receipt_id, model, sealed, bytes(_TAG_BYTES)


def _strangers(count: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors in every direction, shape (count, DIMENSIONS), float32."""
    vectors = np.random.default_rng((SEED, seed)).standard_normal((count, DIMENSIONS), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


if __name__ == "__main__":
    made, _ = wiring.make_home(Path(sys.argv[1]), "Benchmark", "offline")
    fill(made, int(sys.argv[2]))
