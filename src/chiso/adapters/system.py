"""The clock and the randomness of the machine."""

from __future__ import annotations

import getpass
import os
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


def user_name() -> str:
    """The operating system's user who runs this process, by name, or by number if it has none.

    On Unix it is the system's own word: what the environment says (LOGNAME, USER) anyone can set.
    """
    try:
        import pwd
    except ImportError:  # only Unix numbers its users
        return getpass.getuser()
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
