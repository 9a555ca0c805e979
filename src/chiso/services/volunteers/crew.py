"""Work spread over processes that Ctrl-C does not reach; their failures come back as errors."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from chiso.core.errors import ChisoError, Code
from chiso.volunteers.portraits import Studio

OpenStudio = Callable[[], Studio]
"""A function of a module, so that another process finds it by name."""

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
_WAITING_PER_PROCESS = 2


@cache
def opened(open_studio: OpenStudio) -> Studio:
    """This process's studio: opened when it is first asked for, then kept."""
    return open_studio()


def studio_digest(open_studio: OpenStudio) -> str:
    """The digest of the studio that this process opens."""
    return opened(open_studio).digest


@dataclass(frozen=True, slots=True)
class Crew:
    """Processes that work until the block of `crew` ends."""

    jobs: int
    pool: ProcessPoolExecutor

    def results(
        self, work: Callable[[_Task], _Result], tasks: Iterable[_Task]
    ) -> Iterator[_Result]:
        """Each task's result, as they come. Tasks are taken as they are needed, not all at once.

        Raises the ChisoError that `work` raised.
        """
        waiting: set[Future[_Result | _Failure]] = set()
        for task in tasks:
            waiting.add(self._submitted(work, task))
            if len(waiting) >= self.jobs * _WAITING_PER_PROCESS:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from map(_result, done)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from map(_result, done)

    def result(self, work: Callable[[_Task], _Result], task: _Task) -> _Result:
        """One task's result."""
        (result,) = self.results(work, [task])
        return result

    def _submitted(
        self, work: Callable[[_Task], _Result], task: _Task
    ) -> Future[_Result | _Failure]:
        # Submitting may start a process. It inherits which signals are blocked, and so is deaf to
        # the Ctrl-C that a terminal sends to everyone, from its first instruction on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self.pool.submit(_attempt, work, task)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def crew(jobs: int) -> Iterator[Crew]:
    """Up to `jobs` processes, gone when the block ends; what they are at is cut off if it fails.

    Raises ChisoError(STUDIO_FAILED) where one of them died.
    """
    spawning = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=spawning, initializer=_follow_parent)
    try:
        yield Crew(jobs, pool)
    except BrokenProcessPool as error:
        raise ChisoError(
            Code.STUDIO_FAILED,
            "A process that was rendering died: the machine may be short of memory.",
            "What was finished is kept. Run the same command again, with fewer --jobs.",
        ) from error
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _follow_parent() -> None:
    """Let this process end when the one that started it is killed; it would wait for ever."""

    def follow() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@dataclass(frozen=True, slots=True)
class _Failure:
    """A ChisoError on its way from another process."""

    code: Code
    message: str
    hint: str


def _attempt(work: Callable[[_Task], _Result], task: _Task) -> _Result | _Failure:
    try:
        return work(task)
    except ChisoError as error:
        return _Failure(error.code, error.message, error.hint)


def _result(future: Future[_Result | _Failure]) -> _Result:
    result = future.result()
    if isinstance(result, _Failure):
        raise ChisoError(result.code, result.message, result.hint)
    return result
