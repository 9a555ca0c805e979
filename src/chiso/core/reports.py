"""Where a home keeps the pages of audits, as a Protocol."""

from __future__ import annotations

from typing import Protocol


class ReportShelf(Protocol):
    """Pages by their SHA-256: what is read is what was kept, or nothing."""

    def keep(self, page: bytes) -> str:
        """Keep a page; returns its SHA-256, lower-case hex."""
        ...

    def read(self, sha256: str) -> bytes | None:
        """The page with this SHA-256; None where it is not kept, or is not what it was."""
        ...
