"""What a restore takes as a sign that it knows who withdrew since the backup."""

from __future__ import annotations

from pathlib import Path

from tests.cli.running import Chiso, assert_error


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
