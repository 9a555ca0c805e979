"""A bounded pool of threads for all that takes time; what does not fit is refused, not queued."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from chiso.core.errors import ChisoError, Code

_Made = TypeVar("_Made")


class Workroom:
    """Runs work off the event loop: `workers` at once, and at most `waiting` more in line."""

    def __init__(self, workers: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="chiso-work")
        self._room = workers + waiting
        self._inside = 0
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def inside(self) -> int:
        """How many are worked on or wait."""
        return self._inside

    async def run(self, work: Callable[[], _Made]) -> _Made:
        """Do this work, and return what it returns. Raises BUSY where there is no room for it.

        Work that has begun is finished, also where nobody waits for its answer any more.
        """
        self._enter()
        future = self._pool.submit(work)
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Take nothing new, and return when all that was taken is done."""
        self._is_closed = True
        self._pool.shutdown(wait=True)

    def _enter(self) -> None:
        with self._lock:
            if self._is_closed:
                raise busy("This server is stopping.")
            if self._inside >= self._room:
                raise busy("This server has as much to do as it can.")
            self._inside += 1

    def _leave(self, _: Future[_Made]) -> None:
        with self._lock:
            self._inside -= 1


def busy(message: str) -> ChisoError:
    """The error for a call that there is no room for: it may be made again."""
    return ChisoError(Code.BUSY, message, "Nothing was done. Try again in a second.", 1)
