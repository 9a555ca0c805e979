"""Checkpoints: the log's size and root as a C2SP signed note (tlog-checkpoint, signed-note)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

_ED25519 = b"\x01"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says: this log had this many leaves and this root."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note taken apart: the signed text, and one signature line."""

    text: bytes
    key_name: str
    key_hash: bytes
    signature: bytes


def checkpoint_text(checkpoint: Checkpoint) -> bytes:
    """The bytes that are signed: origin, size and base64 root, a line each."""
    root = base64.b64encode(checkpoint.root).decode()
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n".encode()


def key_hash(name: str, public_key: bytes) -> bytes:
    """Four bytes that name a key: SHA-256(name ‖ LF ‖ 0x01 ‖ Ed25519 public key)[:4]."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def signed_note(text: bytes, name: str, public_key: bytes, signature: bytes) -> str:
    """The note: text, an empty line, and one signature line."""
    blob = base64.b64encode(key_hash(name, public_key) + signature).decode()
    return f"{text.decode()}\n— {name} {blob}\n"


def parse_note(note: str) -> Note:
    """Take a note with one signature apart. Raises ValueError where it is not one."""
    text, separator, signatures = note.rpartition("\n\n")
    line = signatures.rstrip("\n")
    parts = line.split(" ")
    if not separator or len(parts) != 3 or parts[0] != "—" or "\n" in line:
        raise ValueError("not a signed note with one signature")
    try:
        blob = base64.b64decode(parts[2], validate=True)
    except binascii.Error as error:
        raise ValueError("the note's signature is not base64") from error
    return Note((text + "\n").encode(), parts[1], blob[:4], blob[4:])


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read a checkpoint's text. Raises ValueError where it is not one."""
    lines = text.decode().split("\n")
    if len(lines) < 4 or not lines[1].isdecimal() or str(int(lines[1])) != lines[1]:
        raise ValueError("not a checkpoint")
    root = base64.b64decode(lines[2], validate=True)
    if not lines[0] or len(root) != hashlib.sha256().digest_size:
        raise ValueError("not a checkpoint")
    return Checkpoint(lines[0], int(lines[1]), root)
