"""The clock and the randomness of the machine."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


class SystemClock:
    """Implements `chiso.core.ports.Clock`."""

    def now(self) -> datetime:
        """Now, UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)


class SystemRandomness:
    """Implements `chiso.core.ports.Randomness`."""

    def token(self, size_bytes: int) -> bytes:
        """Bytes from the operating system."""
        return secrets.token_bytes(size_bytes)
