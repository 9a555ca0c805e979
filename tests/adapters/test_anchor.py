"""The note that holds the log's head outside the database."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chiso.adapters.home_files import AnchorFile
from chiso.core.errors import ChisoError, Code


def test_what_a_killed_process_left_of_a_note_is_removed_by_a_later_one(tmp_path: Path) -> None:
    long_ago, just_now = tmp_path / ".log.abandoned", tmp_path / ".log.in-use"
    for each in (long_ago, just_now):
        each.write_text("half a no")
    os.utime(long_ago, (0, 0))
    AnchorFile(tmp_path / "log.note").write("a note")
    assert {each.name for each in tmp_path.iterdir()} == {"log.note", just_now.name}


def test_a_note_that_cannot_take_its_place_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchor = AnchorFile(tmp_path / "log.note")
    anchor.write("the old note")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(ChisoError) as raised:
        anchor.write("a new note")
    assert raised.value.code is Code.STORE_FULL
    assert anchor.read() == "the old note"
    assert [each.name for each in tmp_path.iterdir()] == ["log.note"]
