"""Which database a home's store is: a file of its own, or PostgreSQL's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from chiso.adapters.store.sqlite import SqliteStore
from chiso.core.errors import ChisoError, Code

if TYPE_CHECKING:
    from chiso.adapters.store.postgres import PostgresStore


def open_store(
    file: Path, database: str | None, committed: Callable[[str], None] | None = None
) -> SqliteStore | PostgresStore:
    """The store in a PostgreSQL database, or in `file` where `database` is None.

    `committed`: told the checkpoint of each new head, once it is committed.
    """
    if database is None:
        return SqliteStore(file, committed)
    from chiso.adapters.store.postgres import PostgresStore  # few homes need it

    return PostgresStore(database, committed)


def prepare_store(file: Path, database: str | None) -> None:
    """Make the tables of a store that nobody uses yet. Raises HOME_EXISTS where a home does."""
    store = open_store(file, database)
    store.migrate()
    with store.reading() as view:
        is_used = view.log_head() is not None
    store.close()
    if is_used:
        raise ChisoError(
            Code.HOME_EXISTS,
            f"The database {database} is the store of a home already and is left as it is.",
            "Make an empty database (`createdb NAME`) and name that.",
        )
    if database is None:
        file.chmod(0o600)
