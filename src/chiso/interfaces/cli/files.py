"""Files that a person names on the command line, read with errors that say what to do."""

from __future__ import annotations

import hashlib
from pathlib import Path

from chiso.core.errors import ChisoError, Code


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


def sha256_of(path: Path, what: str) -> str:
    """Lower-case hex SHA-256 of a file's content."""
    return hashlib.sha256(read_file(path, what)).hexdigest()
