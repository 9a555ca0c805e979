"""What SQLite says when a file cannot be used, as errors that say what to do."""

from __future__ import annotations

from pathlib import Path

from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code

BUSY_TIMEOUT_S = 60
"""How long a command waits for another process to finish with a file."""


_UNCERTAIN = frozenset({"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC", "SQLITE_IOERR_DELETE"})
"""SQLite's names for a disk that fails once everything is written: it may be found there yet."""


def as_chiso_error(path: Path, said: str, name: str = "") -> ChisoError:
    """The error for `path` that SQLite's message, and name of the error, stand for."""
    if name in _UNCERTAIN:
        return ChisoError(
            Code.STORE_FULL,
            f"The disk of {path} did not confirm what was written ({said}): the change has "
            "happened whole, or not at all.",
            "Check the disk and its free space, see which with `chiso subjects` or `chiso log "
            "show`, and run the command again if it has not.",
        )
    if "full" in said or "disk I/O" in said:
        return ChisoError(
            Code.STORE_FULL,
            f"The disk of {path} is full or cannot be written: nothing was changed ({said}).",
            "Free some space and run the command again.",
        )
    if "locked" in said or "busy" in said:
        return ChisoError(
            Code.STORE_BUSY,
            f"Another process held {path} for too long: nothing was changed.",
            "Run the command again when it has finished.",
        )
    if "readonly" in said or "unable to open" in said:
        return ChisoError(
            Code.HOME_UNREADABLE,
            f"{path} cannot be opened for writing: nothing was changed ({said}).",
            "Check who owns the home and whether its disk is mounted read-only.",
        )
    return ChisoError(
        Code.STORE_DAMAGED,
        f"{path} is damaged ({said}).",
        PUT_BACK_A_BACKUP,
    )
