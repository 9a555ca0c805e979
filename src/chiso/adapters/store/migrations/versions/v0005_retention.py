"""When a receipt last served, and why it ended, for what a retention rule erases."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

from chiso.adapters.store.schema import Whole

revision = "0005"
down_revision = "0003"

_INDEX = "ix_receipts_terms"
_TERMS = ["subject_id", "id", "purpose", "modes", "granted", "expires", "withdrawn"]


def upgrade() -> None:
    """Add the columns, also to the index that searches read terms from.

    What served before today was not written down: for receipts that are there, inactivity counts
    from today.
    """
    op.add_column("receipts", sa.Column("cause", sa.String(20), nullable=True))
    op.add_column("receipts", sa.Column("last_active", Whole, nullable=True))
    receipts = sa.table("receipts", sa.column("last_active"))
    op.execute(receipts.update().values(last_active=int(time.time())))
    op.drop_index(_INDEX, "receipts")
    op.create_index(_INDEX, "receipts", [*_TERMS, "cause", "last_active"])
