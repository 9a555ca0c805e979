"""The store in one SQLite file: how it is opened, locked, migrated and scrubbed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError, IntegrityError

from chiso.adapters.sqlite_errors import BUSY_TIMEOUT_S, as_chiso_error
from chiso.adapters.store.migrating import SCHEMA_REVISION, is_newest, revision_of, upgrade
from chiso.adapters.store.transaction import SqlTransaction
from chiso.core.errors import ChisoError, Code

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 0.1


class SqliteStore:
    """Implements `chiso.core.storage.Store`. WAL, foreign keys, deleted bytes overwritten."""

    def __init__(self, path: Path, committed: Callable[[str], None] | None = None) -> None:
        """`committed`: told the checkpoint of each new head, once it is committed."""
        self._path = path
        self._committed = committed
        self._engine = create_engine(
            f"sqlite:///{path}",
            isolation_level="AUTOCOMMIT",  # transactions are begun by hand, as SQLite names them
            connect_args={"timeout": BUSY_TIMEOUT_S},
            hide_parameters=True,  # a server prints what it did not expect, and names nobody
        )
        event.listen(self._engine, "connect", _configure)

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """A consistent view: one deferred transaction that only reads."""
        with self._transaction("BEGIN") as transaction:
            yield transaction

    @contextmanager
    def writing(self) -> Iterator[SqlTransaction]:
        """An exclusive transaction: takes the write lock first, commits at the end of the block."""
        with self._transaction("BEGIN IMMEDIATE") as transaction:
            yield transaction

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[SqlTransaction]:
        with self._translated(), self._engine.connect() as connection:
            connection.exec_driver_sql(begin)
            try:
                transaction = SqlTransaction(connection)
                yield transaction
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                if connection.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
                    connection.exec_driver_sql("ROLLBACK")
                raise
        if self._committed is not None and transaction.new_checkpoint is not None:
            self._committed(transaction.new_checkpoint)

    @property
    def scrubbing(self) -> tuple[str, ...]:
        """What `scrub` does, as an erasure certificate says it."""
        return ("database-rewritten", "write-ahead-log-truncated")

    def scrub(self, patience_s: float) -> None:
        """Write the database anew from the rows it holds, and cut the write-ahead log to nothing.

        `secure_delete` overwrites deleted rows, but not the stale copies that SQLite leaves in a
        page when it moves rows between pages; only a rewrite does. Waits for other processes that
        read or write; raises ERASURE_UNFINISHED when they do not finish.
        """
        with self._translated(), self._engine.connect() as connection:
            until_s = time.monotonic() + patience_s
            _wait_at_most(connection, patience_s)
            try:
                connection.exec_driver_sql("VACUUM")
                is_cut = _cut_log(connection, until_s)
            finally:
                _wait_at_most(connection, BUSY_TIMEOUT_S)
        if not is_cut:
            raise ChisoError(
                Code.ERASURE_UNFINISHED,
                "The rows are deleted, but another process reads the store and keeps an old copy "
                "of it alive.",
                "Stop the other process and run any chiso command on this home: it finishes the "
                "erasure.",
            )

    def migrate(self, to: str = SCHEMA_REVISION) -> None:
        """Bring the schema to a revision; does nothing where the newest is there already.

        Raises ChisoError(HOME_NEWER) for a schema that this version does not know.
        """
        with self._translated(), self._engine.connect() as connection:
            if is_newest(revision_of(connection), self._path):
                return
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            upgrade(connection, to)
            connection.exec_driver_sql("COMMIT")

    def close(self) -> None:
        """Close every connection."""
        self._engine.clear_compiled_cache()  # statements keep the values they first ran with
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise  # a broken contract of ours, not a state of the file
        except DatabaseError as error:
            name = getattr(error.orig, "sqlite_errorname", "")
            raise as_chiso_error(self._path, str(error.orig), name) from error


def _cut_log(connection: Connection, until_s: float) -> bool:
    """Cut the write-ahead log to nothing; False where others are in the way until `until_s`.

    `until_s`: of the monotonic clock. Tried again and again: SQLite waits for readers and writers,
    but answers *busy* at once where another process is in the middle of a checkpoint, as a commit
    to a long log makes one (https://sqlite.org/c3ref/wal_checkpoint_v2.html).
    """
    pause_s = _FIRST_PAUSE_S
    while True:
        _wait_at_most(connection, max(until_s - time.monotonic(), 0.0))
        if not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
            return True
        if until_s - time.monotonic() <= pause_s:
            return False
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _wait_at_most(connection: Connection, patience_s: float) -> None:
    connection.exec_driver_sql(f"PRAGMA busy_timeout={round(patience_s * 1000)}")


def _configure(connection: Any, _record: object) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
