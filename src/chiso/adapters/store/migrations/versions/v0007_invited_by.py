"""Who made an invitation, so that it ends with her account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chiso.adapters.store.schema import Whole

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Begin the table anew: of an invitation that is there nobody knows who made it."""
    op.drop_table("invitations")
    op.create_table(
        "invitations",
        sa.Column("token_sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("expires", Whole, nullable=False),
        sa.Column("invited_by", sa.String, nullable=False),
    )
