"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chiso.adapters.store.schema import Whole

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table of format 1."""
    op.create_table(
        "subjects",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("label", sa.String(200), nullable=False, unique=True),
        sa.Column("added", Whole, nullable=False),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), sa.ForeignKey("subjects.id"), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.Column("modes", sa.String(40), nullable=False),
        sa.Column("granted", Whole, nullable=False),
        sa.Column("expires", Whole, nullable=False),
        sa.Column("withdrawn", Whole, nullable=True),
        sa.UniqueConstraint("subject_id", "id"),
    )
    op.create_index(
        "ix_receipts_terms",
        "receipts",
        ["subject_id", "id", "purpose", "modes", "granted", "expires", "withdrawn"],
    )
    op.create_table(
        "reference_templates",
        sa.Column("subject_id", sa.String(36), primary_key=True),
        sa.Column("receipt_id", sa.String(36), primary_key=True),
        sa.Column("model", sa.String(64), primary_key=True),
        sa.Column("photo_tag", sa.LargeBinary, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("added", Whole, nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_id", "receipt_id"], ["receipts.subject_id", "receipts.id"]
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_leaves",
        sa.Column("seq", Whole, primary_key=True, autoincrement=False),
        sa.Column("leaf_hash", sa.LargeBinary(32), nullable=False),
    )
    op.create_table(
        "log_payloads",
        sa.Column(
            "seq",
            Whole,
            sa.ForeignKey("log_leaves.seq"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("subject_id", sa.String(36), nullable=True),
        sa.Column("salt", sa.LargeBinary(32), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_log_payloads_subject_id", "log_payloads", ["subject_id"])
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="single"), primary_key=True),
        sa.Column("size", Whole, nullable=False),
        sa.Column("peaks", sa.LargeBinary, nullable=False),
        sa.Column("checkpoint", sa.String, nullable=False),
    )
    op.create_table(
        "thresholds",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("position", Whole, nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
    op.create_table(
        "erasures_due",
        sa.Column("subject_id", sa.String(36), primary_key=True),
    )
