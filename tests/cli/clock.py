"""A clock that a test moves, for chiso running in the test's process."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chiso import wiring


class MovedClock:
    """Stands where `wiring` puts the machine's clock."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)
        patch.setattr(wiring, "SystemClock", lambda: self)

    def now(self) -> datetime:
        """The moment that it was moved to."""
        return self._now

    def move(self, text: str) -> None:
        """To a date (its noon), or a date and time, UTC."""
        moment = text if "T" in text else f"{text}T12:00:00"
        self._now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
