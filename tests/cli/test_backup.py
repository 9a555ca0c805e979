"""Backing up: one file of one moment, whole or not there."""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.backups import PARTS, back_up
from tests.cli.running import PURPOSE, STORE, Chiso, assert_error, assert_whole

from chiso import wiring
from chiso.adapters import backup_file
from chiso.adapters.backup_file import new_backup
from chiso.adapters.operator_key import OperatorKeyInFile
from chiso.core.errors import ChisoError, Code
from chiso.services.backup import back_up as back_up_now

Volunteer = Callable[..., Path]


class PowerCutError(BaseException):
    """Stands for the process ending here: nothing catches it."""


def test_a_backup_is_a_tar_file_of_its_owner_that_anyone_can_list(
    peopled: Chiso, backup: Path
) -> None:
    made = back_up(peopled, backup)
    assert backup.stat().st_mode & 0o777 == 0o600
    with tarfile.open(backup) as tar:
        assert tuple(tar.getnames()) == PARTS
        manifest = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert manifest["log_size"] == made["log_size"] == peopled.holdings().leaves
    key = (peopled.home / "operator.key").read_bytes().strip()
    assert key not in backup.read_bytes()
    assert base64.b64decode(key) not in backup.read_bytes()
    assert_whole(peopled)


def test_a_backup_made_while_others_write_is_of_one_moment(
    peopled: Chiso, volunteer: Volunteer, backup: Path, tmp_path: Path
) -> None:
    busy = [
        peopled.started("identify", volunteer("003", "smiling"), "--purpose", PURPOSE),
        peopled.started("withdraw", "005"),
    ]
    back_up(peopled, backup, "--with-operator-key")
    assert [each.wait(60) for each in busy] == [0, 0]
    for each in busy:
        each.communicate()
    elsewhere = ("--home", tmp_path / "elsewhere")
    back = peopled("restore", backup, "--nobody-withdrew-since", *elsewhere)
    assert back.status == 0, back
    assert peopled("log", "verify", *elsewhere).status == 0
    shown = peopled("subjects", *elsewhere).document["subjects"]
    assert {each["references"] for each in shown} == {1}


def test_a_backup_during_a_change_of_the_operators_key_is_refused(
    peopled: Chiso, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copied keystore and the key beside it would not belong together."""
    behind = wiring.open_home(peopled.home)
    with monkeypatch.context() as power:
        power.setattr(OperatorKeyInFile, "settle", _cut)
        with pytest.raises(PowerCutError):
            peopled("keys", "rotate")
    with pytest.raises(ChisoError) as refused:
        back_up_now(
            behind,
            OperatorKeyInFile(peopled.home),
            new_backup(peopled.home, backup),
            (peopled.home / "home.json").read_bytes(),
            with_operator_key=True,
        )
    behind.store.close()
    assert refused.value.code is Code.WRONG_OPERATOR_KEY
    assert not backup.exists()
    back_up(peopled, backup, "--with-operator-key")


def _cut(*_: object) -> None:
    raise PowerCutError


@pytest.mark.parametrize(
    "number", [99999999, os.getpid(), 10**30], ids=["nobody", "this", "no number of a process"]
)
def test_a_backup_that_was_killed_leaves_no_copy_for_long(
    peopled: Chiso, backup: Path, number: int
) -> None:
    """In a container the next process may have the number of the one that was killed."""
    left = backup.parent / f".{backup.name}.{number}.making"
    left.mkdir()
    (left / STORE).touch()
    back_up(peopled, backup)
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


@pytest.mark.parametrize("step", ["begin", "copy_store", "add", "parts", "_give_name"])
def test_ctrl_c_at_any_step_leaves_no_part_of_a_backup(
    tsitsi: Chiso, backup: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    owner = backup_file if step == "_give_name" else backup_file.BackupFile
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, interrupt)
        stopped = tsitsi("backup", "--out", backup)
    assert (stopped.status, stopped.stdout) == (130, "")
    assert not [each for each in backup.parent.iterdir() if backup.name in each.name]
    assert_whole(tsitsi)
    back_up(tsitsi, backup)
