"""Files on disk: digests, and writes that happen whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path

from chiso.core.errors import ChisoError, Code

_CHUNK_BYTES = 1 << 20


def sha256_of_file(path: Path) -> str:
    """Lower-case hex SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def read_verified(path: Path, sha256: str) -> bytes | None:
    """The file's bytes where it exists and they have this digest, else None."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as cause:
        raise unreadable(path, cause) from cause
    return data if hashlib.sha256(data).hexdigest() == sha256 else None


def write_atomically(path: Path, data: bytes) -> None:
    """Gives `path` these contents in one step; a crash leaves the old contents or none.

    Raises `ChisoError(STORE_FULL)` where the disk is full, `FILE_UNREADABLE` where writing is not
    allowed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as cause:
        raise unwritable(path, cause) from cause
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        settle(Path(temporary), path)
    except OSError as cause:
        raise unwritable(path, cause) from cause
    finally:
        Path(temporary).unlink(missing_ok=True)


def settle(temporary: Path, path: Path) -> None:
    """Gives a finished file its name, and makes the name survive a power cut."""
    temporary.replace(path)
    keep_names(path.parent)


def keep_names(directory: Path) -> None:
    """Makes the names of the files in a directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unreadable(path: Path, cause: OSError) -> ChisoError:
    """The error for a file that the operating system refuses to read."""
    return ChisoError(
        Code.FILE_UNREADABLE,
        f"{path} cannot be read: {cause.strerror}.",
        "Check the file's permissions.",
    )


def unwritable(path: Path, cause: OSError) -> ChisoError:
    """The error for a file that cannot be written: STORE_FULL on a full disk."""
    if cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return ChisoError(
            Code.STORE_FULL,
            f"The disk is full: {path.name} was not written.",
            f"Free space under {path.parent} and try again.",
        )
    return ChisoError(
        Code.FILE_UNREADABLE,
        f"{path} cannot be written: {cause.strerror}.",
        f"Allow writing to {path.parent}, or choose another place.",
    )
