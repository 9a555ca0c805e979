"""The plain files of a home: what it is, and the operator's key."""

from __future__ import annotations

import base64
import binascii
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chiso.adapters.files import keep_names, write_atomically
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code

FORMAT = 1
HOME_FILE = "home.json"
STORE_FILE = "store.sqlite3"
KEYSTORE_FILE = "keystore.sqlite3"
ANCHOR_FILE = "log.note"
OPERATOR_KEY_FILE = "operator.key"
OPERATOR_KEY_VARIABLE = "CHISO_OPERATOR_KEY"
OPERATOR_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class HomeFile:
    """What `home.json` says: nothing secret, nothing about a person.

    `database`: the address of the PostgreSQL database that is the store, without a password; None
    where the store is a file of the home.
    """

    home_id: str
    controller: str
    public_key: bytes
    database: str | None = None


def write_home_file(directory: Path, content: HomeFile) -> None:
    """Write `home.json` in one step."""
    document: dict[str, object] = {
        "format": FORMAT,
        "home_id": content.home_id,
        "controller": content.controller,
        "public_key": base64.b64encode(content.public_key).decode(),
    }
    if content.database is not None:
        document["database"] = content.database
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    write_atomically(directory / HOME_FILE, text.encode())


def read_home_file(directory: Path) -> HomeFile:
    """Read `home.json`. Raises ChisoError: HOME_MISSING, HOME_NEWER or HOME_UNREADABLE."""
    path = directory / HOME_FILE
    try:
        document = json.loads(path.read_bytes())
        made_by = document["format"]
        if isinstance(made_by, int) and made_by > FORMAT:
            raise ChisoError(
                Code.HOME_NEWER,
                f"{directory} was made by a newer Chiso (format {made_by}; this one reads "
                f"format {FORMAT}).",
                "Install the newer version; nothing was changed.",
            )
        return HomeFile(
            home_id=str(document["home_id"]),
            controller=str(document["controller"]),
            public_key=base64.b64decode(document["public_key"], validate=True),
            database=None if document.get("database") is None else str(document["database"]),
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ChisoError(
            Code.HOME_MISSING,
            f"There is no Chiso home at {directory}.",
            "Make one with `chiso init`, or name another with --home or CHISO_HOME.",
        ) from error
    except OSError as error:
        raise ChisoError(
            Code.HOME_UNREADABLE,
            f"{path} cannot be read ({error.strerror}).",
            "Run as the user who owns the home, or mend its permissions.",
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ChisoError(
            Code.HOME_UNREADABLE,
            f"{path} is not the file of a Chiso home ({error}).",
            f"Name another home with --home. Or, if this is one: {PUT_BACK_A_BACKUP}",
        ) from error


def write_operator_key(directory: Path, key: bytes, name: str = OPERATOR_KEY_FILE) -> None:
    """Write an operator's key (32 bytes) to a new file, readable by its owner alone."""
    path = directory / name
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    keep_names(directory)


def read_operator_key(directory: Path, environment: Mapping[str, str]) -> bytes:
    """The operator's key: from CHISO_OPERATOR_KEY if set, else from the home's file.

    Raises ChisoError(OPERATOR_KEY_MISSING) without one, WRONG_OPERATOR_KEY where it is no key or
    its file can be read by others.
    """
    text = environment.get(OPERATOR_KEY_VARIABLE)
    if text is not None:
        return parse_operator_key(text, OPERATOR_KEY_VARIABLE)
    return read_key_file(directory / OPERATOR_KEY_FILE)


def read_key_file(path: Path) -> bytes:
    """The operator's key in a file. Raises as `read_operator_key`."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()
    except OSError as error:
        raise ChisoError(
            Code.OPERATOR_KEY_MISSING,
            f"The operator's key is not at {path} ({error.strerror}).",
            f"Put operator.key back, or give its value in {OPERATOR_KEY_VARIABLE}.",
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ChisoError(
            Code.WRONG_OPERATOR_KEY,
            f"{path} can be read by other users of this machine (mode {mode & 0o777:04o}).",
            f"Run `chmod 600 {path}`, and consider who may have read it.",
        )
    return parse_operator_key(text, str(path))


def parse_operator_key(text: str | bytes, where: str) -> bytes:
    """The key (32 bytes) that a text of `where` stands for. Raises WRONG_OPERATOR_KEY."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
        if len(key) != OPERATOR_KEY_BYTES:
            raise ValueError(f"it has {len(key)} bytes, not {OPERATOR_KEY_BYTES}")
    except (binascii.Error, ValueError) as error:
        raise ChisoError(
            Code.WRONG_OPERATOR_KEY,
            f"{where} does not hold an operator's key ({error}).",
            "It must be the base64 text that `chiso init` wrote into operator.key.",
        ) from error
    return key
