"""What a witness remembers, in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chiso.adapters.sqlite_errors import as_chiso_error
from chiso.core.errors import ChisoError, Code
from chiso.core.witness import RefusedNote, WatchedLog

_PATIENCE_S = 5.0
_TABLES = """
    CREATE TABLE logs (
        origin TEXT PRIMARY KEY,
        vkey TEXT NOT NULL,
        note TEXT,
        seal BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE refused (
        origin TEXT PRIMARY KEY REFERENCES logs,
        note TEXT NOT NULL,
        at_s INTEGER NOT NULL,
        is_proof INTEGER NOT NULL
    ) WITHOUT ROWID;
"""
_COLUMNS = "SELECT origin, vkey, note, seal FROM logs"


class SqliteWitnessState:
    """Implements `chiso.core.witness.WitnessState`; any thread and any process may use it.

    Each change is on disk when its method returns. `synchronous=EXTRA` also syncs the folder once
    the rollback journal is gone: with FULL, a power cut could bring the journal back and undo what
    was cosigned since.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def create_file(self) -> None:
        """Make the file with its tables, readable by its owner alone."""
        self._path.touch(mode=0o600, exist_ok=False)
        with self._opened() as database:
            database.executescript(_TABLES)

    def logs(self) -> list[WatchedLog]:
        """Every log, by origin."""
        with self._opened() as database:
            return [WatchedLog(*row) for row in database.execute(f"{_COLUMNS} ORDER BY origin")]

    def log(self, origin: str) -> WatchedLog | None:
        """One log; None where the witness does not serve it."""
        with self._opened() as database:
            row = database.execute(f"{_COLUMNS} WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else WatchedLog(*row)

    def add(self, log: WatchedLog) -> bool:
        """Serve one more log; False, and nothing changed, where one has its origin."""
        statement = "INSERT INTO logs VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        with self._opened() as database:
            values = (log.origin, log.vkey, log.note, log.seal)
            return database.execute(statement, values).rowcount == 1

    def replace(self, old: WatchedLog, new: WatchedLog) -> bool:
        """Compare and swap: False, and nothing changed, where `old` is not what is there now."""
        statement = (
            "UPDATE logs SET note = ?, seal = ? "
            "WHERE origin = ? AND vkey = ? AND note IS ? AND seal = ?"
        )
        with self._opened() as database:
            values = (new.note, new.seal, old.origin, old.vkey, old.note, old.seal)
            return database.execute(statement, values).rowcount == 1

    def keep_refused(self, refused: RefusedNote) -> None:
        """Keep a refused note: one a log, the latest, unless the one there is proof."""
        statement = (
            "INSERT INTO refused VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "note = excluded.note, at_s = excluded.at_s, is_proof = excluded.is_proof "
            "WHERE NOT refused.is_proof"
        )
        with self._opened() as database:
            values = (refused.origin, refused.note, refused.at_s, refused.is_proof)
            database.execute(statement, values)

    def refused(self) -> list[RefusedNote]:
        """Every note kept so, by origin."""
        query = "SELECT origin, note, at_s, is_proof FROM refused ORDER BY origin"
        with self._opened() as database:
            return [
                RefusedNote(origin, note, at_s, bool(is_proof))
                for origin, note, at_s, is_proof in database.execute(query)
            ]

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The database for one transaction: committed at the end, or rolled back."""
        try:
            # Never made anew: a witness that lost its memory must not begin again by itself.
            uri = f"{self._path.absolute().as_uri()}?mode=rw"
            database = sqlite3.connect(uri, uri=True, timeout=_PATIENCE_S)
            try:
                database.execute("PRAGMA synchronous=EXTRA")
                with database:
                    yield database
            finally:
                database.close()
        except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> ChisoError:
        if not self._path.exists():
            return ChisoError(
                Code.WITNESS_DAMAGED,
                f"{self._path} is gone: this witness has lost its memory.",
                "Put back the newest copy if nothing was cosigned since; otherwise begin a new "
                "witness with a new name and key, and tell whoever relies on this one.",
            )
        return as_chiso_error(self._path, str(error))
