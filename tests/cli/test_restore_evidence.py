"""What a restore takes as a sign that it knows who withdrew since the backup."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.running import STORE, Chiso, assert_error


def test_a_certificate_from_before_the_backup_says_nothing_of_the_time_since(
    peopled: Chiso, tmp_path: Path
) -> None:
    before, since = tmp_path / "before.json", tmp_path / "since.json"
    backup, elsewhere = tmp_path / "home.backup", tmp_path / "elsewhere"
    assert peopled("withdraw", "001", "--out", before).status == 0
    assert peopled("backup", "--out", backup, "--with-operator-key").status == 0
    assert peopled("withdraw", "003", "--out", since).status == 0

    restore = ("restore", backup, "--home", elsewhere, "--erased", before)
    assert_error(peopled(*restore), 4, "erasures-unknown", "Nothing here says who withdrew")
    assert not elsewhere.exists()

    restored = peopled(*restore, "--erased", since)
    assert restored.status == 0, restored
    assert [each["subject"] for each in restored.document["left_out"]] == ["003"]


def _hidden(home: Path) -> None:
    """What the leaf of the erasure says is taken out."""
    with closing(sqlite3.connect(home / STORE)) as store, store:
        store.execute("DELETE FROM log_payloads WHERE CAST(body AS TEXT) LIKE '%erased_subject%'")


def _told_of_another(home: Path) -> None:
    """The leaf of the erasure says that somebody else was erased."""
    with closing(sqlite3.connect(home / STORE)) as store, store:
        sayings = store.execute("SELECT seq, body FROM log_payloads").fetchall()
        ((seq, body),) = [each for each in sayings if b"erased_subject" in each[1]]
        told = body.replace(b'"erased_subject":"', b'"erased_subject":"x')
        store.execute("UPDATE log_payloads SET body = ? WHERE seq = ?", (told, seq))


@pytest.mark.parametrize("damage", [_hidden, _told_of_another])
def test_a_living_log_that_hides_an_erasure_does_not_bring_her_back(
    peopled: Chiso, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    backup, certificate = tmp_path / "home.backup", tmp_path / "certificate.json"
    assert peopled("backup", "--out", backup, "--with-operator-key").status == 0
    assert peopled("withdraw", "003", "--out", certificate).status == 0
    damage(peopled.home)

    refused = peopled("restore", backup)
    assert_error(refused, 4, "erasures-unknown", "1 leaves after this backup")
    restored = peopled("restore", backup, "--erased", certificate)
    assert restored.status == 0, restored
    assert [each["subject"] for each in restored.document["left_out"]] == ["003"]


def test_a_living_home_that_is_older_than_the_backup_tells_nothing_of_the_time_since(
    peopled: Chiso, tmp_path: Path
) -> None:
    older, backup = tmp_path / "older", tmp_path / "home.backup"
    shutil.copytree(peopled.home, older)
    assert peopled("withdraw", "001").status == 0
    assert peopled("backup", "--out", backup, "--with-operator-key").status == 0
    assert peopled("withdraw", "003").status == 0
    shutil.rmtree(peopled.home)
    shutil.copytree(older, peopled.home)
    assert_error(peopled("restore", backup), 4, "erasures-unknown", "Nothing here says")
