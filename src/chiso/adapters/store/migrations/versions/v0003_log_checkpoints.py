"""Checkpoints that are kept, so that the log can be shown to have gone on from each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chiso.adapters.store.schema import Whole

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table; the next leaf is kept a checkpoint over."""
    op.create_table(
        "log_checkpoints",
        sa.Column("size", Whole, primary_key=True, autoincrement=False),
        sa.Column("at", Whole, nullable=False),
        sa.Column("note", sa.String, nullable=False),
    )
