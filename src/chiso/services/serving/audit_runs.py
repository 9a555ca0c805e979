"""Audits that a server runs: one at a time, watched while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from chiso.core.errors import ChisoError, Code
from chiso.core.ports import Clock
from chiso.services.audit.measuring import Watcher


@dataclass(frozen=True, slots=True)
class AuditRun:
    """An audit that runs, or that ran last: `seq` is the leaf that tells of it, once it is done."""

    name: str
    began: datetime
    what: str = ""
    done: int = 0
    total: int = 0
    seq: int | None = None
    error: ChisoError | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is done, or failed."""
        return self.seq is not None or self.error is not None


class AuditRuns:
    """Which audit runs, for any number of threads to ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._run: AuditRun | None = None
        self._lock = threading.Lock()
        self._is_stopping = False

    @property
    def last(self) -> AuditRun | None:
        """The audit that runs, or that ran last; None before the first."""
        return self._run

    def begin(self, name: str) -> None:
        """Claim the one place there is. Raises BUSY where an audit runs."""
        with self._lock:
            if self._run is not None and not self._run.is_over:
                raise ChisoError(
                    Code.BUSY, "An audit is running already.", "Wait until it is done.", 60
                )
            self._run = AuditRun(name, self._clock.now())

    def run(self, work: Callable[[Watcher], int]) -> None:
        """Do what was begun; `work` returns the number of its leaf. What fails is kept to show."""
        try:
            self._change(seq=work(self._watch))
        except ChisoError as error:
            self._change(error=error)
        except BaseException as bug:
            text = f"It stopped: {type(bug).__name__}."
            self._change(error=ChisoError(Code.MODEL_FAILED, text, "Please report it."))
            raise

    def abandon(self, error: ChisoError) -> None:
        """There was no room to do what was begun."""
        self._change(error=error)

    def stop(self) -> None:
        """End the audit that runs, at its next step: a server that stops does not wait for it."""
        self._is_stopping = True

    def _watch(self, what: str, done: int, total: int) -> None:
        if self._is_stopping:
            raise ChisoError(
                Code.BUSY, "This server is stopping.", "Nothing was recorded. Run the audit again."
            )
        self._change(what=what, done=done, total=total)

    def _change(self, **values: object) -> None:
        with self._lock:
            if self._run is not None:
                self._run = replace(self._run, **values)  # type: ignore[arg-type]
