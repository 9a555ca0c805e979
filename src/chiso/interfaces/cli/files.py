"""Files that a person names on the command line, read with errors that say what to do."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from chiso.core.errors import ChisoError, Code

_MAX_NOTE_BYTES = 64 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)


def read_file(path: Path, what: str, max_bytes: int | None = None) -> bytes:
    """Content of a regular file; at most one byte more than `max_bytes`, which callers refuse.

    Raises ChisoError: FILE_MISSING, NOT_A_FILE, FILE_UNREADABLE.
    """
    try:
        if path.exists() and not path.is_file():
            kind = "a directory" if path.is_dir() else "not a regular file"
            raise ChisoError(
                Code.NOT_A_FILE, f"{path} is {kind}; {what} is wanted.", f"Name the file of {what}."
            )
        with path.open("rb") as file:
            return file.read() if max_bytes is None else file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise ChisoError(
            Code.FILE_MISSING, f"There is no file {path}.", "Check its name and folder."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ChisoError(
            Code.FILE_UNREADABLE,
            f"{path} cannot be read ({reason}).",
            "Check its permissions and the disk that it is on.",
        ) from error


def name_of(path: Path) -> str:
    """A file's or folder's own name, for documents; bytes in it that are no UTF-8 are escaped."""
    return os.fsencode(path.resolve().name).decode(errors="backslashreplace")


def read_note(path: Path) -> str:
    """Text of a file that should hold a checkpoint. Raises as `read_file`, or BAD_ARGUMENT."""
    content = read_file(path, "a saved checkpoint", _MAX_NOTE_BYTES)
    try:
        if len(content) > _MAX_NOTE_BYTES:
            raise ValueError("it is too long")
        return content.decode()
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{path} is no checkpoint ({error}).",
            "Give the file that `chiso log checkpoint` wrote, unchanged.",
        ) from error


def sha256_of(path: Path, what: str) -> str:
    """Lower-case hex SHA-256 of a file's content. Raises BAD_ARGUMENT for an empty one."""
    content = read_file(path, what)
    if not content:
        raise ChisoError(
            Code.BAD_ARGUMENT, f"{path} is empty: it shows nothing.", f"Name the file of {what}."
        )
    return hashlib.sha256(content).hexdigest()


def require_new_or_empty(folder: Path) -> None:
    """Raise ChisoError(BAD_ARGUMENT) where something is in `folder`, or it is none."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise _unwritable(folder, error) from error
    if taken:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{folder} is there already.",
            "Name a new or empty folder with --out.",
        )


def write_folder(folder: Path, documents: Mapping[str, bytes]) -> None:
    """Make a new or empty folder of these files, for their owner alone; all of them, or none.

    Raises ChisoError: STORE_FULL, FILE_UNREADABLE.
    """
    try:
        target = Path(os.path.realpath(folder))  # Path.resolve fails on a circle of links
        target.parent.mkdir(parents=True, exist_ok=True)
        # Inside a folder that is there: a shell may stand in it, or a disk be mounted on it.
        beside = target if target.is_dir() else target.parent
        making = Path(tempfile.mkdtemp(dir=beside, prefix=f".{target.name}."))
        try:
            for name, content in documents.items():
                _write_privately(making / name, content)
            _place(making, target)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _place(made: Path, target: Path) -> None:
    if not target.is_dir():
        made.replace(target)
        return
    target.chmod(0o700)
    for each in made.iterdir():
        each.replace(target / each.name)


def _write_privately(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _unwritable(folder: Path, error: OSError) -> ChisoError:
    if error.errno in _FULL:
        return ChisoError(
            Code.STORE_FULL,
            f"The disk is full: {folder} was not written.",
            "Free some space, or name a place on another disk with --out.",
        )
    return ChisoError(
        Code.FILE_UNREADABLE,
        f"{folder} cannot be written ({error.strerror}).",
        "Name a folder that you may write to with --out.",
    )


@contextmanager
def reserved(path: Path | None) -> Iterator[TextIO | None]:
    """As `new_file`; None for None."""
    if path is None:
        yield None
        return
    with new_file(path) as file:
        yield file


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A new file, for its owner alone, to write to in the block; it goes if the block fails.

    Raises ChisoError: BAD_ARGUMENT if it is there already, FILE_UNREADABLE, STORE_FULL.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT, f"{path} is there already.", "Name a new file with --out."
        ) from error
    except OSError as error:
        raise ChisoError(
            Code.FILE_UNREADABLE,
            f"{path} cannot be written ({error.strerror}).",
            "Name a file in a folder that you may write to. Nothing was changed.",
        ) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
    except BaseException as error:
        path.unlink()
        if isinstance(error, OSError) and error.errno in _FULL:
            raise _unwritable(path, error) from error
        raise


@contextmanager
def reserved_bytes(path: Path) -> Iterator[BinaryIO]:
    """As `reserved`, for bytes."""
    with new_file(path) as file:
        yield file.buffer
