"""The note that holds the log's head outside the database."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from chiso.adapters.anchor import AnchorFile
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


def test_a_note_takes_the_place_of_one_of_any_length(tmp_path: Path) -> None:
    anchor = AnchorFile(tmp_path / "log.note")
    for note in ("leaf 9", "leaf 10", "leaf 11", "leaf 9", "é", "a" * 5000, "b" * 5000):
        anchor.write(note)
        assert anchor.read() == note
    assert [each.name for each in tmp_path.iterdir()] == ["log.note"]


@pytest.mark.skipif(sys.platform == "win32", reason="there every note gets a new file")
def test_nobody_reads_a_note_while_another_is_written_over_it(tmp_path: Path) -> None:
    import fcntl

    anchor = AnchorFile(tmp_path / "log.note")
    anchor.write("leaf 10")
    with (tmp_path / "log.note").open("r+b", buffering=0) as file, ThreadPoolExecutor(1) as reader:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(b"leaf 1")
        read = reader.submit(anchor.read)
        with pytest.raises(TimeoutError):
            read.result(timeout=0.1)
        file.seek(0)
        file.write(b"leaf 11")
        fcntl.flock(file, fcntl.LOCK_UN)
        assert read.result() == "leaf 11"


@pytest.mark.parametrize("written", [0, 3])
def test_a_note_that_cannot_be_written_over_the_old_one_gets_a_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    anchor = AnchorFile(tmp_path / "log.note")
    anchor.write("leaf 10")
    really = os.pwrite

    def stop(descriptor: int, content: bytes, offset: int) -> int:
        if not written:
            raise OSError(5, "Input/output error")
        return really(descriptor, content[:written], offset)

    monkeypatch.setattr(os, "pwrite", stop)
    anchor.write("LEAF 11")
    assert anchor.read() == "LEAF 11"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # left to be closed
def test_ctrl_c_at_any_moment_leaves_one_whole_note_and_nothing_else(tmp_path: Path) -> None:
    anchor = AnchorFile(tmp_path / "log.note")
    anchor.write("leaf 9")
    steps = 0
    while _interrupted_at(steps, lambda: anchor.write("leaf 10")):
        assert [each.name for each in tmp_path.iterdir()] == ["log.note"], f"step {steps}"
        assert anchor.read() in ("leaf 9", "leaf 10")
        (tmp_path / "log.note").write_text("leaf 9")
        steps += 1
    assert steps > 30
    assert anchor.read() == "leaf 10"


def _interrupted_at(step: int, act: Callable[[], None]) -> bool:
    """Act, with Ctrl-C ahead of that bytecode of replacing a note; False where it has fewer."""
    left = step

    def watch(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_code is not AnchorFile._replaced_by.__code__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == -1:
                raise KeyboardInterrupt
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False
