"""Attacks on a home's files, each made as someone would who has the files and none of the keys."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.cli.running import KEYSTORE, STORE

from chiso.account.commitment import commitment
from chiso.account.merkle import grown, leaf_hash
from chiso.adapters.store.rows import position_of


def a_bit_flipped_in_a_leaf(home: Path) -> None:
    """One bit of the third leaf's hash."""
    with _store(home) as store:
        (found,) = store.execute("SELECT leaf_hash FROM log_leaves WHERE seq = 2").fetchone()
        flipped = bytes([found[0] ^ 1]) + found[1:]
        store.execute("UPDATE log_leaves SET leaf_hash = ? WHERE seq = 2", (flipped,))


def a_leaf_removed(home: Path) -> None:
    """The third leaf, with what it says."""
    with _store(home) as store:
        store.execute("DELETE FROM log_payloads WHERE seq = 2")
        store.execute("DELETE FROM log_leaves WHERE seq = 2")


def leaves_reordered(home: Path) -> None:
    """The third and the fourth leaf change places, with what they say."""
    with _store(home) as store:
        for table in ("log_leaves", "log_payloads"):
            store.execute(f"UPDATE {table} SET seq = 5 - seq + 1000 WHERE seq IN (2, 3)")  # noqa: S608
            store.execute(f"UPDATE {table} SET seq = seq - 1000 WHERE seq >= 1000")  # noqa: S608


def a_tree_truncated_and_regrown(home: Path) -> None:
    """The last leaf is cut off and another grown in its place, every stored hash made to fit."""
    with _store(home) as store:
        (last,) = store.execute("SELECT max(seq) FROM log_leaves").fetchone()
        body, salt = b'{"at":"2020-01-01T00:00:00Z","type":"forged","v":1}', bytes(32)
        for table in ("log_payloads", "log_leaves"):
            store.execute(f"DELETE FROM {table} WHERE seq = ?", (last,))  # noqa: S608
        forged = leaf_hash(commitment(salt, body))
        store.execute("INSERT INTO log_leaves (seq, leaf_hash) VALUES (?, ?)", (last, forged))
        store.execute("DELETE FROM log_nodes")
        peaks: tuple[bytes, ...] = ()
        leaves = store.execute("SELECT seq, leaf_hash FROM log_leaves ORDER BY seq").fetchall()
        for seq, each in leaves:
            tree = grown(peaks, seq, each)
            peaks = tree.peaks
            store.executemany(
                "INSERT INTO log_nodes (position, node_hash) VALUES (?, ?)",
                [(position_of(node), root) for node, root in tree.completed],
            )
        store.execute("UPDATE log_head SET peaks = ?", (b"".join(peaks),))


def yesterdays_database(home: Path) -> dict[str, bytes]:
    """A copy of the database as it is now, for `put_back` tomorrow."""
    return {file.name: file.read_bytes() for file in home.glob(f"{STORE}*")}


def put_back(home: Path, copies: dict[str, bytes]) -> None:
    """The database rolled back to an earlier copy."""
    for file in home.glob(f"{STORE}*"):
        file.unlink()
    for name, content in copies.items():
        (home / name).write_bytes(content)


def a_receipt_altered(home: Path) -> None:
    """Every receipt is for another purpose, in its text and in the column that searches read."""
    with _store(home) as store:
        rows = store.execute("SELECT id, body, purpose FROM receipts").fetchall()
        for receipt, body, purpose in rows:
            assert purpose.encode() in body
            forged = body.replace(purpose.encode(), b"anything")
            store.execute(
                "UPDATE receipts SET body = ?, purpose = 'anything' WHERE id = ?", (forged, receipt)
            )


def a_withdrawn_receipt_put_in_force_again(home: Path) -> None:
    """The mark that a receipt was withdrawn is rubbed out."""
    with _store(home) as store:
        store.execute("UPDATE receipts SET withdrawn = NULL")


def a_reference_moved_to_another_person(home: Path) -> None:
    """One person's reference now belongs to another, and rests on her receipt."""
    with _store(home) as store:
        (taken, receipt), (giver, _) = _two_owners(store)
        store.execute(
            "DELETE FROM reference_templates WHERE subject_id = ?",
            (taken,),
        )
        store.execute(
            "UPDATE reference_templates SET subject_id = ?, receipt_id = ? WHERE subject_id = ?",
            (taken, receipt, giver),
        )


def ciphertext_swapped_between_people(home: Path) -> None:
    """Two people's rows stay what they are; what is sealed in them changes places."""
    with _store(home) as store:
        (one, _), (other, _) = _two_owners(store)
        query = "SELECT sealed FROM reference_templates WHERE subject_id = ?"
        sealed = {each: store.execute(query, (each,)).fetchone()[0] for each in (one, other)}
        put = "UPDATE reference_templates SET sealed = ? WHERE subject_id = ?"
        store.executemany(put, [(sealed[other], one), (sealed[one], other)])


def a_threshold_record_edited(home: Path) -> None:
    """The record that decides lets everyone match everyone."""
    with _store(home) as store:
        _let_everyone_match(store, *store.execute("SELECT id FROM thresholds").fetchone())


def a_threshold_record_not_in_use_edited(home: Path, record: str) -> None:
    """A record that may be chosen later would let everyone match everyone."""
    with _store(home) as store:
        _let_everyone_match(store, record)


def a_model_file_replaced(models: Path, name: str) -> None:
    """Another network lies where the model's weights were."""
    (file,) = models.glob(f"{name}-*.onnx")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def the_keystore_from_another_home(home: Path, other: Path) -> None:
    """The keystore of a home of the same maker."""
    shutil.copy(other / KEYSTORE, home / KEYSTORE)


def _let_everyone_match(store: sqlite3.Connection, record: str) -> None:
    (body,) = store.execute("SELECT body FROM thresholds WHERE id = ?", (record,)).fetchone()
    edited = json.dumps(json.loads(body) | {"value": -1.0}).encode()
    store.execute("UPDATE thresholds SET body = ? WHERE id = ?", (edited, record))


def _two_owners(store: sqlite3.Connection) -> list[tuple[str, str]]:
    query = "SELECT subject_id, receipt_id FROM reference_templates ORDER BY 1 LIMIT 2"
    return [(str(subject), str(receipt)) for subject, receipt in store.execute(query)]


@contextmanager
def _store(home: Path) -> Iterator[sqlite3.Connection]:
    """The database, opened behind chiso's back and without its foreign keys; commits."""
    with closing(sqlite3.connect(home / STORE, timeout=10.0)) as connection, connection:
        yield connection
