"""Reading the store a page at a time, as a Protocol that transactions include."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.events import Leaf, LeafPayload

if TYPE_CHECKING:  # it includes this Protocol
    from chiso.core.storage import SignedReceipt, Subject


class Place(NamedTuple):
    """Where a page ended, in the order of arrival: what came later comes after it."""

    at: datetime
    id: str


class PageReading(Protocol):
    """People, receipts and leaves in the order in which they came, from a place on."""

    def subjects_after(self, place: Place | None, count: int) -> list[Subject]:
        """At most `count` people, by when they were added and by id."""
        ...

    def subjects_called(self, text: str, after: str, count: int) -> list[Subject]:
        """At most `count` people whose label has `text` in it and comes after `after`, by label.

        Capital letters and small ones are alike; in SQLite, those of ASCII alone.
        """
        ...

    def count_subjects(self) -> int:
        """How many people there are."""
        ...

    def receipts_after(
        self, place: Place | None, count: int, subject_id: SubjectId | None = None
    ) -> list[SignedReceipt]:
        """At most `count` receipts of one person, or of all, by when they were granted and id."""
        ...

    def receipt(self, receipt_id: ReceiptId) -> SignedReceipt | None:
        """The receipt of that id."""
        ...

    def leaves_from(self, seq: int, count: int) -> list[tuple[Leaf, LeafPayload | None]]:
        """At most `count` leaves from `seq` on, with what they commit to where it still exists."""
        ...

    def newest_payloads(
        self, mark: bytes = b"", before: int | None = None
    ) -> Iterator[LeafPayload]:
        """Payloads that still exist and have `mark` in their bytes, the newest first.

        `before`: only those of leaves below that number.
        """
        ...
