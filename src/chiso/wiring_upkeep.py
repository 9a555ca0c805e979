"""The rest of the composition root: what looks after a home, its keys and its backups."""

from __future__ import annotations

from pathlib import Path

from chiso.adapters.home_files import OPERATOR_KEY_BYTES, parse_operator_key, read_key_file
from chiso.adapters.system import SystemRandomness


def key_in_file(path: Path) -> bytes:
    """An operator's key that a file holds. Raises ChisoError where it holds none."""
    return read_key_file(path)


def key_in_text(text: str, where: str) -> bytes:
    """An operator's key that a text holds; `where` is what errors call it."""
    return parse_operator_key(text, where)


def new_operator_key() -> bytes:
    """A key of 32 random bytes."""
    return SystemRandomness().token(OPERATOR_KEY_BYTES)
