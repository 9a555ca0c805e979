"""Verifies the log of a served home, and remembers when it last did and what it found."""

from __future__ import annotations

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

    @property
    def last(self) -> Verified | None:
        """The last verification; None until the first is done."""
        return self._last

    def verify(self) -> Verified:
        """Verify the log now. What is wrong with it is kept as well, and not raised."""
        error, size = None, 0
        try:
            size = log_check.verify(self._home).size
        except ChisoError as found:
            error = found
        self._last = Verified(self._home.clock.now(), size, error)
        return self._last
