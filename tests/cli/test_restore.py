"""Restoring: all comes back, and nobody who withdrew since."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.backups import (
    NAME,
    back_up,
    bytes_under,
    found,
    traces_of,
    types_of_leaves,
)
from tests.cli.running import (
    HOME_FILES,
    KEYSTORE,
    PURPOSE,
    STORE,
    Chiso,
    assert_error,
    assert_whole,
)
from tests.tampering.attacks import a_threshold_record_edited

from chiso.interfaces.cli.main import main

Volunteer = Callable[..., Path]


def _without_a_choice(home: Path) -> None:
    with closing(sqlite3.connect(home / STORE)) as store, store:
        store.execute("DELETE FROM settings WHERE name LIKE 'threshold:%'")


def _without_records(home: Path) -> None:
    with closing(sqlite3.connect(home / STORE)) as store, store:
        store.execute("DELETE FROM thresholds")


def test_everyone_comes_back_into_an_empty_place(
    peopled: Chiso, volunteer: Volunteer, backup: Path, tmp_path: Path
) -> None:
    made = back_up(peopled, backup, "--with-operator-key")
    assert made["with_operator_key"] is True
    (tmp_path / "last.checkpoint").write_text(peopled("log", "checkpoint").document["checkpoint"])
    before = peopled.holdings()
    shutil.rmtree(peopled.home)

    back = peopled("restore", backup, "--newest-checkpoint", tmp_path / "last.checkpoint")

    assert back.status == 0, back
    assert (back.document["log"], back.document["assured_by"]) == ("backup", "checkpoint")
    after = peopled.holdings()
    assert after.leaves == before.leaves + 1
    assert (after.subjects, after.keys, after.referenced) == (
        before.subjects,
        before.keys,
        before.referenced,
    )
    assert found(peopled, volunteer("001", "smiling")) == ["001"]
    assert types_of_leaves(peopled)[before.leaves] == "restored"
    assert peopled.home.stat().st_mode & 0o777 == 0o700
    assert_whole(peopled)


def test_who_withdrew_after_a_backup_does_not_come_back_over_her_living_home(
    tsitsi: Chiso, volunteer: Volunteer, clinic: Path
) -> None:
    traces = traces_of(tsitsi, NAME)
    assert all(trace in clinic.read_bytes() for trace in traces)
    assert tsitsi.process("withdraw", NAME).status == 0

    back = tsitsi.process("restore", clinic)

    assert back.status == 0, back
    assert back.document["log"] == "living"
    ((left_out),) = back.document["left_out"]
    assert left_out["subject"] == NAME
    assert {path.name for path in tsitsi.home.iterdir()} == HOME_FILES
    content = bytes_under(tsitsi.home)
    assert [trace for trace in traces if trace in content] == []
    assert NAME not in found(tsitsi, volunteer("006", "smiling"))
    for other in ("001", "003", "005"):
        assert found(tsitsi, volunteer(other, "smiling")) == [other]
    assert_whole(tsitsi)


def test_who_withdrew_does_not_come_back_where_her_certificate_is_shown(
    tsitsi: Chiso, volunteer: Volunteer, keyed: Path, tmp_path: Path
) -> None:
    traces = traces_of(tsitsi, NAME)
    assert tsitsi("withdraw", NAME, "--out", tmp_path / "cert.json").status == 0
    shutil.rmtree(tsitsi.home)

    refused = tsitsi("restore", keyed)
    assert_error(refused, 4, "erasures-unknown", "--erased", "--nobody-withdrew-since", "withdrew")
    assert not tsitsi.home.exists()
    back = tsitsi("restore", keyed, "--erased", tmp_path / "cert.json")

    assert back.status == 0, back
    assert [each["subject"] for each in back.document["left_out"]] == [NAME]
    content = bytes_under(tsitsi.home)
    assert [trace for trace in traces if trace in content] == []
    assert NAME not in found(tsitsi, volunteer("006", "smiling"))
    assert found(tsitsi, volunteer("001", "smiling")) == ["001"]
    assert types_of_leaves(tsitsi)[-3:-1] == ["erased", "identified"]
    assert_whole(tsitsi)


def test_a_longer_log_elsewhere_says_that_something_happened_since(
    peopled: Chiso, backup: Path, tmp_path: Path
) -> None:
    back_up(peopled, backup, "--with-operator-key")
    assert peopled("withdraw", "003").status == 0
    note = tmp_path / "witnessed"
    note.write_text(peopled("log", "checkpoint").document["checkpoint"])
    elsewhere = ("--home", tmp_path / "elsewhere")
    refused = peopled("restore", backup, "--newest-checkpoint", note, *elsewhere)
    assert_error(refused, 4, "erasures-unknown", "1 leaves after this backup", "may have withdrawn")
    words = ("restore", backup, "--newest-checkpoint", note, "--nobody-withdrew-since", *elsewhere)
    back = peopled(*words)
    assert (back.status, back.document["assured_by"]) == (0, "operator")
    assert back.document["known_size"] == peopled.holdings().leaves


def test_what_rested_on_a_receipt_withdrawn_since_does_not_come_back(
    tsitsi: Chiso, volunteer: Volunteer, backup: Path
) -> None:
    assert tsitsi.enrol(NAME, volunteer("006", "smiling"), purpose="canteen").status == 0
    back_up(tsitsi, backup)
    held = tsitsi("receipts", NAME).document["receipts"]
    (receipt,) = [each["receipt"] for each in held if each["purpose"] == PURPOSE]
    assert tsitsi("withdraw", NAME, "--receipt", receipt).status == 0
    with tsitsi.database(STORE) as store:  # its log no longer verifies: the backup's goes on
        store.execute("UPDATE log_leaves SET leaf_hash = zeroblob(32) WHERE seq = 1")

    back = tsitsi("restore", backup, "--nobody-withdrew-since")

    assert (back.status, back.document["log"]) == (0, "backup"), back
    assert [each["receipt"] for each in back.document["left_out"]] == [receipt]
    assert NAME not in found(tsitsi, volunteer("006", "smiling"))
    states = {
        each["receipt"]: each["state"] for each in tsitsi("receipts", NAME).document["receipts"]
    }
    assert states.pop(receipt) == "withdrawn"
    assert list(states.values()) == ["in force"]
    assert_whole(tsitsi)


def test_a_keystore_that_was_lost_comes_back_and_the_log_stays(
    tsitsi: Chiso, volunteer: Volunteer, clinic: Path
) -> None:
    assert tsitsi("withdraw", "003").status == 0
    assert tsitsi.enrol("009", volunteer("009")).status == 0
    leaves = tsitsi.holdings().leaves
    (tsitsi.home / KEYSTORE).unlink()
    assert_error(tsitsi("subjects"), 6, "home-unreadable", "chiso restore")

    back = tsitsi("restore", clinic)

    assert (back.status, back.document["log"]) == (0, "living"), back
    assert [each["subject"] for each in back.document["left_out"]] == ["003"]
    assert back.document["lost"] == ["009"], "her key is in no file"
    assert found(tsitsi, volunteer("006", "smiling")) == [NAME]
    assert tsitsi.holdings().leaves > leaves
    assert_whole(tsitsi)


def test_a_keystore_from_the_backup_brings_no_key_of_who_withdrew_since(
    tsitsi: Chiso, clinic: Path
) -> None:
    traces = traces_of(tsitsi, NAME)
    assert tsitsi("withdraw", NAME).status == 0
    (tsitsi.home / KEYSTORE).unlink()
    back = tsitsi("restore", clinic)
    assert (back.status, back.document["lost"]) == (0, []), back
    content = bytes_under(tsitsi.home)
    assert [trace for trace in traces if trace in content] == []
    assert_whole(tsitsi)


def test_a_reference_that_was_changed_comes_back_and_who_enrolled_since_stays(
    tsitsi: Chiso, volunteer: Volunteer, clinic: Path
) -> None:
    assert tsitsi.enrol("009", volunteer("009")).status == 0
    with tsitsi.database(STORE) as store:
        store.execute(
            "UPDATE reference_templates SET sealed = zeroblob(540) WHERE subject_id = "
            "(SELECT id FROM subjects WHERE label = '001')"
        )
    back = tsitsi("restore", clinic)
    assert (back.status, back.document["put_back"]) == (0, ["001"]), back
    for each in ("001", "009"):
        assert found(tsitsi, volunteer(each, "smiling")) == [each]
    assert_whole(tsitsi)


def test_a_store_of_garbage_is_replaced_and_the_note_beside_it_is_heeded(
    peopled: Chiso, volunteer: Volunteer, backup: Path
) -> None:
    back_up(peopled, backup)
    whole = (peopled.home / STORE).read_bytes()
    (peopled.home / STORE).write_bytes(b"not a database " * 1000)
    back = peopled("restore", backup)
    assert (back.status, back.document["assured_by"]) == (0, "checkpoint"), back
    assert found(peopled, volunteer("001", "smiling")) == ["001"]
    assert_whole(peopled)

    (peopled.home / STORE).write_bytes(whole[:-4096] + b"x" * 4096)
    (peopled.home / STORE).write_bytes(b"not a database " * 1000)
    refused = peopled("restore", backup)
    assert_error(refused, 4, "erasures-unknown", "2 leaves after this backup")
    assert peopled.home.joinpath(STORE).read_bytes().startswith(b"not a database")


def test_it_says_who_is_left_out_and_who_is_back(
    tsitsi: Chiso, clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tsitsi("withdraw", NAME).status == 0
    with tsitsi.database(KEYSTORE) as keystore:
        keystore.execute("DELETE FROM person_keys")
    capsys.readouterr()
    assert main(["restore", str(clinic)]) == 0
    said = capsys.readouterr()
    assert f"Left out: {NAME}" in said.out
    for label in ("001", "003", "005"):
        assert f"Put back from the backup: {label}." in said.out
    assert NAME not in [each["subject"] for each in tsitsi("subjects").document["subjects"]]


def test_who_enrolled_again_after_she_withdrew_stays_as_she_is_now(
    tsitsi: Chiso, volunteer: Volunteer, clinic: Path
) -> None:
    traces = traces_of(tsitsi, NAME)[1:]
    assert tsitsi("withdraw", NAME).status == 0
    assert tsitsi.enrol(NAME, volunteer("006")).status == 0
    back = tsitsi("restore", clinic)
    assert (back.status, back.document["log"]) == (0, "living"), back
    content = bytes_under(tsitsi.home)
    assert [trace for trace in traces if trace in content] == []
    assert found(tsitsi, volunteer("006", "smiling")) == [NAME]
    assert_whole(tsitsi)


@pytest.mark.parametrize("damage", [_without_a_choice, _without_records, a_threshold_record_edited])
def test_thresholds_that_are_not_whole_come_from_the_backup_and_the_log_stays(
    tsitsi: Chiso, volunteer: Volunteer, clinic: Path, damage: Callable[[Path], None]
) -> None:
    (before,) = tsitsi("threshold", "list").document["thresholds"]
    damage(tsitsi.home)
    assert tsitsi("verify", NAME, volunteer("006"), "--purpose", PURPOSE).status > 1

    back = tsitsi("restore", clinic)

    assert (back.status, back.document["log"]) == (0, "living"), back
    assert tsitsi("threshold", "list").document["thresholds"] == [before]
    assert types_of_leaves(tsitsi)[-2:] == ["threshold-changed", "restored"]
    assert found(tsitsi, volunteer("006", "smiling")) == [NAME]
    assert_whole(tsitsi)
