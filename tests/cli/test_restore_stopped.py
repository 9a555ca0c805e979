"""A restore that is refused or cut off: nothing of the home that is there is lost."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.backups import (
    NAME,
    PARTS,
    back_up,
    bytes_under,
    found,
    types_of_leaves,
)
from tests.cli.running import (
    STORE,
    Chiso,
    assert_error,
    assert_whole,
)

from chiso import wiring_upkeep
from chiso.adapters import home_swap
from chiso.adapters.home_lock import alone_in, others_at_work

Volunteer = Callable[..., Path]


class PowerCutError(BaseException):
    """Stands for the process ending here: nothing catches it."""


@pytest.mark.parametrize("part", PARTS)
def test_a_backup_with_a_changed_part_is_refused_by_name(
    tsitsi: Chiso, clinic: Path, backup: Path, part: str
) -> None:
    shutil.copyfile(clinic, backup)
    with tarfile.open(backup) as tar:
        entry = tar.getmember(part)
        at = entry.offset_data + entry.size // 2
    content = bytearray(backup.read_bytes())
    content[at] ^= 1
    backup.write_bytes(content)
    before = bytes_under(tsitsi.home)
    refused = tsitsi("restore", backup)
    said = "manifest" if part.startswith("manifest") else part
    assert_error(refused, 5, "backup-damaged", said, "another copy")
    assert bytes_under(tsitsi.home) == before


@pytest.mark.parametrize("kept", [0, 100, 700, 3000, 20_000, -5000])
def test_a_backup_that_was_cut_is_refused(
    tsitsi: Chiso, clinic: Path, backup: Path, tmp_path: Path, kept: int
) -> None:
    shutil.copyfile(clinic, backup)
    with tarfile.open(backup) as tar:
        end = tar.getmember(STORE).offset_data + tar.getmember(STORE).size
    backup.write_bytes(backup.read_bytes()[:end][:kept])
    elsewhere = tmp_path / "elsewhere"
    refused = tsitsi("restore", backup, "--home", elsewhere)
    assert_error(refused, 5, "backup-damaged", str(backup))
    assert not elsewhere.exists()


def test_a_part_that_the_manifest_does_not_list_is_refused(
    tsitsi: Chiso, clinic: Path, backup: Path
) -> None:
    shutil.copyfile(clinic, backup)
    with tarfile.open(backup, "a") as tar:
        tar.add(tsitsi.home / "operator.key", "../operator.key")
    assert_error(tsitsi("restore", backup), 5, "backup-damaged", "../operator.key")


def test_a_backup_of_another_home_is_not_put_over_this_one(
    peopled: Chiso, keyed: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    assert peopled("init", "--home", other).status == 0
    refused = peopled("restore", keyed, "--home", other)
    assert_error(refused, 2, "home-exists", str(other), "another one")
    assert peopled("log", "verify", "--home", other).status == 0


@pytest.mark.parametrize("step", ["before", "during", "after"])
def test_a_restore_cut_off_while_it_puts_the_home_in_place_leaves_one_of_the_two_whole(
    tsitsi: Chiso,
    volunteer: Volunteer,
    clinic: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
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
            tsitsi("restore", clinic)

    assert_whole(tsitsi)
    assert NAME not in found(tsitsi, volunteer("006", "smiling"))
    assert found(tsitsi, volunteer("001", "smiling")) == ["001"]
    assert ("restored" in types_of_leaves(tsitsi)) == (step == "after")


def test_a_restore_that_was_killed_leaves_no_copy_for_long(
    tsitsi: Chiso, clinic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tsitsi.home / ".restoring" / "backup"
    left.mkdir(parents=True)
    (left / STORE).write_bytes(NAME.encode())
    assert tsitsi("restore", clinic).status == 0
    assert_whole(tsitsi)


def test_a_certificate_that_was_edited_restores_nothing(
    tsitsi: Chiso, keyed: Path, tmp_path: Path
) -> None:
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
    refused = tsitsi("restore", keyed, "--erased", tmp_path / "cert.json", "--home", elsewhere)
    assert_error(refused, 5, "certificate-invalid")
    assert not elsewhere.exists()


def test_a_former_operators_key_does_not_come_back_with_an_old_backup(
    peopled: Chiso, volunteer: Volunteer, backup: Path, tmp_path: Path
) -> None:
    former = shutil.copy(peopled.home / "operator.key", tmp_path / "former.key")
    back_up(peopled, backup)
    assert peopled("keys", "rotate").status == 0
    now = (peopled.home / "operator.key").read_bytes()
    (peopled.home / STORE).write_bytes(b"not a database " * 1000)

    words = ("restore", backup, "--nobody-withdrew-since")
    assert_error(peopled(*words), 5, "wrong-operator-key", "--operator-key", "rotate")
    assert peopled(*words, "--operator-key", former).status == 0

    assert (peopled.home / "operator.key").read_bytes() == now
    assert found(peopled, volunteer("001", "smiling")) == ["001"]
    assert types_of_leaves(peopled)[-2] == "key-rotated"
    assert_whole(peopled)


def test_a_home_that_another_process_works_in_is_not_restored(tsitsi: Chiso, clinic: Path) -> None:
    working = tsitsi.started("purge", "--every", "24h")
    assert working.stderr is not None
    working.stderr.readline()  # it has looked once, and waits
    before = bytes_under(tsitsi.home)
    refused = tsitsi("restore", clinic)
    assert_error(refused, 6, "store-busy", "at work", str(tsitsi.home), "Stop whatever works")
    assert bytes_under(tsitsi.home) == before
    working.kill()
    working.communicate()
    assert tsitsi("restore", clinic).status == 0
    assert_whole(tsitsi)


def test_nobody_works_in_a_home_while_it_is_restored(tsitsi: Chiso, clinic: Path) -> None:
    with alone_in(tsitsi.home, others_at_work):
        assert_error(tsitsi("subjects"), 6, "store-busy", "is being restored")
        assert_error(tsitsi.process("restore", clinic), 6, "store-busy", "at work")
    assert tsitsi("subjects").status == 0


def test_a_place_that_cannot_be_written_is_named(
    tsitsi: Chiso, keyed: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    words = ("restore", keyed, "--nobody-withdrew-since", "--home")
    for place in (tmp_path / "taken", tmp_path / "taken" / "home"):
        refused = tsitsi(*words, place)
        assert_error(refused, 6, "file-unreadable", str(place), "another place")
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize("room_bytes", [2_000, 60_000])
def test_a_full_disk_leaves_the_home_as_it_is(tsitsi: Chiso, clinic: Path, room_bytes: int) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, room_bytes))

    before = bytes_under(tsitsi.home)
    refused = tsitsi.process("restore", clinic, before=little_room)
    assert refused.status == 6, refused
    assert bytes_under(tsitsi.home) == before
    assert_whole(tsitsi)


def test_ctrl_c_leaves_the_home_as_it_is(
    tsitsi: Chiso, clinic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    assert tsitsi("withdraw", NAME).status == 0
    with monkeypatch.context() as patch:
        patch.setattr(wiring_upkeep, "swap_in", interrupt)
        assert tsitsi("restore", clinic).status == 130
    assert not (tsitsi.home / ".restoring").exists()
    assert "restored" not in types_of_leaves(tsitsi)
    assert_whole(tsitsi)
