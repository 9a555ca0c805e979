"""Bringing a database's tables to what this version of Chiso reads and writes."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from chiso.core.errors import ChisoError, Code

SCHEMA_REVISION = "0007"
"""Alembic's newest revision; `tests/adapters/test_store.py` holds that it is."""


def revision_of(connection: Connection) -> str | None:
    """The schema's revision, None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def is_newest(revision: str | None, where: object) -> bool:
    """Whether there is nothing to do. Raises HOME_NEWER for a schema of a later Chiso."""
    if revision is not None and revision > SCHEMA_REVISION:
        raise ChisoError(
            Code.HOME_NEWER,
            f"{where} was written by a newer Chiso (schema {revision}; "
            f"this one knows {SCHEMA_REVISION}).",
            "Install the newer version; nothing was changed.",
        )
    return revision == SCHEMA_REVISION


def upgrade(connection: Connection, to: str) -> None:
    """Run the migrations up to a revision, inside the connection's transaction."""
    from alembic import command  # slow to import, and needed once in a home's life
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
