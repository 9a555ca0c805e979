"""A forked process that does something and tells of it, line by line."""

from __future__ import annotations

import json
import os
import signal
import traceback
from collections.abc import Callable
from typing import Any

Say = Callable[..., None]
Work = Callable[[Say], None]


class Child:
    """A forked process that tells, line by line, what it does."""

    def __init__(self, work: Work) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            _work_and_end(work, writing)
        os.close(writing)
        self._lines = os.fdopen(reading, "rb")

    def said(self) -> list[Any] | None:
        """The next whole line, None at the end."""
        line = self._lines.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, signal.SIGKILL)

    def ended(self) -> tuple[list[list[Any]], int]:
        """What else it said, and how it ended (negative: the signal)."""
        rest = []
        while (line := self.said()) is not None:
            rest.append(line)
        self._lines.close()
        return rest, os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _work_and_end(work: Work, writing: int) -> None:
    """Never returns: what belongs to the parent must not run a second time here."""
    status = 1
    try:
        work(lambda *words: _say(writing, words))
        status = 0
    except BaseException:  # noqa: BLE001 - told to the parent, who fails
        _say(writing, ("failed", traceback.format_exc()))
    finally:
        os._exit(status)


def _say(writing: int, words: tuple[Any, ...]) -> None:
    os.write(writing, json.dumps(words).encode() + b"\n")
