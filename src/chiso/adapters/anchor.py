"""The log's head as it was last signed, in a file of the home beside the database."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

from chiso.adapters.files import unwritable
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code

_UNFINISHED = ".log."
_ABANDONED_S = 60
_OWNER_ALONE = 0o600
_SECTOR_BYTES = 512
"""What disks write whole or not at all; a note has less than half of it."""


class AnchorFile:
    """Implements `chiso.core.storage.Anchor` in one text file of the home.

    Written after the commit that it tells of, and not forced to the disk: a power cut may bring an
    older note back, which only shows less, where one ahead of the database would cry wolf.

    A note is written over one of the same length: to give a new file the old one's name takes a
    journalled file system longer than all the rest of a leaf. Nobody reads half of each, since both
    sides lock the file; neither kill -9 nor a power cut leaves half of each, since it is one write
    within one sector. Any other note gets a new file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str | None:
        """The signed note; None before the first, and where a power cut left an empty file."""
        try:
            with self._path.open("rb") as file:
                _locked(file.fileno(), exclusively=False)
                return file.read().decode() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ChisoError(
                Code.HOME_UNREADABLE,
                f"{self._path} cannot be read ({error}).",
                f"Run as the user who owns the home. If the file is damaged: {PUT_BACK_A_BACKUP}",
            ) from error

    def write(self, note: str) -> None:
        """Keep this note instead, in one step."""
        content = note.encode()
        try:
            if not self._written_over(content):
                self._replaced_by(content)
            self._remove_abandoned()
        except OSError as error:
            raise unwritable(self._path, error) from error

    def _written_over(self, content: bytes) -> bool:
        """Write it over the note that is there; False where that cannot be done in one step."""
        if len(content) > _SECTOR_BYTES:
            return False
        try:
            descriptor = os.open(self._path, os.O_RDWR)
        except OSError:
            return False
        try:
            if not _locked(descriptor, exclusively=True):
                return False
            if os.fstat(descriptor).st_size != len(content):
                return False
            return os.pwrite(descriptor, content, 0) == len(content)
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def _replaced_by(self, content: bytes) -> None:
        # A name of this thread's own, known before there is such a file: Ctrl-C leaves none.
        name = f"{_UNFINISHED}{os.getpid()}-{threading.get_ident():x}"
        temporary = self._path.with_name(name)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ALONE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)

    def _remove_abandoned(self) -> None:
        """Remove what processes left that were killed while they wrote, some time ago."""
        folder = self._path.parent
        for name in os.listdir(folder):  # noqa: PTH208  each leaf looks: Path.glob takes longer
            if not name.startswith(_UNFINISHED):
                continue
            with suppress(FileNotFoundError):  # another process removes them as well
                age_s = self._path.stat().st_mtime - (folder / name).stat().st_mtime
                if age_s > _ABANDONED_S:
                    (folder / name).unlink()


def _locked(descriptor: int, *, exclusively: bool) -> bool:
    """Wait for a lock on an open file, which its closing gives up; False where there is none.

    Where there is none nobody writes over a note, so that reading one needs none.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if exclusively else fcntl.LOCK_SH)
    except OSError:
        return False
    return True
