"""A home that was changed behind chiso's back: no answer rests on it, and the log tells.

The attacks that have names are in `tests/tampering`; these are the finer cases.
"""

from __future__ import annotations

import base64
import re
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.running import KEYSTORE, PURPOSE, STORE, Chiso, assert_error

Volunteer = Callable[..., Path]
YEAR_S = 365 * 24 * 3600
SET_SEALED = "UPDATE reference_templates SET sealed = ? WHERE subject_id = ?"


def test_a_template_with_a_flipped_bit_is_not_compared(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    with peopled.database(STORE) as store:
        subject, sealed = _reference_of(store, "001")
        changed = bytearray(sealed)
        changed[len(changed) // 2] ^= 1
        store.execute(SET_SEALED, (bytes(changed), subject))
    _assert_not_answered(peopled, volunteer, "template-unreadable")


def test_a_receipt_whose_date_was_moved_permits_nothing(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    with peopled.database(STORE) as store:
        store.execute("UPDATE receipts SET expires = expires + ?", (YEAR_S,))
    _assert_not_answered(peopled, volunteer, "template-unreadable")
    assert_error(peopled("log", "verify"), 5, "receipt-invalid", "backup")


@pytest.mark.parametrize(
    ("was", "became"),
    [(b'"verify"', b'"verifi"'), (b"2099-12-31", b"2199-12-31"), (b"{", b"[")],
    ids=["mode", "date", "form"],
)
def test_a_receipt_whose_text_was_changed_permits_nothing(
    peopled: Chiso, volunteer: Volunteer, was: bytes, became: bytes
) -> None:
    with peopled.database(STORE) as store:
        for receipt, body in store.execute("SELECT id, body FROM receipts").fetchall():
            assert was in body
            store.execute(
                "UPDATE receipts SET body = ? WHERE id = ?", (body.replace(was, became, 1), receipt)
            )
    _assert_not_answered(peopled, volunteer, "receipt-invalid")
    assert_error(peopled("log", "verify"), 5, "receipt-invalid")


@pytest.mark.parametrize(
    "change",
    [
        "modes = 'verify,follow'",
        "modes = ''",
        "modes = x'ff'",
        "modes = 7",
        "expires = 'never'",
        "expires = 9000000000000000000",
        "granted = x'00'",
    ],
)
def test_terms_that_are_none_are_called_damage(
    peopled: Chiso, volunteer: Volunteer, change: str
) -> None:
    with peopled.database(STORE) as store:
        store.execute(f"UPDATE receipts SET {change}")  # noqa: S608
    _assert_not_answered(peopled, volunteer, "store-damaged")
    assert_error(peopled("log", "verify"), 5, "store-damaged", "backup")


@pytest.mark.parametrize("body", [b"{}", b"\xff", b"[]", '"text"', 7, None])
def test_a_threshold_record_that_is_none_is_called_damage(
    peopled: Chiso, volunteer: Volunteer, body: object
) -> None:
    with peopled.database(STORE) as store:
        if body is None:
            query = "SELECT body FROM thresholds"
            (whole,) = store.execute(query).fetchone()
            body = re.sub(rb'"people": \d+', b'"people": Infinity', whole)
            assert body != whole
        store.execute("UPDATE thresholds SET body = ?", (body,))
    _assert_not_answered(peopled, volunteer, "store-damaged")
    assert_error(peopled("threshold", "list"), 5, "store-damaged", "threshold", "backup")


def test_a_key_that_is_text_does_not_open(peopled: Chiso, volunteer: Volunteer) -> None:
    with peopled.database(KEYSTORE) as keystore:
        keystore.execute("UPDATE person_keys SET wrapped = 'key'")
    _assert_not_answered(peopled, volunteer, "wrong-operator-key")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM log_leaves WHERE seq = (SELECT max(seq) FROM log_leaves)",
        "UPDATE log_leaves SET leaf_hash = zeroblob(32) WHERE seq = 1",
        "UPDATE log_payloads SET body = CAST(body || ' ' AS BLOB) WHERE seq = 2",
        "UPDATE log_payloads SET salt = zeroblob(32) WHERE seq = 2",
        "UPDATE log_head SET size = size - 1",
        "UPDATE log_head SET checkpoint = replace(checkpoint, 'chiso/', 'chaso/')",
        "DELETE FROM log_head",
    ],
)
def test_a_log_that_was_changed_does_not_verify(peopled: Chiso, statement: str) -> None:
    with peopled.database(STORE) as store:
        assert store.execute(statement).rowcount == 1
    refused = peopled("log", "verify")
    assert_error(refused, 5, "log-broken", "backup")


def test_the_wrong_operator_key_opens_nothing(peopled: Chiso, volunteer: Volunteer) -> None:
    key = peopled.home / "operator.key"
    key.write_bytes(base64.b64encode(secrets.token_bytes(32)))
    _assert_home_refused(peopled, volunteer, "wrong-operator-key", "CHISO_OPERATOR_KEY")


@pytest.mark.parametrize("content", [b"", b"short", b"!" * 44, base64.b64encode(bytes(31))])
def test_what_is_no_operator_key_opens_nothing(
    peopled: Chiso, volunteer: Volunteer, content: bytes
) -> None:
    (peopled.home / "operator.key").write_bytes(content)
    _assert_home_refused(peopled, volunteer, "wrong-operator-key", "chiso init")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_an_operator_key_that_others_can_reach_is_not_used(
    peopled: Chiso, volunteer: Volunteer, mode: int
) -> None:
    key = peopled.home / "operator.key"
    key.chmod(mode)
    _assert_home_refused(peopled, volunteer, "wrong-operator-key", f"chmod 600 {key}")
    key.chmod(0o600)
    assert peopled("log", "verify").status == 0


def test_the_operator_key_may_come_from_the_environment(
    peopled: Chiso, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = peopled.home / "operator.key"
    monkeypatch.setenv("CHISO_OPERATOR_KEY", key.read_text().strip())
    key.unlink()
    assert peopled("log", "verify").status == 0
    monkeypatch.setenv("CHISO_OPERATOR_KEY", base64.b64encode(bytes(32)).decode())
    refused = peopled("log", "verify")
    assert_error(refused, 5, "wrong-operator-key", "CHISO_OPERATOR_KEY")


def test_keystore_and_operator_key_of_another_home_open_nothing(
    peopled: Chiso, volunteer: Volunteer, tmp_path: Path
) -> None:
    peopled("init", "--home", tmp_path / "other")
    for name in (KEYSTORE, "operator.key"):
        shutil.copy(tmp_path / "other" / name, peopled.home / name)
    _assert_home_refused(peopled, volunteer, "wrong-operator-key", "keystore")


def test_a_key_moved_to_another_person_opens_nothing(peopled: Chiso, volunteer: Volunteer) -> None:
    with peopled.database(KEYSTORE) as keystore:
        keystore.execute(
            "UPDATE person_keys SET wrapped = (SELECT wrapped FROM person_keys LIMIT 1)"
        )
    _assert_not_answered(peopled, volunteer, "wrong-operator-key", verify=None)


def test_a_person_whose_key_is_missing_is_not_compared(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    with peopled.database(KEYSTORE) as keystore:
        keystore.execute("DELETE FROM person_keys")
    _assert_not_answered(peopled, volunteer, "key-missing")


def _assert_not_answered(
    chiso: Chiso, volunteer: Volunteer, code: str, verify: str | None = "001"
) -> None:
    before = chiso.holdings()
    photo = volunteer("001", "smiling")
    if verify is not None:
        assert_error(chiso("verify", verify, photo, "--purpose", PURPOSE), 5, code)
    assert_error(chiso("identify", photo, "--purpose", PURPOSE), 5, code)
    assert chiso.holdings() == before


def _assert_home_refused(chiso: Chiso, volunteer: Volunteer, code: str, *words: str) -> None:
    before = chiso.holdings()
    photo = volunteer("001", "smiling")
    for command in (
        ("verify", "001", photo, "--purpose", PURPOSE),
        ("identify", photo, "--purpose", PURPOSE),
        ("withdraw", "001"),
        ("log", "verify"),
    ):
        assert_error(chiso(*command), 5, code, *words)
    assert_error(chiso.enrol("006", volunteer("006")), 5, code, *words)
    assert chiso.holdings() == before


def _reference_of(store: sqlite3.Connection, label: str) -> tuple[str, bytes]:
    subject, sealed = store.execute(
        "SELECT s.id, r.sealed FROM reference_templates r JOIN subjects s ON s.id = r.subject_id "
        "WHERE s.label = ?",
        (label,),
    ).fetchone()
    return str(subject), bytes(sealed)


def test_what_the_log_says_of_a_person_is_kept_as_hers(peopled: Chiso) -> None:
    """Under another name it would stay when she goes."""
    with peopled.database(STORE) as store:
        (seq,) = store.execute(
            "SELECT max(seq) FROM log_payloads WHERE subject_id IS NOT NULL"
        ).fetchone()
        store.execute("UPDATE log_payloads SET subject_id = NULL WHERE seq = ?", (seq,))
    assert_error(peopled("log", "verify"), 5, "log-broken", f"leaf {seq} is kept as another")


def test_who_was_erased_is_not_put_back_by_hand(peopled: Chiso) -> None:
    """Her rows and her key as they were: all is signed, and only the log says that she is gone."""
    tables = ("subjects", "receipts", "reference_templates")
    with peopled.database(STORE) as store, peopled.database(KEYSTORE) as keystore:
        rows = {each: store.execute(f"SELECT * FROM {each}").fetchall() for each in tables}  # noqa: S608
        keys = keystore.execute("SELECT * FROM person_keys").fetchall()
    assert peopled("withdraw", "003").status == 0
    with peopled.database(STORE) as store, peopled.database(KEYSTORE) as keystore:
        for table, kept in rows.items():
            for row in kept:
                marks = ", ".join("?" * len(row))
                store.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)  # noqa: S608
        keystore.executemany("INSERT OR IGNORE INTO person_keys VALUES (?, ?)", keys)
    assert_error(peopled("log", "verify"), 5, "log-broken", "was erased", "in the store again")
