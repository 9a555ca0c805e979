"""The store's tables. Times are whole seconds since 1970 UTC; ids of people are random UUIDs."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

Whole = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of up to 64 bits: SQLite's every integer, and PostgreSQL's larger one."""

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
    Column("added", Whole, nullable=False),
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
    Column("granted", Whole, nullable=False),
    Column("expires", Whole, nullable=False),
    Column("withdrawn", Whole, nullable=True),
    Column("cause", String(20), nullable=True),
    Column("last_active", Whole, nullable=True),
    UniqueConstraint("subject_id", "id"),
)

# Everyone's terms in the order of people, without the documents: all that a search reads of them.
Index(
    "ix_receipts_terms",
    receipts.c.subject_id,
    receipts.c.id,
    receipts.c.purpose,
    receipts.c.modes,
    receipts.c.granted,
    receipts.c.expires,
    receipts.c.withdrawn,
    receipts.c.cause,
    receipts.c.last_active,
)

# Invariant 1, held by the database too: no reference without its receipt, and it is her own.
# Kept in the order of people, as the receipts' terms and the keystore's keys are: a search reads
# all three side by side from end to end. In the order of arrival it would take four times as long.
references = Table(
    "reference_templates",
    metadata,
    Column("subject_id", String(36), primary_key=True),
    Column("receipt_id", String(36), primary_key=True),
    Column("model", String(64), primary_key=True),
    Column("photo_tag", LargeBinary, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("added", Whole, nullable=False),
    ForeignKeyConstraint(["subject_id", "receipt_id"], ["receipts.subject_id", "receipts.id"]),
    sqlite_with_rowid=False,
)

log_leaves = Table(
    "log_leaves",
    metadata,
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("leaf_hash", LargeBinary(32), nullable=False),
)

# Roots of the perfect subtrees above the leaves, in the order in which leaves complete them.
log_nodes = Table(
    "log_nodes",
    metadata,
    Column("position", Whole, primary_key=True, autoincrement=False),
    Column("node_hash", LargeBinary(32), nullable=False),
)

# Apart from the leaves, so that what a leaf says can be destroyed while the tree stays whole.
log_payloads = Table(
    "log_payloads",
    metadata,
    Column("seq", Whole, ForeignKey("log_leaves.seq"), primary_key=True, autoincrement=False),
    Column("subject_id", String(36), nullable=True),
    Column("salt", LargeBinary(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "subject_id"),
)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True),
    Column("size", Whole, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
    Column("checkpoint", String, nullable=False),
)

# Checkpoints of earlier trees, so that the log can be shown to go on from them.
log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("size", Whole, primary_key=True, autoincrement=False),
    Column("at", Whole, nullable=False),
    Column("note", String, nullable=False),
)

thresholds = Table(
    "thresholds",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("model", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("position", Whole, nullable=False),
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

# --- who may use the home: of every secret, only the SHA-256 ------------------------------------

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("purposes", String, nullable=True),  # a JSON list; NULL is every purpose
    Column("scopes", String(200), nullable=False),
    Column("station", String(200), nullable=True),
    Column("created", Whole, nullable=False),
    Column("expires", Whole, nullable=False),
    Column("revoked", Whole, nullable=True),
    Column("secret_sha256", LargeBinary(32), nullable=False, unique=True),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("password_hash", String, nullable=False),
    Column("totp_sealed", LargeBinary, nullable=True),
    Column("totp_last_step", Whole, nullable=False),
    Column("created", Whole, nullable=False),
    Column("disabled", Whole, nullable=True),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Whole, nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", LargeBinary(32), primary_key=True),
    Column("account_id", String(36), nullable=True),
    Column("subject_id", String(36), nullable=True),
    Column("key_id", String(36), nullable=True),
    Column("created", Whole, nullable=False),
    Column("expires", Whole, nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_sha256", LargeBinary(32), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("expires", Whole, nullable=False),
    Column("invited_by", String, nullable=False),
)

person_links = Table(
    "person_links",
    metadata,
    Column("token_sha256", LargeBinary(32), primary_key=True),
    Column("subject_id", String(36), nullable=False),
    Column("created", Whole, nullable=False),
    Index(None, "subject_id"),
)

# A card outlives its person's rows, without her: it must still be refused, and with its reason.
cards = Table(
    "cards",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("receipt_id", String(36), nullable=False),
    Column("subject_id", String(36), nullable=True),
    Column("issued", Whole, nullable=False),
    Column("expires", Whole, nullable=False),
    Column("revoked", Whole, nullable=True),
    Column("reason", String(200), nullable=True),
)

kept_answers = Table(
    "kept_answers",
    metadata,
    Column("actor", String(200), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request_sha256", LargeBinary(32), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Whole, nullable=False),
    Column("subject_id", String(36), nullable=True),
)
