"""The operator's key of a home: where it comes from, and how another one takes its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path

from chiso.adapters.files import keep_names, settle, unwritable
from chiso.adapters.home_files import (
    KEYSTORE_FILE,
    OPERATOR_KEY_FILE,
    OPERATOR_KEY_VARIABLE,
    read_key_file,
    read_operator_key,
    write_operator_key,
)
from chiso.adapters.keystore import FileKeystore
from chiso.adapters.system import SystemRandomness
from chiso.core.errors import ChisoError
from chiso.core.storage import OperatorKeyPlace, Store

STAGED_KEY_FILE = "operator.key.new"


class OperatorKeyInFile:
    """Implements `chiso.core.storage.OperatorKeyPlace` in `operator.key` of a home.

    Staged in a file of its own, so that at each moment some file holds the key that opens.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / OPERATOR_KEY_FILE
        self._staged = directory / STAGED_KEY_FILE

    @property
    def where(self) -> str:
        """The file."""
        return str(self._path)

    def current(self) -> bytes:
        """The key, 32 bytes. Raises ChisoError where there is none."""
        return read_key_file(self._path)

    def staged(self) -> bytes | None:
        """The key that is to take the current one's place; None where there is none."""
        return read_key_file(self._staged) if self._staged.exists() else None

    def stage(self, key: bytes) -> None:
        """Keep this key beside the current one, before anything is wrapped by it."""
        try:
            self._staged.unlink(missing_ok=True)
            write_operator_key(self._staged.parent, key, STAGED_KEY_FILE)
        except OSError as error:
            raise unwritable(self._staged, error) from error

    def settle(self) -> None:
        """Let the staged key take the place of the current one, whose bytes are overwritten."""
        if not self._staged.exists():  # whoever opened the home in between has done it
            return
        try:
            with self._path.open("r+b", buffering=0) as former:
                settle(self._staged, self._path)
                _overwrite(former)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def undo(self) -> None:
        """Forget the staged key: nothing was wrapped by it."""
        self._staged.unlink(missing_ok=True)


class OperatorKeyInVariable:
    """Implements `chiso.core.storage.OperatorKeyPlace` for a key that the environment gives.

    Whoever sets the environment has the new key before it is used; nothing is staged.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._key = read_operator_key(directory, environment)
        self._file = directory / OPERATOR_KEY_FILE

    @property
    def where(self) -> str:
        """The variable."""
        return OPERATOR_KEY_VARIABLE

    def current(self) -> bytes:
        """The key, 32 bytes."""
        return self._key

    def stage(self, key: bytes) -> None:
        """Nothing to do."""

    def settle(self) -> None:
        """Destroy the former key where it also lay in the home's file."""
        try:
            if not self._file.exists() or read_key_file(self._file) != self._key:
                return
        except ChisoError:
            return  # a file that holds no key is left as it is
        try:
            with self._file.open("r+b", buffering=0) as former:
                self._file.unlink()
                keep_names(self._file.parent)
                _overwrite(former)
        except OSError as error:
            raise unwritable(self._file, error) from error


def operator_key_place(directory: Path, environment: Mapping[str, str]) -> OperatorKeyPlace:
    """Where the operator's key of a home comes from: CHISO_OPERATOR_KEY, or the home's file."""
    if OPERATOR_KEY_VARIABLE in environment:
        return OperatorKeyInVariable(directory, environment)
    return OperatorKeyInFile(directory)


def settle_operator_key(directory: Path, home_id: str, open_store: Callable[[], Store]) -> None:
    """Of two operator's keys that a crash left in a home, keep the one that opens it."""
    place = OperatorKeyInFile(directory)
    if place.staged() is None:
        return
    store = open_store()
    try:
        with store.writing():  # whoever is changing the key right now holds this lock
            staged = place.staged()
            if staged is None:
                return
            path = directory / KEYSTORE_FILE
            if FileKeystore(path, home_id, staged, SystemRandomness()).opens():
                place.settle()
            else:
                place.undo()
    finally:
        store.close()


def _overwrite(former: FileIO) -> None:
    """Zeros over a file that has no name any more. A disk that copies on write keeps the old."""
    former.write(bytes(os.fstat(former.fileno()).st_size))
    os.fsync(former.fileno())
