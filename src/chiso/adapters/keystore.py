"""The keystore: each person's data key and the home's signing key, wrapped, in its own file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chiso.adapters.sqlite_errors import BUSY_TIMEOUT_S, as_chiso_error
from chiso.adapters.vault import NONCE_BYTES
from chiso.core.consent import SubjectId
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code
from chiso.core.ports import Randomness

KEY_BYTES = 32
_SIGNING_KEY, _ROTATION = "signing", "rotation"
_KEYS_AT_ONCE = 1000
_TABLES = (
    "CREATE TABLE person_keys (subject_id TEXT PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE home_keys (name TEXT PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID",
)


class FileKeystore:
    """Implements `chiso.core.storage.Keystore` in one SQLite file, separate from the store.

    A wrapped key is nonce ‖ AES-256-GCM ciphertext ‖ tag under the operator's key, with the home
    and the key's owner as associated data: a key cannot be moved to another person or home.
    Changes happen only while the store's write lock is held, so they need no lock of their own.
    The rollback journal (not a write-ahead log) leaves no copy of a destroyed key in any file.
    """

    def __init__(
        self, path: Path, home_id: str, operator_key: bytes, randomness: Randomness
    ) -> None:
        self._path = path
        self._domain = f"chiso/key/1\x00{home_id}\x00".encode()
        self._operator = AESGCM(operator_key)
        self._randomness = randomness

    def create_file(self, signing_key: bytes) -> None:
        """Make the file with its tables and the wrapped signing key (32 bytes)."""
        with self._opened() as database:
            for statement in _TABLES:
                database.execute(statement)
            wrapped = self._wrap(signing_key, _SIGNING_KEY)
            database.execute("INSERT INTO home_keys VALUES (?, ?)", (_SIGNING_KEY, wrapped))
        self._path.chmod(0o600)

    def signing_key(self) -> bytes:
        """The home's Ed25519 private key. Raises WRONG_OPERATOR_KEY if it cannot be opened."""
        with self._opened() as database:
            return self._signing_key_in(database)

    def opens(self) -> bool:
        """Whether the operator's key is the one that this keystore is wrapped by."""
        try:
            self.signing_key()
        except ChisoError as error:
            if error.code is not Code.WRONG_OPERATOR_KEY:
                raise
            return False
        return True

    def require_current(self) -> None:
        """Raise WRONG_OPERATOR_KEY if another process has rotated the operator's key since."""
        with self._opened() as database:
            self._require_current(database)

    def create(self, subject_id: SubjectId) -> bytes:
        """Make, wrap, store and return a 32-byte key; returns the one there is if there is one."""
        known = self.key(subject_id)
        if known is not None:
            return known
        key = self._randomness.token(KEY_BYTES)
        with self._opened() as database:
            self._require_current(database)
            database.execute(
                "INSERT INTO person_keys VALUES (?, ?)", (subject_id, self._wrap(key, subject_id))
            )
        return key

    def create_many(self, subject_ids: Sequence[SubjectId]) -> list[bytes]:
        """As `create`, for people who have no key yet, in one transaction."""
        keys = [self._randomness.token(KEY_BYTES) for _ in subject_ids]
        with self._opened() as database:
            self._require_current(database)
            database.executemany(
                "INSERT INTO person_keys VALUES (?, ?)",
                (
                    (subject_id, self._wrap(key, subject_id))
                    for subject_id, key in zip(subject_ids, keys, strict=True)
                ),
            )
        return keys

    def key(self, subject_id: SubjectId) -> bytes | None:
        """A person's key, unwrapped."""
        with self._opened() as database:
            query = "SELECT wrapped FROM person_keys WHERE subject_id = ?"
            row = database.execute(query, (subject_id,)).fetchone()
        return None if row is None else self._unwrap(row[0], subject_id)

    def keys_in_order(self) -> Iterator[tuple[SubjectId, bytes]]:
        """Every person's key, unwrapped, ordered by subject id."""
        with self._opened() as database:
            query = "SELECT subject_id, wrapped FROM person_keys ORDER BY subject_id"
            for subject_id, wrapped in database.execute(query):
                yield subject_id, self._unwrap(wrapped, subject_id)

    def destroy(self, subject_ids: Sequence[SubjectId]) -> int:
        """Destroy these keys for good; returns how many there were."""
        with self._opened() as database:
            statement = "DELETE FROM person_keys WHERE subject_id = ?"
            gone = sum(
                database.execute(statement, (subject_id,)).rowcount for subject_id in subject_ids
            )
        if subject_ids:  # and not `if gone`: a crash may have come between the two last time
            with self._opened() as database:
                database.execute("VACUUM")  # moved rows leave stale copies that only this removes
        return gone

    def subject_ids(self) -> list[SubjectId]:
        """Whose keys there are."""
        with self._opened() as database:
            rows = database.execute("SELECT subject_id FROM person_keys ORDER BY subject_id")
            return [SubjectId(row[0]) for row in rows]

    def keep(self, subject_id: SubjectId, key: bytes) -> None:
        """Keep this key, 32 bytes, as hers, instead of what there is: a restore puts it back."""
        with self._opened() as database:
            self._require_current(database)
            wrapped = self._wrap(key, subject_id)
            database.execute("REPLACE INTO person_keys VALUES (?, ?)", (subject_id, wrapped))

    def rewrap(self, new_operator_key: bytes, note: bytes) -> int:
        """Wrap every key by another operator's key (32 bytes), all or none; returns how many.

        Keys pass through memory alone. `note` is kept, sealed, until `rotation_recorded`.
        """
        new = AESGCM(new_operator_key)
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            query = "SELECT name, wrapped FROM home_keys WHERE name != ?"
            home_keys = database.execute(query, (_ROTATION,)).fetchall()
            database.executemany(
                "UPDATE home_keys SET wrapped = ?2 WHERE name = ?1", self._moved(home_keys, new)
            )
            sealed = self._wrap(note, _ROTATION, new)
            database.execute("REPLACE INTO home_keys VALUES (?, ?)", (_ROTATION, sealed))
            count, last = len(home_keys), ""
            query = "SELECT subject_id, wrapped FROM person_keys WHERE subject_id > ? ORDER BY 1 "
            while keys := database.execute(f"{query} LIMIT {_KEYS_AT_ONCE}", (last,)).fetchall():
                database.executemany(
                    "UPDATE person_keys SET wrapped = ?2 WHERE subject_id = ?1",
                    self._moved(keys, new),
                )
                count, last = count + len(keys), keys[-1][0]
        self._operator = new
        return count

    def rotation_due(self) -> bytes | None:
        """The note of a change of the operator's key that no leaf may tell of yet."""
        with self._opened() as database:
            query = "SELECT wrapped FROM home_keys WHERE name = ?"
            row = database.execute(query, (_ROTATION,)).fetchone()
        return None if row is None else self._unwrap(row[0], _ROTATION)

    def rotation_recorded(self) -> None:
        """Forget that note, and every copy of a key wrapped by the former operator's key."""
        with self._opened() as database:
            database.execute("VACUUM")
        with self._opened() as database:  # last: as long as it is there, the rewrite is due
            database.execute("DELETE FROM home_keys WHERE name = ?", (_ROTATION,))

    def _moved(
        self, wrapped: Sequence[tuple[str, bytes]], new: AESGCM
    ) -> Iterator[tuple[str, bytes]]:
        for owner, each in wrapped:
            yield owner, self._wrap(self._unwrap(each, owner), owner, new)

    def _signing_key_in(self, database: sqlite3.Connection) -> bytes:
        query = "SELECT wrapped FROM home_keys WHERE name = ?"
        row = database.execute(query, (_SIGNING_KEY,)).fetchone()
        if row is None:
            raise ChisoError(
                Code.KEY_MISSING,
                f"{self._path} holds no signing key.",
                PUT_BACK_A_BACKUP,
            )
        return self._unwrap(row[0], _SIGNING_KEY)

    def _require_current(self, database: sqlite3.Connection) -> None:
        """Raise WRONG_OPERATOR_KEY if another process has rotated the operator's key since.

        A key wrapped by the former one would be lost.
        """
        self._signing_key_in(database)

    def _wrap(self, key: bytes, owner: str, operator: AESGCM | None = None) -> bytes:
        nonce = self._randomness.token(NONCE_BYTES)
        wrapping = self._operator if operator is None else operator
        return nonce + wrapping.encrypt(nonce, key, self._bound_to(owner))

    def _unwrap(self, wrapped: bytes, owner: str) -> bytes:
        try:
            return self._operator.decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], self._bound_to(owner)
            )
        except (InvalidTag, ValueError, TypeError) as error:  # TypeError: text where bytes belong
            raise ChisoError(
                Code.WRONG_OPERATOR_KEY,
                f"A key in {self._path} does not open: the operator's key is not the one this home "
                "has now, or the keystore was changed or comes from another home.",
                "Use the operator.key of this home (or its value in CHISO_OPERATOR_KEY), and the "
                "keystore that belongs to it. After `chiso keys rotate`, only the new key opens. A "
                "keystore that is lost comes back with `chiso restore`.",
            ) from error

    def _bound_to(self, owner: str) -> bytes:
        return self._domain + owner.encode()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            database = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S)
            try:
                database.execute("PRAGMA secure_delete=ON")
                database.execute("PRAGMA synchronous=FULL")
                database.execute("PRAGMA temp_store=MEMORY")
                with database:
                    yield database
            finally:
                database.close()
        except sqlite3.DatabaseError as error:
            name = getattr(error, "sqlite_errorname", "")
            raise as_chiso_error(self._path, str(error), name) from error
