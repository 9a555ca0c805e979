"""Who may use a home: keys of the API, accounts, sessions, links, cards, answers to repeat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chiso.adapters.store.schema import Whole

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables; nothing that is there changes."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("purposes", sa.String, nullable=True),
        sa.Column("scopes", sa.String(200), nullable=False),
        sa.Column("station", sa.String(200), nullable=True),
        sa.Column("created", Whole, nullable=False),
        sa.Column("expires", Whole, nullable=False),
        sa.Column("revoked", Whole, nullable=True),
        sa.Column("secret_sha256", sa.LargeBinary(32), nullable=False),
        sa.UniqueConstraint("secret_sha256", name="uq_api_keys_secret_sha256"),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("totp_sealed", sa.LargeBinary, nullable=True),
        sa.Column("totp_last_step", Whole, nullable=False),
        sa.Column("created", Whole, nullable=False),
        sa.Column("disabled", Whole, nullable=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", Whole, nullable=True),
        sa.UniqueConstraint("name", name="uq_accounts_name"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("account_id", sa.String(36), nullable=True),
        sa.Column("subject_id", sa.String(36), nullable=True),
        sa.Column("key_id", sa.String(36), nullable=True),
        sa.Column("created", Whole, nullable=False),
        sa.Column("expires", Whole, nullable=False),
    )
    op.create_table(
        "invitations",
        sa.Column("token_sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("expires", Whole, nullable=False),
    )
    op.create_table(
        "person_links",
        sa.Column("token_sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False),
        sa.Column("created", Whole, nullable=False),
    )
    op.create_index("ix_person_links_subject_id", "person_links", ["subject_id"])
    op.create_table(
        "cards",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("receipt_id", sa.String(36), nullable=False),
        sa.Column("subject_id", sa.String(36), nullable=True),
        sa.Column("issued", Whole, nullable=False),
        sa.Column("expires", Whole, nullable=False),
        sa.Column("revoked", Whole, nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
    )
    op.create_table(
        "kept_answers",
        sa.Column("actor", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("request_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", Whole, nullable=False),
        sa.Column("subject_id", sa.String(36), nullable=True),
    )
