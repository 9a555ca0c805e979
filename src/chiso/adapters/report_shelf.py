"""Pages of audits, in a folder of the home, named by their digest."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from chiso.adapters.files import read_verified, write_atomically

_DIGEST = re.compile(r"[0-9a-f]{64}")


class FolderShelf:
    """Implements `chiso.core.reports.ReportShelf`. The files are for their owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, page: bytes) -> str:
        """Keep a page; returns its SHA-256."""
        digest = hashlib.sha256(page).hexdigest()
        write_atomically(self._path(digest), page)
        return digest

    def read(self, sha256: str) -> bytes | None:
        """The page with this SHA-256; None where it is not kept, or is not what it was."""
        if not _DIGEST.fullmatch(sha256):
            return None
        return read_verified(self._path(sha256), sha256)

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.html"
