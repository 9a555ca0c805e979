"""Every change of a receipt, and of what rests on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from chiso.adapters.store.rows import receipt_values
from chiso.adapters.store.schema import receipts, references
from chiso.core.consent import Cause, ReceiptId
from chiso.core.storage import SignedReceipt
from chiso.core.times import to_epoch_s


class ReceiptQueries:
    """Implements a part of `chiso.core.storage.WriteTransaction` on one open connection."""

    _connection: Connection

    def add_receipt(self, receipt: SignedReceipt) -> None:
        """Add a receipt."""
        self._connection.execute(insert(receipts).values(receipt_values(receipt)))

    def replace_receipt(self, receipt: SignedReceipt) -> None:
        """Put a receipt in the place of the one of its id; what rests on it stays as it is."""
        values = receipt_values(receipt)
        self._connection.execute(
            update(receipts).where(receipts.c.id == values["id"]).values(values)
        )

    def withdraw_receipt(
        self, receipt_id: ReceiptId, at: datetime, cause: Cause | None = None
    ) -> int:
        """Mark a receipt withdrawn and delete what rests on it; returns references deleted.

        `cause`: why, where it was not the person who ended it.
        """
        self._connection.execute(
            update(receipts)
            .where(receipts.c.id == receipt_id)
            .values(withdrawn=to_epoch_s(at), cause=cause)
        )
        return self.remove_references(receipt_id)

    def remove_references(self, receipt_id: ReceiptId, until: datetime | None = None) -> int:
        """Delete what rests on a receipt, all or what was added by then; how many that were."""
        whose = select(receipts.c.subject_id).where(receipts.c.id == receipt_id).scalar_subquery()
        gone = delete(references).where(
            references.c.subject_id == whose, references.c.receipt_id == receipt_id
        )
        if until is not None:
            gone = gone.where(references.c.added <= to_epoch_s(until))
        return self._connection.execute(gone).rowcount

    def mark_active(self, receipt_ids: Iterable[ReceiptId], at: datetime) -> None:
        """Note when these receipts last served: a match, or a photo added."""
        self._connection.execute(
            update(receipts)
            .where(receipts.c.id.in_(sorted(receipt_ids)))
            .values(last_active=to_epoch_s(at))
        )
