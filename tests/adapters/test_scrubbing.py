"""Scrubbing the store while other processes are at work in it: waited for, and not for ever."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from chiso.adapters.store.sqlite import SqliteStore
from chiso.core.errors import ChisoError, Code

_FILE = "store.sqlite3"
_LOCK_OF_WHO_MAKES_A_CHECKPOINT = 121
"""Byte of the shared memory's file (https://sqlite.org/walformat.html, section 2.3)."""


@pytest.fixture
def written(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store with something in its write-ahead log."""
    store = SqliteStore(tmp_path / _FILE)
    store.migrate()
    with store.writing() as transaction:
        transaction.put_setting("pack", "offline")
    yield store
    store.close()


@contextmanager
def _checkpoint_elsewhere(folder: Path) -> Iterator[Callable[[], None]]:
    """Another process is in the middle of a checkpoint; yields what ends it."""
    program = (
        "import fcntl, sys\n"
        f"file = open({str(folder / _FILE) + '-shm'!r}, 'r+b')\n"
        f"fcntl.lockf(file, fcntl.LOCK_EX, 1, {_LOCK_OF_WHO_MAKES_A_CHECKPOINT})\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        try:
            yield other.stdin.close
        finally:
            other.kill()


def test_a_checkpoint_of_another_process_is_waited_for(
    written: SqliteStore, tmp_path: Path
) -> None:
    with _checkpoint_elsewhere(tmp_path) as end:
        ending = Timer(0.2, end)
        ending.start()
        written.scrub(patience_s=30.0)
        ending.join()
    assert (tmp_path / f"{_FILE}-wal").stat().st_size == 0


def test_a_checkpoint_that_does_not_end_is_waited_for_no_longer_than_was_said(
    written: SqliteStore, tmp_path: Path
) -> None:
    with _checkpoint_elsewhere(tmp_path), pytest.raises(ChisoError) as caught:
        written.scrub(patience_s=0.1)
    assert caught.value.code is Code.ERASURE_UNFINISHED
    written.scrub(patience_s=0.0)
    assert (tmp_path / f"{_FILE}-wal").stat().st_size == 0
