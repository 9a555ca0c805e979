"""The folder of a witness: who it is, its key, and its state."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path

from chiso.account.checkpoint import KEY_BYTES, VerifierKey, strict_base64
from chiso.account.cosignature import COSIGNATURE
from chiso.adapters.files import unwritable, write_atomically
from chiso.adapters.signing import Ed25519Signer
from chiso.adapters.witness.state import SqliteWitnessState
from chiso.core.errors import ChisoError, Code
from chiso.core.ports import Randomness

FORMAT = 1
WITNESS_FILE = "witness.json"
KEY_FILE = "witness.key"
STATE_FILE = "state.sqlite3"


def make_folder(directory: Path, name: str, randomness: Randomness) -> None:
    """Make a witness of this name in a folder that is new or empty.

    Raises ChisoError(WITNESS_EXISTS) where something is there. `witness.json`, last, makes it one.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(directory.iterdir()):
            raise ChisoError(
                Code.WITNESS_EXISTS,
                f"{directory} is not empty, and is left as it is.",
                "Name a new folder with --dir. A witness that begins again needs a new name and "
                "key: what the former one cosigned stays true of the former one alone.",
            )
        key = randomness.token(KEY_BYTES)
        _write_key(directory / KEY_FILE, key)
        SqliteWitnessState(directory / STATE_FILE).create_file()
        document = {"format": FORMAT, "name": name}
        write_atomically(directory / WITNESS_FILE, (json.dumps(document) + "\n").encode())
    except OSError as error:
        raise unwritable(directory, error) from error


def open_folder(directory: Path) -> tuple[VerifierKey, Ed25519Signer, SqliteWitnessState]:
    """Who the witness is, what it signs with, what it remembers.

    Raises ChisoError: WITNESS_MISSING; WITNESS_DAMAGED also for a key that others can read.
    """
    name = _read_name(directory)
    signer = Ed25519Signer(_read_key(directory / KEY_FILE))
    state = SqliteWitnessState(directory / STATE_FILE)
    return VerifierKey(name, COSIGNATURE, signer.public_key), signer, state


def _write_key(path: Path, key: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _read_name(directory: Path) -> str:
    path = directory / WITNESS_FILE
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise ValueError(f"its format is {document['format']}")
        return str(document["name"])
    except OSError as error:
        raise ChisoError(
            Code.WITNESS_MISSING,
            f"There is no witness at {directory} ({error.strerror}).",
            "Make one with `chiso witness init --dir DIR --name NAME`.",
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ChisoError(
            Code.WITNESS_DAMAGED,
            f"{path} is not the file of a witness that this Chiso can read ({error}).",
            "Put it back as `chiso witness init` wrote it.",
        ) from error


def _read_key(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ChisoError(
            Code.WITNESS_DAMAGED,
            f"The witness's key at {path} cannot be read ({error}).",
            "Put witness.key back; it is the one file of a witness that cannot be made again.",
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ChisoError(
            Code.WITNESS_DAMAGED,
            f"{path} can be read by other users of this machine (mode {mode & 0o777:04o}).",
            f"Run `chmod 600 {path}`, and consider who may have read it.",
        )
    try:
        key = strict_base64(text.rstrip("\n"))
        if len(key) != KEY_BYTES:
            raise ValueError(f"it has {len(key)} bytes, not {KEY_BYTES}")
    except ValueError as error:
        raise ChisoError(
            Code.WITNESS_DAMAGED,
            f"{path} does not hold a witness's key ({error}).",
            "Put witness.key back as `chiso witness init` wrote it.",
        ) from error
    return key
