"""What a table's file is, by its first bytes, and what went wrong where it is none."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path

from chiso.adapters.files import sha256_of_file, unreadable
from chiso.core.errors import ChisoError, Code

_PARQUET, _ZIP, _NUMPY, _GZIP = b"PAR1", b"PK\x03\x04", b"\x93NUMPY", b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Format(Enum):
    """How a table is written; the value is its name in messages."""

    CSV = "CSV"
    PARQUET = "Parquet"
    NPZ = "NPZ"


def opened_as(path: Path, wanted: tuple[Format, ...]) -> tuple[Format, str]:
    """The format of a file, one of those wanted, and the file's SHA-256.

    Raises ChisoError: FILE_MISSING, NOT_A_FILE, FILE_UNREADABLE; BAD_TABLE where it is empty or of
    another format; BAD_ARGUMENT where its name is not UTF-8.
    """
    _require_utf_8(path)
    try:
        if path.exists() and not path.is_file():
            kind = "a directory" if path.is_dir() else "not a regular file"
            raise ChisoError(
                Code.NOT_A_FILE, f"{path} is {kind}; a table is wanted.", "Name the table's file."
            )
        with path.open("rb") as stream:
            start = stream.read(8)
        digest = sha256_of_file(path)
    except FileNotFoundError as error:
        raise ChisoError(
            Code.FILE_MISSING, f"There is no file {path}.", "Check its name and folder."
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:  # a NUL in its name
        raise ChisoError(
            Code.FILE_MISSING, f"{path} cannot be a file ({error}).", "Check its name."
        ) from error
    return _format(path, start, wanted), digest


def _require_utf_8(path: Path) -> None:
    """Polars opens no file by another name, and a report could not give it."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The name {os.fsencode(path)!r} is not UTF-8.",
            "Rename the file, or the folder that it is in.",
        ) from error


def _format(path: Path, start: bytes, wanted: tuple[Format, ...]) -> Format:
    names = " or ".join(each.value for each in wanted)
    if not start:
        raise bad_table(path, "it is empty", f"Name a table as {names} with one row or more.")
    if path.suffix.lower() == ".parquet" and not start.startswith(_PARQUET):
        # Damaged, it might pass for anything else.
        raise bad_table(
            path,
            "it is named as a Parquet file, and is none: it does not begin as these do",
            "Write the file anew; or, if it is not damaged but of another format, name it so.",
        )
    if start.startswith(_PARQUET):
        found: Format | None = Format.PARQUET
    elif start.startswith(_ZIP):
        found = Format.NPZ
    elif start.startswith((_NUMPY, _GZIP, *_UTF_16)) or b"\x00" in start:
        found = None
    else:
        found = Format.CSV
    if found not in wanted or found is None:
        raise bad_table(path, f"it is not {names}{_guess(start)}", f"Save the table as {names}.")
    return found


def _guess(start: bytes) -> str:
    if start.startswith(_GZIP):
        return " but compressed with gzip"
    if start.startswith(_NUMPY):
        return " but a single NumPy array"
    if start.startswith(_UTF_16):
        return " in UTF-8 but text in UTF-16"
    return ""


def bad_table(path: Path, what: str, do: str) -> ChisoError:
    """The error for a file that is no table of the kind wanted."""
    return ChisoError(Code.BAD_TABLE, f"{path.name}: {what}.", do)
