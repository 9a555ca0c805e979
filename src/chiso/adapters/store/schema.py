"""The store's tables. Times are whole seconds since 1970 UTC; ids of people are random UUIDs."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

subjects = Table(
    "subjects",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("label", String(200), nullable=False, unique=True),
    Column("added", Integer, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("subject_id", String(36), ForeignKey("subjects.id"), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("purpose", String(200), nullable=False),
    Column("modes", String(40), nullable=False),
    Column("granted", Integer, nullable=False),
    Column("expires", Integer, nullable=False),
    Column("withdrawn", Integer, nullable=True),
    Index(None, "subject_id"),
)

# Invariant 1, held by the database too: no reference without its receipt.
references = Table(
    "reference_templates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject_id", String(36), ForeignKey("subjects.id"), nullable=False),
    Column("receipt_id", String(36), ForeignKey("receipts.id"), nullable=False),
    Column("model", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("photo_tag", LargeBinary, nullable=False),
    Column("added", Integer, nullable=False),
    Index(None, "subject_id"),
    Index(None, "receipt_id"),
)

log_leaves = Table(
    "log_leaves",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("leaf_hash", LargeBinary(32), nullable=False),
)

# Apart from the leaves, so that what a leaf says can be destroyed while the tree stays whole.
log_payloads = Table(
    "log_payloads",
    metadata,
    Column("seq", Integer, ForeignKey("log_leaves.seq"), primary_key=True, autoincrement=False),
    Column("subject_id", String(36), nullable=True),
    Column("salt", LargeBinary(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "subject_id"),
)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
    Column("checkpoint", String, nullable=False),
)

thresholds = Table(
    "thresholds",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("model", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("position", Integer, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", String, nullable=False),
)

# Written with the deletion of a person's rows, removed when her key is destroyed too, so that a
# crash between the two is finished by whoever opens the home next.
erasures_due = Table(
    "erasures_due",
    metadata,
    Column("subject_id", String(36), primary_key=True),
)
