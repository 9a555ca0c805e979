"""How often something may be tried: sliding windows, kept in memory and by nobody's name.

They bound what an attacker learns by trying (ISO/IEC 30107-1 §6 calls for limits on attempts), and
begin anew with the process.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from chiso.core.errors import ChisoError, Code

_KEPT_AT_MOST = 50_000
"""Attempts, of all together: at most 22 MB, where each is of another."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in any `per` of time."""

    count: int
    per: timedelta


class Attempts:
    """Counts what was tried, by whatever it is limited by: a station and a person, a key.

    Memory is bounded, and an attempt costs the same however many are counted: what was tried last
    stands last, so what is over stands first, and goes first where there are too many.
    """

    def __init__(self, limit: Limit, kept_at_most: int = _KEPT_AT_MOST) -> None:
        self._limit = limit
        self._kept_at_most = kept_at_most
        self._kept = 0
        self._seen: OrderedDict[tuple[str, ...], list[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def kept(self) -> int:
        """How many attempts are remembered."""
        return self._kept

    def note(self, of: tuple[str, ...], now: datetime) -> None:
        """Count one more. Raises TOO_MANY_ATTEMPTS, and counts nothing, where the limit is met."""
        since = now - self._limit.per
        with self._lock:
            self._drop_over(since)
            seen = self._seen.setdefault(of, [])
            over = bisect_right(seen, since)
            del seen[:over]
            self._kept -= over
            if len(seen) >= self._limit.count:
                wait = math.ceil((seen[0] - since).total_seconds())
                raise too_many(max(wait, 1))
            seen.append(now)
            self._kept += 1
            self._seen.move_to_end(of)
            while self._kept > self._kept_at_most:
                self._drop_first()

    def forgive(self, of: tuple[str, ...]) -> None:
        """Forget what was counted: it succeeded."""
        with self._lock:
            self._kept -= len(self._seen.pop(of, ()))

    def take_back(self, of: tuple[str, ...]) -> None:
        """Count the last one no more: nothing was compared."""
        with self._lock:
            seen = self._seen.get(of)
            if seen is None:
                return
            seen.pop()
            self._kept -= 1
            if not seen:
                del self._seen[of]

    def _drop_over(self, since: datetime) -> None:
        while self._seen and next(iter(self._seen.values()))[-1] <= since:
            self._drop_first()

    def _drop_first(self) -> None:
        _, seen = self._seen.popitem(last=False)
        self._kept -= len(seen)


def too_many(wait_s: int) -> ChisoError:
    """The error for a caller that tries too often."""
    minutes = math.ceil(wait_s / 60)
    hint = f"Try again in {wait_s} s." if minutes <= 2 else f"Try again in {minutes} minutes."
    return ChisoError(Code.TOO_MANY_ATTEMPTS, "This was tried too often.", hint, wait_s)
