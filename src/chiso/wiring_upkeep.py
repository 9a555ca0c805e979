"""The rest of the composition root: what looks after a home, its keys and its backups."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from chiso import wiring
from chiso.adapters.anchor import AnchorFile
from chiso.adapters.backup_file import copy_database, damaged, new_backup, unpack
from chiso.adapters.home_files import (
    ANCHOR_FILE,
    HOME_FILE,
    KEYSTORE_FILE,
    OPERATOR_KEY_BYTES,
    OPERATOR_KEY_FILE,
    OPERATOR_KEY_VARIABLE,
    STORE_FILE,
    HomeFile,
    parse_operator_key,
    read_home_file,
    read_key_file,
    write_operator_key,
)
from chiso.adapters.home_swap import making_in, swap_in
from chiso.adapters.keystore import FileKeystore
from chiso.adapters.memory import refuse_dumps, start_overwriting
from chiso.adapters.operator_key import OperatorKeyInFile
from chiso.adapters.operator_key import operator_key_place as place_in
from chiso.adapters.system import SystemRandomness
from chiso.core.backups import Manifest
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.storage import OperatorKeyPlace
from chiso.services import backup, keys
from chiso.services.home import Home
from chiso.services.restore import Restored
from chiso.services.restore import restore as restored_from
from chiso.services.withdrawn_since import Backup, Evidence, Living


def live_on() -> None:
    """For a command that lives on: overwrite what this process frees, and let nobody dump it.

    Starts the process again, once, so that it comes before anything is read (`adapters.memory`).
    """
    start_overwriting()
    refuse_dumps()


def operator_key_place(directory: Path) -> OperatorKeyPlace:
    """Where the operator's key of a home comes from: CHISO_OPERATOR_KEY, or the home's file."""
    return place_in(directory, os.environ)


def key_in_file(path: Path) -> bytes:
    """An operator's key that a file holds. Raises ChisoError where it holds none."""
    return read_key_file(path)


def key_in_text(text: str, where: str) -> bytes:
    """An operator's key that a text holds; `where` is what errors call it."""
    return parse_operator_key(text, where)


def new_operator_key() -> bytes:
    """A key of 32 random bytes."""
    return SystemRandomness().token(OPERATOR_KEY_BYTES)


def back_up(home: Home, out: Path, with_operator_key: bool) -> Manifest:
    """Write a backup of a home to a new file.

    Raises BAD_ARGUMENT where something has its name, or the store is a PostgreSQL database.
    """
    if not (home.path / STORE_FILE).is_file():
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "The store of this home is a PostgreSQL database: `chiso backup` copies files alone.",
            "Make the database's own backup, and keep a copy of the home's folder apart from it. "
            "Whoever withdraws after that is in it: withdraw her again when you put it back.",
        )
    return backup.back_up(
        home,
        operator_key_place(home.path),
        new_backup(home.path, out),
        (home.path / HOME_FILE).read_bytes(),
        with_operator_key,
    )


def restore(file: Path, directory: Path, evidence: Evidence, key_file: Path | None) -> Restored:
    """Put a backup in the place of the home at `directory`, or where there is none.

    `key_file`: the operator's key that opens the backup, where it is neither in the backup nor in
    the environment nor the living home's. Everything is made and checked beside what is there,
    which stays as it is until then.
    """
    with making_in(directory) as folder:
        copied = folder / "backup"
        copied.mkdir(mode=0o700)
        unpacked = unpack(file, copied)
        made_of = read_home_file(copied)
        _require_same_home(directory, made_of)
        if made_of.home_id != unpacked.manifest.home_id:
            raise damaged(file, f"{HOME_FILE} is of another home than the manifest")
        key = _key_that_opens(copied, directory, made_of, key_file)
        home = wiring.open_copy(copied, made_of, key)
        living = _living(directory, folder / "living", copied, made_of, key)
        opened = Backup(home, unpacked.manifest, unpacked.signature)
        try:
            if home.signer.public_key != made_of.public_key:
                raise damaged(file, f"{HOME_FILE} names another key than the keystore holds")
            restored = restored_from(opened, living, evidence)
            _give_operator_key(restored.home, directory, key)
        finally:
            for each in (home, None if living is None else living.home):
                if each is not None:
                    each.store.close()
        if living is not None and living.note != _note_of(directory):
            raise ChisoError(
                Code.STORE_BUSY,
                f"{directory} was written to meanwhile: nothing was changed.",
                "Stop whatever works in this home, and run the command again.",
            )
        swap_in(restored.home.path, directory)
    return restored


def _require_same_home(directory: Path, restored: HomeFile) -> None:
    try:
        there = read_home_file(directory)
    except ChisoError as error:
        if error.code not in (Code.HOME_MISSING, Code.HOME_UNREADABLE):
            raise
        return
    if there.home_id != restored.home_id:
        raise ChisoError(
            Code.HOME_EXISTS,
            f"The home at {directory} is another one than the backup's: it is left as it is.",
            "Name an empty place, or the home that the backup was made of, with --home.",
        )


def _key_that_opens(copied: Path, directory: Path, file: HomeFile, key_file: Path | None) -> bytes:
    """The operator's key that the backup's keystore is wrapped by."""
    for key in _keys_at_hand(copied, directory, key_file):
        if _keystore(copied, file, key).opens():
            return key
    raise ChisoError(
        Code.WRONG_OPERATOR_KEY,
        "No operator's key that is at hand opens this backup.",
        "Name the file of the key that its home had when it was made with --operator-key FILE: a "
        "backup from before `chiso keys rotate` needs the former key.",
    )


def _keys_at_hand(copied: Path, directory: Path, key_file: Path | None) -> Iterator[bytes]:
    if key_file is not None:
        yield read_key_file(key_file)
    if OPERATOR_KEY_VARIABLE in os.environ:
        yield parse_operator_key(os.environ[OPERATOR_KEY_VARIABLE], OPERATOR_KEY_VARIABLE)
    for folder in (copied, directory):
        with suppress(ChisoError):
            yield read_key_file(folder / OPERATOR_KEY_FILE)


def _living(
    directory: Path, folder: Path, copied: Path, file: HomeFile, backup_key: bytes
) -> Living | None:
    """A copy of the home that is to be replaced, as far as it can be read; None where none is."""
    parts = (HOME_FILE, STORE_FILE, KEYSTORE_FILE, ANCHOR_FILE)
    if not any((directory / part).exists() for part in parts):
        return None
    note = _note_of(directory)
    folder.mkdir(mode=0o700)
    try:
        copy_database(directory / STORE_FILE, folder / STORE_FILE)
        key = _copy_keystore(directory, folder, copied, file, backup_key)
        shutil.copyfile(copied / HOME_FILE, folder / HOME_FILE)
        if note is not None:
            AnchorFile(folder / ANCHOR_FILE).write(note)
        return Living(wiring.open_copy(folder, file, key), note)
    except ChisoError as error:
        if error.kind is not Kind.INTEGRITY and error.code is not Code.HOME_UNREADABLE:
            raise
        return Living(None, note)


def _copy_keystore(
    directory: Path, folder: Path, copied: Path, file: HomeFile, backup_key: bytes
) -> bytes:
    """The living home's keystore where a key at hand opens it, else the backup's; and that key."""
    try:
        copy_database(directory / KEYSTORE_FILE, folder / KEYSTORE_FILE)
        for key in _keys_at_hand(copied, directory, None):
            if _keystore(folder, file, key).opens():
                return key
    except ChisoError as error:
        if error.kind is not Kind.INTEGRITY and error.code is not Code.HOME_UNREADABLE:
            raise
    (folder / KEYSTORE_FILE).unlink(missing_ok=True)
    copy_database(copied / KEYSTORE_FILE, folder / KEYSTORE_FILE)
    return backup_key


def _give_operator_key(home: Home, directory: Path, backup_key: bytes) -> None:
    """Wrap what was restored by the key that the living home has, and put that key beside it.

    A key that was rotated away does not come back with an old backup.
    """
    current = next(_keys_of(directory), backup_key)
    path = home.path / OPERATOR_KEY_FILE
    path.unlink(missing_ok=True)
    key = next(
        each
        for each in (current, backup_key)
        if _keystore(home.path, HomeFile(home.home_id, "", b""), each).opens()
    )
    write_operator_key(home.path, key)
    if key != current:
        keys.rotate(home, OperatorKeyInFile(home.path), current)
    if OPERATOR_KEY_VARIABLE in os.environ:
        path.unlink()


def _keys_of(directory: Path) -> Iterator[bytes]:
    """The operator's key in force, where the environment or the living home has one."""
    if OPERATOR_KEY_VARIABLE in os.environ:
        yield parse_operator_key(os.environ[OPERATOR_KEY_VARIABLE], OPERATOR_KEY_VARIABLE)
    with suppress(ChisoError):
        yield read_key_file(directory / OPERATOR_KEY_FILE)


def _note_of(directory: Path) -> str | None:
    try:
        return AnchorFile(directory / ANCHOR_FILE).read()
    except ChisoError:
        return None


def _keystore(directory: Path, file: HomeFile, key: bytes) -> FileKeystore:
    return FileKeystore(directory / KEYSTORE_FILE, file.home_id, key, SystemRandomness())
