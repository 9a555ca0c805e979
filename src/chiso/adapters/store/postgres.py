"""The store in a PostgreSQL database: how it is opened, locked, migrated and scrubbed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from chiso.adapters.sqlite_errors import BUSY_TIMEOUT_S
from chiso.adapters.store.migrating import SCHEMA_REVISION, is_newest, revision_of, upgrade
from chiso.adapters.store.schema import metadata
from chiso.adapters.store.transaction import SqlTransaction
from chiso.core.errors import ChisoError, Code

# Any number will do, as long as every Chiso takes the same: it names the lock of whoever writes.
_WRITERS_LOCK = 0x6368_6973_6F
_LOOK_EVERY_S = 0.05
_LOCK_NOT_AVAILABLE, _DISK_FULL = "55P03", "53100"


class PostgresStore:
    """Implements `chiso.core.storage.Store` on a database of its own.

    One writer at a time by an advisory lock, so that leaves are numbered without a gap; readers see
    one snapshot. `url` is SQLAlchemy's, without a driver: `postgresql://user@host/database`.
    """

    def __init__(self, url: str, committed: Callable[[str], None] | None = None) -> None:
        """`committed`: told the checkpoint of each new head, once it is committed."""
        address = _address_of(url).set(drivername="postgresql+psycopg")
        self._name = address.render_as_string(hide_password=True)
        self._committed = committed
        self._engine = create_engine(
            address,
            # Whoever waited for the write lock must see what was written meanwhile.
            isolation_level="READ COMMITTED",
            connect_args={"options": f"-c lock_timeout={BUSY_TIMEOUT_S}s"},
            hide_parameters=True,  # a server prints what it did not expect, and names nobody
        )

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """A consistent view: one snapshot that cannot write."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._translated(), self._engine.connect() as connection:
            yield SqlTransaction(connection.execution_options(**options))

    @contextmanager
    def writing(self) -> Iterator[SqlTransaction]:
        """An exclusive transaction: takes the write lock first, commits at the end of the block."""
        with self._translated(), self._engine.begin() as connection:
            _wait_for_turn(connection)
            _require_durable(connection)
            transaction = SqlTransaction(connection)
            yield transaction
        if self._committed is not None and transaction.new_checkpoint is not None:
            self._committed(transaction.new_checkpoint)

    @property
    def scrubbing(self) -> tuple[str, ...]:
        """What `scrub` does, as an erasure certificate says it."""
        return ("tables-rewritten",)

    def scrub(self, patience_s: float) -> None:
        """Write every table anew from the rows it holds, and give the old files back.

        PostgreSQL's own write-ahead log, archives, replicas and dumps keep what they copied before:
        what lies there of a person stays encrypted under her destroyed key, but for her label.
        Waits for others that read; raises ERASURE_UNFINISHED when they do not finish.
        """
        try:
            with self._engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            ) as connection:
                patience_ms = max(1, round(patience_s * 1000))  # 0 would be for ever
                connection.execute(text(f"SET lock_timeout = {patience_ms}"))
                try:
                    _wait_for_older_views(connection, patience_s)
                    for table in metadata.sorted_tables:
                        connection.execute(text(f"VACUUM (FULL) {table.name}"))
                finally:
                    connection.execute(text(f"SET lock_timeout = '{BUSY_TIMEOUT_S}s'"))
        except DBAPIError as error:
            if _state_of(error) == _LOCK_NOT_AVAILABLE:
                raise _still_read() from error
            raise self._as_chiso_error(error) from error

    def migrate(self, to: str = SCHEMA_REVISION) -> None:
        """Bring the schema to a revision; does nothing where the newest is there already.

        Raises ChisoError(HOME_NEWER) for a schema that this version does not know.
        """
        with self._translated(), self._engine.begin() as connection:
            _wait_for_turn(connection)
            if not is_newest(revision_of(connection), self._name):
                upgrade(connection, to)

    def close(self) -> None:
        """Close every connection."""
        self._engine.clear_compiled_cache()  # statements keep the values they first ran with
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise  # a broken contract of ours, not a state of the database
        except DBAPIError as error:
            raise self._as_chiso_error(error) from error

    def _as_chiso_error(self, error: DBAPIError) -> ChisoError:
        said = str(error.orig).strip().splitlines()[0]
        if _state_of(error) == _LOCK_NOT_AVAILABLE:
            return ChisoError(
                Code.STORE_BUSY,
                f"Another process held {self._name} for too long: nothing was changed.",
                "Run the command again when it has finished.",
            )
        if _state_of(error) == _DISK_FULL:
            return ChisoError(
                Code.STORE_FULL,
                f"The disk of {self._name} is full: nothing was changed ({said}).",
                "Free some space and run the command again.",
            )
        return ChisoError(
            Code.HOME_UNREADABLE,
            f"The database {self._name} cannot be used: nothing was changed ({said}).",
            "Check that PostgreSQL runs, that the database exists and that this user may use it; "
            "a password belongs in ~/.pgpass or PGPASSWORD.",
        )


def _address_of(url: str) -> URL:
    """The address in its parts. Raises BAD_ARGUMENT where it is none, or holds a password."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise _bad_address("is none") from error
    if address.drivername != "postgresql" or not address.database:
        raise _bad_address("is none")
    if address.password is not None:
        raise _bad_address("holds a password, which would lie in home.json")
    return address


def _bad_address(what: str) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        f"The address of the database {what}.",
        "It looks like postgresql://user@host/name, or postgresql:///name?host=/folder/of/socket; "
        "a password belongs in ~/.pgpass or PGPASSWORD.",
    )


def _wait_for_turn(connection: Connection) -> None:
    """Take the lock of whoever writes, until the end of the transaction."""
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})"))


def _wait_for_older_views(connection: Connection, patience_s: float) -> None:
    """Wait for whoever still sees rows that were deleted before now: a rewrite would keep them.

    A view that has not read a table yet holds no lock on it, and VACUUM spares what it may read
    (PostgreSQL manual, "Routine Vacuuming"). Raises ERASURE_UNFINISHED after `patience_s`.
    """
    now = connection.execute(text("SELECT pg_current_xact_id()::xid::text")).scalar_one()
    older = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND age(backend_xmin) > age(CAST(:now AS xid))"
    )
    deadline = time.monotonic() + patience_s
    while connection.execute(older, {"now": now}).scalar_one():
        if time.monotonic() >= deadline:
            raise _still_read()
        time.sleep(_LOOK_EVERY_S)


def _still_read() -> ChisoError:
    return ChisoError(
        Code.ERASURE_UNFINISHED,
        "The rows are deleted, but another process reads the store and keeps an old copy of it "
        "alive.",
        "Stop the other process and run any chiso command on this home: it finishes the erasure.",
    )


def _require_durable(connection: Connection) -> None:
    """Have the commit wait for the disk, where server, database or user were set not to."""
    setting = "'synchronous_commit'"
    connection.execute(
        text(f"SELECT set_config({setting}, 'on', true) WHERE current_setting({setting}) = 'off'")
    )


def _state_of(error: DBAPIError) -> str | None:
    """PostgreSQL's code of what went wrong (SQLSTATE)."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state
