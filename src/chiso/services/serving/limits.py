"""How often something may be tried: sliding windows, kept in memory and by nobody's name.

They bound what an attacker learns by trying (ISO/IEC 30107-1 §6 calls for limits on attempts), and
begin anew with the process.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from chiso.core.errors import ChisoError, Code

_KEPT_AT_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in any `per` of time."""

    count: int
    per: timedelta


class Attempts:
    """Counts what was tried, by whatever it is limited by: a station and a person, a key."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._seen: dict[tuple[str, ...], deque[datetime]] = {}
        self._lock = threading.Lock()

    def note(self, of: tuple[str, ...], now: datetime) -> None:
        """Count one more. Raises TOO_MANY_ATTEMPTS, and counts nothing, where the limit is met."""
        with self._lock:
            seen = self._seen.setdefault(of, deque())
            while seen and seen[0] <= now - self._limit.per:
                seen.popleft()
            if len(seen) >= self._limit.count:
                wait = math.ceil((seen[0] + self._limit.per - now).total_seconds())
                raise too_many(max(wait, 1))
            seen.append(now)
            if len(self._seen) > _KEPT_AT_MOST:
                self._drop_old(now)

    def forgive(self, of: tuple[str, ...]) -> None:
        """Forget what was counted: it succeeded."""
        with self._lock:
            self._seen.pop(of, None)

    def _drop_old(self, now: datetime) -> None:
        since = now - self._limit.per
        self._seen = {of: seen for of, seen in self._seen.items() if seen and seen[-1] > since}


def too_many(wait_s: int) -> ChisoError:
    """The error for a caller that tries too often."""
    return ChisoError(
        Code.TOO_MANY_ATTEMPTS,
        "This was tried too often.",
        f"Try again in {wait_s} s.",
        wait_s,
    )
