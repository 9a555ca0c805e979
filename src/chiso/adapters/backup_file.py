"""A backup in one tar file: written whole or not at all, read with every part checked."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from chiso.adapters.files import keep_names, sha256_of_file, unreadable, unwritable
from chiso.adapters.sqlite_errors import BUSY_TIMEOUT_S, as_chiso_error
from chiso.core.backups import (
    KEYSTORE,
    MANIFEST,
    OPERATOR_KEY,
    PARTS,
    SIGNATURE,
    STORE,
    Manifest,
    Part,
    parse_manifest,
)
from chiso.core.errors import ChisoError, Code

_CHUNK_BYTES = 1 << 20
_PAGES_AT_ONCE = 4096
_MAX_MANIFEST_BYTES = 1 << 20
_MAKING = ".making"


@contextmanager
def new_backup(home: Path, out: Path) -> Iterator[BackupFile]:
    """A backup of the home in this folder, to be called `out`, which must not be there yet.

    Raises ChisoError: BAD_ARGUMENT, STORE_FULL, FILE_UNREADABLE.
    """
    if os.path.lexists(out):
        raise _taken(out)
    folder = out.parent / f".{out.name}.{os.getpid()}{_MAKING}"
    with ExitStack() as cleaning:
        try:
            _remove_left_behind(out)
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise unwritable(out, error) from error
        cleaning.callback(shutil.rmtree, folder, ignore_errors=True)
        backup = BackupFile(home, out, folder)
        cleaning.callback(backup.close)
        yield backup


class BackupFile:
    """Implements `chiso.core.backups.Archive`. Made by `new_backup`."""

    def __init__(self, home: Path, out: Path, folder: Path) -> None:
        self._home, self._out, self._folder = home, out, folder
        self._source: sqlite3.Connection | None = None

    def begin(self) -> None:
        """Copy the keystore, and hold on to the store as it is at this moment."""
        copy_database(self._home / KEYSTORE, self._folder / KEYSTORE)
        with _translated(self._home / STORE):
            self._source = _connected(self._home / STORE)
            self._source.execute("BEGIN")
            self._source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # takes the view

    def copy_store(self) -> None:
        """Copy the store as it was at `begin`, while others may write again."""
        if self._source is None:
            raise RuntimeError("begin() comes first")
        with _translated(self._home / STORE):
            _copy(self._source, self._folder / STORE)
        self.close()

    def add(self, name: str, content: bytes) -> None:
        """Add another part."""
        try:
            (self._folder / name).write_bytes(content)
        except OSError as error:
            raise unwritable(self._out, error) from error

    def parts(self) -> tuple[Part, ...]:
        """Every part there is so far, in the order of `PARTS`."""
        there = [self._folder / name for name in (*PARTS, OPERATOR_KEY)]
        return tuple(
            Part(each.name, each.stat().st_size, sha256_of_file(each))
            for each in there
            if each.exists()
        )

    def seal(self, manifest: bytes, signature: bytes) -> None:
        """Put all in one file, readable by its owner alone, under its final name."""
        made = self._folder / self._out.name
        try:
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
                    for name, content in ((MANIFEST, manifest), (SIGNATURE, signature)):
                        tar.addfile(_entry(name, len(content)), io.BytesIO(content))
                    for part in self.parts():
                        with (self._folder / part.name).open("rb") as content_of:
                            tar.addfile(_entry(part.name, part.size_bytes), content_of)
                file.flush()
                os.fsync(file.fileno())
            _give_name(made, self._out)
        except FileExistsError as error:
            raise _taken(self._out) from error
        except OSError as error:
            raise unwritable(self._out, error) from error

    def close(self) -> None:
        """Let go of the store."""
        if self._source is not None:
            self._source.close()
            self._source = None


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A backup whose parts lie in a folder, each with the digest that its manifest gives."""

    manifest: Manifest
    text: bytes
    signature: bytes


def unpack(backup: Path, folder: Path) -> Unpacked:
    """Check a backup from end to end, and put its parts into an empty folder.

    Raises BACKUP_DAMAGED naming the part that is missing or was changed. Who made it is not checked
    here: that is for whoever has the key that signs.
    """
    try:
        with backup.open("rb") as file:
            return _unpack(backup, file, folder)
    except FileNotFoundError as error:
        raise ChisoError(
            Code.FILE_MISSING, f"There is no file {backup}.", "Check its name and folder."
        ) from error
    except OSError as error:
        if error.filename is not None and Path(error.filename) == backup:
            raise unreadable(backup, error) from error
        raise unwritable(folder, error) from error


def damaged(backup: Path, what: str) -> ChisoError:
    """The error for a backup that is not what was written."""
    return ChisoError(
        Code.BACKUP_DAMAGED,
        f"{backup} is not a whole backup: {what}.",
        "Nothing was restored from it. Try another copy of it, or an older backup.",
    )


def _unpack(backup: Path, file: IO[bytes], folder: Path) -> Unpacked:
    reading = "its beginning"
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            text = _first(tar, MANIFEST)
            reading = MANIFEST
            manifest = parse_manifest(text)
            signature = _first(tar, SIGNATURE)
            for part in manifest.parts:
                reading = part.name
                _take(tar, part, folder)
            reading = "its end"
            extra = tar.next()
    except (tarfile.TarError, EOFError) as error:
        raise damaged(backup, f"it cannot be read at {reading} ({error})") from error
    except ValueError as error:
        raise damaged(backup, f"{reading}: {error}") from error
    if extra is not None:
        raise damaged(backup, f"{extra.name!r} is in it, which its manifest does not list")
    return Unpacked(manifest, text, signature)


def _first(tar: tarfile.TarFile, name: str) -> bytes:
    content = _member(tar, name, _MAX_MANIFEST_BYTES)
    return content.read()


def _take(tar: tarfile.TarFile, part: Part, folder: Path) -> None:
    digest, left = hashlib.sha256(), part.size_bytes
    content = _member(tar, part.name, part.size_bytes)
    with os.fdopen(
        os.open(folder / part.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
    ) as target:
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
            left -= len(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    if left or digest.hexdigest() != part.sha256:
        raise ValueError("it is not the part that the manifest lists; it was cut or changed")


def _member(tar: tarfile.TarFile, name: str, max_bytes: int) -> IO[bytes]:
    """The next member, if it is the one that belongs here."""
    entry = tar.next()
    if entry is None:
        raise ValueError(f"{name} is missing")
    content = tar.extractfile(entry) if entry.isreg() else None
    if entry.name != name or content is None:
        raise ValueError(f"{entry.name!r} stands where {name} belongs")
    if entry.size > max_bytes:
        raise ValueError(f"{name} is larger than the manifest says")
    return content


def _entry(name: str, size_bytes: int) -> tarfile.TarInfo:
    """Nothing of this machine or its users goes along: no owner, no time."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size_bytes, 0o600
    return entry


def copy_database(path: Path, copy: Path) -> None:
    """Copy an SQLite file as it is at this moment, to a new file that stands alone."""
    with _translated(path), closing(_connected(path)) as source:
        _copy(source, copy)


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)


def _copy(source: sqlite3.Connection, path: Path) -> None:
    """A copy that stands alone, without the stale pages that SQLite keeps of deleted rows."""
    path.touch(mode=0o600)
    with closing(_connected(path)) as copy:
        source.backup(copy, pages=_PAGES_AT_ONCE, sleep=0)
        for statement in (
            "PRAGMA journal_mode=DELETE",
            "PRAGMA secure_delete=ON",
            "PRAGMA temp_store=MEMORY",
            "VACUUM",
        ):
            copy.execute(statement).close()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise as_chiso_error(path, str(error)) from error


def _give_name(made: Path, out: Path) -> None:
    """Give a finished file its name, unless something else has it by now (FileExistsError)."""
    try:
        os.link(made, out)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(out):
            raise FileExistsError(out) from None
        made.rename(out)
    keep_names(out.parent)


def _remove_left_behind(out: Path) -> None:
    """Copies that a backup of this name left when it was killed: people in them may be gone."""
    for folder in out.parent.glob(f".{out.name}.*{_MAKING}"):
        if not _is_at_work(folder.name.removesuffix(_MAKING).rpartition(".")[2]):
            shutil.rmtree(folder, ignore_errors=True)


def _is_at_work(number: str) -> bool:
    """Whether another process has this number. Ours is none: in a container all have the same."""
    try:
        process = int(number)
        os.kill(process, 0)
    except PermissionError:
        return True
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    return process != os.getpid()


def _taken(out: Path) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        f"{out} is there already and is left as it is.",
        "Name a new file with --out.",
    )
