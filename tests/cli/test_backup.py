"""Backing up and restoring: all comes back, and nobody who withdrew since."""

from __future__ import annotations

import base64
import json
import resource
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.running import (
    HOME_FILES,
    KEYSTORE,
    PURPOSE,
    STORE,
    Chiso,
    Document,
    assert_error,
    assert_whole,
)

from chiso.adapters import home_swap

Volunteer = Callable[..., Path]
NAME = "Tsitsi-Ruvarashe Dzvairo"
PARTS = ("manifest.json", "manifest.sig", "home.json", "log.note", KEYSTORE, STORE)


class PowerCutError(BaseException):
    """Stands for the process ending here: nothing catches it."""


@pytest.fixture
def tsitsi(peopled: Chiso, volunteer: Volunteer) -> Chiso:
    """chiso, working in a home with 001, 003, 005 and Tsitsi."""
    assert peopled.enrol(NAME, volunteer("006")).status == 0
    return peopled


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Where tests put a backup."""
    return tmp_path / "clinic.backup"


def _found(chiso: Chiso, photo: Path) -> list[str]:
    answer = chiso("identify", photo, "--purpose", PURPOSE).document
    return [each["subject"] for each in answer["faces"][0]["candidates"]]


def _back_up(chiso: Chiso, out: Path, *words: str) -> Document:
    made = chiso.process("backup", "--out", out, *words)
    assert made.status == 0, made
    return made.document


def _sealed_of(chiso: Chiso, label: str) -> list[bytes]:
    """Her ciphertexts, wrapped key, id and label: what must be in no file once she is erased."""
    query = (
        "SELECT s.id, r.sealed FROM reference_templates r JOIN subjects s ON s.id = r.subject_id "
        "WHERE s.label = ?"
    )
    with chiso.database(STORE) as store, chiso.database(KEYSTORE) as keystore:
        ((subject, sealed),) = store.execute(query, (label,)).fetchall()
        key = "SELECT wrapped FROM person_keys WHERE subject_id = ?"
        (wrapped,) = keystore.execute(key, (subject,)).fetchone()
    return [label.encode(), sealed[:64], wrapped]


def _bytes_under(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def _types_of_leaves(chiso: Chiso) -> list[str]:
    with chiso.database(STORE) as store:
        bodies = store.execute("SELECT body FROM log_payloads ORDER BY seq").fetchall()
    return [json.loads(body)["type"] for (body,) in bodies]


def test_a_backup_is_a_tar_file_of_its_owner_that_anyone_can_list(
    peopled: Chiso, backup: Path
) -> None:
    made = _back_up(peopled, backup)
    assert backup.stat().st_mode & 0o777 == 0o600
    with tarfile.open(backup) as tar:
        assert tuple(tar.getnames()) == PARTS
        manifest = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert manifest["log_size"] == made["log_size"] == peopled.holdings().leaves
    key = (peopled.home / "operator.key").read_bytes().strip()
    assert key not in backup.read_bytes()
    assert base64.b64decode(key) not in backup.read_bytes()
    assert_whole(peopled)


def test_everyone_comes_back_into_an_empty_place(
    peopled: Chiso, volunteer: Volunteer, backup: Path, tmp_path: Path
) -> None:
    made = _back_up(peopled, backup, "--with-operator-key")
    assert made["with_operator_key"] is True
    (tmp_path / "last.checkpoint").write_text(peopled("log", "checkpoint").document["checkpoint"])
    before = peopled.holdings()
    shutil.rmtree(peopled.home)

    back = peopled.process("restore", backup, "--newest-checkpoint", tmp_path / "last.checkpoint")

    assert back.status == 0, back
    assert (back.document["log"], back.document["assured_by"]) == ("backup", "checkpoint")
    after = peopled.holdings()
    assert after.leaves == before.leaves + 1
    assert (after.subjects, after.keys, after.referenced) == (
        before.subjects,
        before.keys,
        before.referenced,
    )
    assert _found(peopled, volunteer("001", "smiling")) == ["001"]
    assert _types_of_leaves(peopled)[before.leaves] == "restored"
    assert peopled.home.stat().st_mode & 0o777 == 0o700
    assert_whole(peopled)


def test_a_backup_made_while_others_write_is_of_one_moment(
    peopled: Chiso, volunteer: Volunteer, backup: Path, tmp_path: Path
) -> None:
    busy = [
        peopled.started("identify", volunteer("003", "smiling"), "--purpose", PURPOSE),
        peopled.started("withdraw", "005"),
    ]
    _back_up(peopled, backup, "--with-operator-key")
    assert [each.wait(60) for each in busy] == [0, 0]
    for each in busy:
        each.communicate()
    elsewhere = ("--home", tmp_path / "elsewhere")
    back = peopled("restore", backup, "--nobody-withdrew-since", *elsewhere)
    assert back.status == 0, back
    assert peopled("log", "verify", *elsewhere).status == 0
    shown = peopled("subjects", *elsewhere).document["subjects"]
    assert {each["references"] for each in shown} == {1}


def test_who_withdrew_after_a_backup_does_not_come_back_over_her_living_home(
    tsitsi: Chiso, volunteer: Volunteer, backup: Path
) -> None:
    traces = _sealed_of(tsitsi, NAME)
    _back_up(tsitsi, backup)
    assert all(trace in backup.read_bytes() for trace in traces)
    assert tsitsi.process("withdraw", NAME).status == 0

    back = tsitsi.process("restore", backup)

    assert back.status == 0, back
    assert back.document["log"] == "living"
    ((left_out),) = back.document["left_out"]
    assert left_out["subject"] == NAME
    assert {path.name for path in tsitsi.home.iterdir()} == HOME_FILES
    content = _bytes_under(tsitsi.home)
    assert [trace for trace in traces if trace in content] == []
    assert NAME not in _found(tsitsi, volunteer("006", "smiling"))
    for other in ("001", "003", "005"):
        assert _found(tsitsi, volunteer(other, "smiling")) == [other]
    assert_whole(tsitsi)


def test_who_withdrew_does_not_come_back_where_her_certificate_is_shown(
    tsitsi: Chiso, volunteer: Volunteer, backup: Path, tmp_path: Path
) -> None:
    traces = _sealed_of(tsitsi, NAME)
    _back_up(tsitsi, backup, "--with-operator-key")
    assert tsitsi.process("withdraw", NAME, "--out", tmp_path / "cert.json").status == 0
    shutil.rmtree(tsitsi.home)

    refused = tsitsi.process("restore", backup)
    assert_error(refused, 4, "erasures-unknown", "--erased", "--nobody-withdrew-since", "withdrew")
    assert not tsitsi.home.exists()
    back = tsitsi.process("restore", backup, "--erased", tmp_path / "cert.json")

    assert back.status == 0, back
    assert [each["subject"] for each in back.document["left_out"]] == [NAME]
    content = _bytes_under(tsitsi.home)
    assert [trace for trace in traces if trace in content] == []
    assert NAME not in _found(tsitsi, volunteer("006", "smiling"))
    assert _found(tsitsi, volunteer("001", "smiling")) == ["001"]
    assert _types_of_leaves(tsitsi)[-3:-1] == ["erased", "identified"]
    assert_whole(tsitsi)


def test_a_certificate_that_was_edited_restores_nothing(
    tsitsi: Chiso, backup: Path, tmp_path: Path
) -> None:
    _back_up(tsitsi, backup, "--with-operator-key")
    assert tsitsi("withdraw", NAME, "--out", tmp_path / "cert.json").status == 0
    document = json.loads((tmp_path / "cert.json").read_text())
    (tmp_path / "cert.json").write_text(
        json.dumps(
            {
                "certificate": document["certificate"].replace(NAME, "001"),
                "signature": document["signature"],
            }
        )
    )
    elsewhere = tmp_path / "elsewhere"
    refused = tsitsi("restore", backup, "--erased", tmp_path / "cert.json", "--home", elsewhere)
    assert_error(refused, 5, "certificate-invalid")
    assert not elsewhere.exists()


def test_a_longer_log_elsewhere_says_that_something_happened_since(
    peopled: Chiso, backup: Path, tmp_path: Path
) -> None:
    _back_up(peopled, backup, "--with-operator-key")
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
    _back_up(tsitsi, backup)
    held = tsitsi("receipts", NAME).document["receipts"]
    (receipt,) = [each["receipt"] for each in held if each["purpose"] == PURPOSE]
    assert tsitsi.process("withdraw", NAME, "--receipt", receipt).status == 0
    with tsitsi.database(STORE) as store:  # its log no longer verifies: the backup's goes on
        store.execute("UPDATE log_leaves SET leaf_hash = zeroblob(32) WHERE seq = 1")

    back = tsitsi("restore", backup, "--nobody-withdrew-since")

    assert (back.status, back.document["log"]) == (0, "backup"), back
    assert [each["receipt"] for each in back.document["left_out"]] == [receipt]
    assert NAME not in _found(tsitsi, volunteer("006", "smiling"))
    states = {
        each["receipt"]: each["state"] for each in tsitsi("receipts", NAME).document["receipts"]
    }
    assert states.pop(receipt) == "withdrawn"
    assert list(states.values()) == ["in force"]
    assert_whole(tsitsi)


def test_a_keystore_that_was_lost_comes_back_and_the_log_stays(
    tsitsi: Chiso, volunteer: Volunteer, backup: Path
) -> None:
    _back_up(tsitsi, backup)
    assert tsitsi("withdraw", "003").status == 0
    assert tsitsi.enrol("009", volunteer("009")).status == 0
    leaves = tsitsi.holdings().leaves
    (tsitsi.home / KEYSTORE).unlink()
    assert_error(tsitsi("subjects"), 6, "home-unreadable", "chiso restore")

    back = tsitsi("restore", backup)

    assert (back.status, back.document["log"]) == (0, "living"), back
    assert [each["subject"] for each in back.document["left_out"]] == ["003"]
    assert back.document["lost"] == ["009"], "her key is in no file"
    assert _found(tsitsi, volunteer("006", "smiling")) == [NAME]
    assert tsitsi.holdings().leaves > leaves
    assert_whole(tsitsi)


def test_a_keystore_from_the_backup_brings_no_key_of_who_withdrew_since(
    tsitsi: Chiso, backup: Path
) -> None:
    traces = _sealed_of(tsitsi, NAME)
    _back_up(tsitsi, backup)
    assert tsitsi.process("withdraw", NAME).status == 0
    (tsitsi.home / KEYSTORE).unlink()
    back = tsitsi.process("restore", backup)
    assert (back.status, back.document["lost"]) == (0, []), back
    content = _bytes_under(tsitsi.home)
    assert [trace for trace in traces if trace in content] == []
    assert_whole(tsitsi)


def test_a_reference_that_was_changed_comes_back_and_who_enrolled_since_stays(
    tsitsi: Chiso, volunteer: Volunteer, backup: Path
) -> None:
    _back_up(tsitsi, backup)
    assert tsitsi.enrol("009", volunteer("009")).status == 0
    with tsitsi.database(STORE) as store:
        store.execute(
            "UPDATE reference_templates SET sealed = zeroblob(540) WHERE subject_id = "
            "(SELECT id FROM subjects WHERE label = '001')"
        )
    back = tsitsi("restore", backup)
    assert (back.status, back.document["put_back"]) == (0, ["001"]), back
    for each in ("001", "009"):
        assert _found(tsitsi, volunteer(each, "smiling")) == [each]
    assert_whole(tsitsi)


def test_a_store_of_garbage_is_replaced_and_the_note_beside_it_is_heeded(
    peopled: Chiso, volunteer: Volunteer, backup: Path
) -> None:
    _back_up(peopled, backup)
    whole = (peopled.home / STORE).read_bytes()
    (peopled.home / STORE).write_bytes(b"not a database " * 1000)
    back = peopled("restore", backup)
    assert (back.status, back.document["assured_by"]) == (0, "checkpoint"), back
    assert _found(peopled, volunteer("001", "smiling")) == ["001"]
    assert_whole(peopled)

    (peopled.home / STORE).write_bytes(whole[:-4096] + b"x" * 4096)
    (peopled.home / STORE).write_bytes(b"not a database " * 1000)
    refused = peopled("restore", backup)
    assert_error(refused, 4, "erasures-unknown", "2 leaves after this backup")
    assert peopled.home.joinpath(STORE).read_bytes().startswith(b"not a database")


def test_a_former_operators_key_does_not_come_back_with_an_old_backup(
    peopled: Chiso, volunteer: Volunteer, backup: Path, tmp_path: Path
) -> None:
    former = shutil.copy(peopled.home / "operator.key", tmp_path / "former.key")
    _back_up(peopled, backup)
    assert peopled("keys", "rotate").status == 0
    now = (peopled.home / "operator.key").read_bytes()
    (peopled.home / STORE).write_bytes(b"not a database " * 1000)

    words = ("restore", backup, "--nobody-withdrew-since")
    assert_error(peopled(*words), 5, "wrong-operator-key", "--operator-key", "rotate")
    assert peopled(*words, "--operator-key", former).status == 0

    assert (peopled.home / "operator.key").read_bytes() == now
    assert _found(peopled, volunteer("001", "smiling")) == ["001"]
    assert _types_of_leaves(peopled)[-2] == "key-rotated"
    assert_whole(peopled)


@pytest.mark.parametrize("part", PARTS)
def test_a_backup_with_a_changed_part_is_refused_by_name(
    peopled: Chiso, backup: Path, part: str
) -> None:
    _back_up(peopled, backup)
    with tarfile.open(backup) as tar:
        entry = tar.getmember(part)
        at = entry.offset_data + entry.size // 2
    content = bytearray(backup.read_bytes())
    content[at] ^= 1
    backup.write_bytes(content)
    before = _bytes_under(peopled.home)
    refused = peopled("restore", backup)
    said = "manifest" if part.startswith("manifest") else part
    assert_error(refused, 5, "backup-damaged", said, "another copy")
    assert _bytes_under(peopled.home) == before


@pytest.mark.parametrize("kept", [0, 100, 700, 3000, 20_000, -5000])
def test_a_backup_that_was_cut_is_refused(
    peopled: Chiso, backup: Path, tmp_path: Path, kept: int
) -> None:
    _back_up(peopled, backup)
    with tarfile.open(backup) as tar:
        end = tar.getmember(STORE).offset_data + tar.getmember(STORE).size
    backup.write_bytes(backup.read_bytes()[:end][:kept])
    elsewhere = tmp_path / "elsewhere"
    refused = peopled("restore", backup, "--home", elsewhere)
    assert_error(refused, 5, "backup-damaged", str(backup))
    assert not elsewhere.exists()


def test_a_part_that_the_manifest_does_not_list_is_refused(peopled: Chiso, backup: Path) -> None:
    _back_up(peopled, backup)
    with tarfile.open(backup, "a") as tar:
        tar.add(peopled.home / "operator.key", "../operator.key")
    assert_error(peopled("restore", backup), 5, "backup-damaged", "../operator.key")


def test_a_backup_of_another_home_is_not_put_over_this_one(
    peopled: Chiso, backup: Path, tmp_path: Path
) -> None:
    _back_up(peopled, backup, "--with-operator-key")
    other = tmp_path / "other"
    assert peopled("init", "--home", other).status == 0
    refused = peopled("restore", backup, "--home", other)
    assert_error(refused, 2, "home-exists", str(other), "another one")
    assert peopled("log", "verify", "--home", other).status == 0


@pytest.mark.parametrize("step", ["before", "during", "after"])
def test_a_restore_cut_off_while_it_puts_the_home_in_place_leaves_one_of_the_two_whole(
    tsitsi: Chiso,
    volunteer: Volunteer,
    backup: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    _back_up(tsitsi, backup)
    assert tsitsi("withdraw", NAME).status == 0
    real, moved = Path.replace, list[Path]()
    last = {"before": 0, "during": 7, "after": 99}[step]

    def replace(path: Path, target: Path) -> Path:
        if ".before-restore" in f"{path}{target}" or ".restoring" in str(path):
            moved.append(path)
            if len(moved) > last:
                raise PowerCutError
        return real(path, target)

    def cut(*_: object, **__: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as power:
        power.setattr(Path, "replace", replace)
        if step == "after":
            power.setattr(home_swap, "_let_go", cut)
        with pytest.raises(PowerCutError):
            tsitsi("restore", backup)

    assert_whole(tsitsi)
    assert NAME not in _found(tsitsi, volunteer("006", "smiling"))
    assert _found(tsitsi, volunteer("001", "smiling")) == ["001"]
    assert ("restored" in _types_of_leaves(tsitsi)) == (step == "after")


def test_a_restore_that_was_killed_leaves_no_copy_for_long(
    tsitsi: Chiso, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _back_up(tsitsi, backup)
    left = tsitsi.home / ".restoring" / "backup"
    left.mkdir(parents=True)
    (left / STORE).write_bytes(NAME.encode())
    assert tsitsi("restore", backup).status == 0
    assert_whole(tsitsi)


def test_a_backup_that_was_killed_leaves_no_copy_for_long(peopled: Chiso, backup: Path) -> None:
    left = backup.parent / f".{backup.name}.99999999.making"
    left.mkdir()
    (left / STORE).touch()
    _back_up(peopled, backup)
    assert not left.exists()


def test_an_existing_file_is_left_as_it_is(peopled: Chiso, backup: Path) -> None:
    backup.write_text("mine")
    assert_error(peopled("backup", "--out", backup), 2, "bad-argument", str(backup), "--out")
    assert backup.read_text() == "mine"
    assert_whole(peopled)


def test_a_folder_that_is_not_there_is_named(peopled: Chiso, tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "b"
    assert_error(peopled("backup", "--out", out), 6, "file-unreadable", str(out))


def test_a_full_disk_leaves_no_half_backup(peopled: Chiso, backup: Path) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    refused = peopled.process("backup", "--out", backup, before=little_room)
    assert refused.status == 6, refused
    assert not backup.exists()
    assert not list(backup.parent.glob(".*"))
    assert_whole(peopled)
