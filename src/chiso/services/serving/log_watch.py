"""Verifies the log of a served home, and remembers when it last did and what it found."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from chiso.core.errors import ChisoError
from chiso.services import log_check
from chiso.services.home import Home


@dataclass(frozen=True, slots=True)
class Verified:
    """When the log was last verified, and what was found; `error` None: it holds."""

    at: datetime
    size: int
    error: ChisoError | None


class LogWatch:
    """Keeps the last result, in memory: a server that starts verifies anew."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._last: Verified | None = None
        self._verifying = threading.Lock()

    @property
    def last(self) -> Verified | None:
        """The last verification; None until the first is done."""
        return self._last

    def verify(self) -> Verified:
        """Verify the log now. What is wrong with it is kept as well, and not raised."""
        with self._verifying:
            self._last = self._verified()
            return self._last

    def verify_unless_underway(self) -> None:
        """As `verify`, but where another does it already: a long log takes its time."""
        if self._verifying.acquire(blocking=False):
            try:
                self._last = self._verified()
            finally:
                self._verifying.release()

    def _verified(self) -> Verified:
        error, size = None, 0
        try:
            size = log_check.verify(self._home).size
        except ChisoError as found:
            error = found
        return Verified(self._home.clock.now(), size, error)
