"""Checkpoints: the log's size and root as a C2SP signed note (tlog-checkpoint, signed-note)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

ED25519 = 0x01
"""Signature type of a log's own line: Ed25519 over the note's text (signed-note)."""
KEY_BYTES = 32
MAX_SIZE = 2**63 - 1
MAX_SIGNATURES = 64
"""More lines than this are no note of ours; signed-note asks verifiers to take at least 16."""
_KEY_HASH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says: this log had this many leaves and this root."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who is said to have signed, and what."""

    key_name: str
    key_hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note taken apart: the signed text, and its signature lines in order."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def by(self, name: str, hashed: bytes) -> tuple[NoteSignature, ...]:
        """The lines that say they are of the key with this name and hash; others are no matter."""
        return tuple(
            each for each in self.signatures if each.key_name == name and each.key_hash == hashed
        )


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key as it is handed on: whose, for which signature type, and its 32 bytes."""

    name: str
    algorithm: int
    public_key: bytes

    @property
    def key_hash(self) -> bytes:
        """The four bytes that name this key in a signature line."""
        return key_hash(self.name, self.public_key, self.algorithm)


def checkpoint_text(checkpoint: Checkpoint) -> bytes:
    """The bytes that are signed: origin, size and base64 root, a line each."""
    root = base64.b64encode(checkpoint.root).decode()
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n".encode()


def key_hash(name: str, public_key: bytes, algorithm: int = ED25519) -> bytes:
    """Four bytes that name a key: SHA-256(name ‖ LF ‖ type ‖ public key)[:4] (signed-note)."""
    hashed = hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public_key)
    return hashed.digest()[:_KEY_HASH_BYTES]


def signed_note(text: bytes, name: str, public_key: bytes, signature: bytes) -> str:
    """The note: text, an empty line, and one signature line."""
    own = NoteSignature(name, key_hash(name, public_key), signature)
    return note_text(Note(text, (own,)))


def note_text(note: Note) -> str:
    """The note in one piece: text, an empty line, and its signature lines."""
    return f"{note.text.decode()}\n{signature_lines(note.signatures)}"


def signature_lines(signatures: Iterable[NoteSignature]) -> str:
    """Signature lines as a note ends with them, each with its line end."""
    lines = []
    for each in signatures:
        blob = base64.b64encode(each.key_hash + each.signature).decode()
        lines.append(f"— {each.key_name} {blob}\n")
    return "".join(lines)


def parse_note(note: str) -> Note:
    """Take a note apart. Its signatures are not checked. Raises ValueError where it is no note."""
    if any(character < " " and character != "\n" for character in note):
        raise ValueError("it holds control characters")
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not text:
        raise ValueError("not a signed note")
    return Note((text + "\n").encode(), parse_signature_lines(signatures))


def parse_signature_lines(lines: str) -> tuple[NoteSignature, ...]:
    """Signature lines taken apart. Raises ValueError where they are none, or too many."""
    *signatures, last = lines.split("\n")
    if last or not 0 < len(signatures) <= MAX_SIGNATURES:
        raise ValueError(f"not one to {MAX_SIGNATURES} signature lines")
    return tuple(_signature(line) for line in signatures)


def _signature(line: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, blob_text = rest.partition(" ")
    if dash != "—" or not is_key_name(name):
        raise ValueError("not a signature line")
    blob = strict_base64(blob_text)
    if len(blob) <= _KEY_HASH_BYTES:
        raise ValueError("a signature is too short")
    return NoteSignature(name, blob[:_KEY_HASH_BYTES], blob[_KEY_HASH_BYTES:])


def is_key_name(name: str) -> bool:
    """Whether a key may be called so: not empty, no space of any kind, no plus, no control."""
    return bool(name) and not any(
        each.isspace() or each == "+" or each < " " or "\ud800" <= each <= "\udfff" for each in name
    )


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read a checkpoint's text. Raises ValueError where it is not one.

    Lines after the third are extensions, which are signed and say nothing to us.
    """
    *lines, last = text.decode().split("\n")
    if len(lines) < 3 or last or not all(lines):
        raise ValueError("not a checkpoint")
    root = strict_base64(lines[2])
    if len(root) != hashlib.sha256().digest_size:
        raise ValueError("not a checkpoint")
    return Checkpoint(lines[0], parse_size(lines[1]), root)


def parse_size(text: str) -> int:
    """A number of leaves: decimal digits without leading zeroes, 0 to 2^63 − 1."""
    digits = len(str(MAX_SIZE))
    if not 0 < len(text) <= digits or not (text.isascii() and text.isdecimal()):
        raise ValueError("not a number of leaves")
    size = int(text)
    if str(size) != text or size > MAX_SIZE:
        raise ValueError("not a number of leaves")
    return size


def strict_base64(text: str) -> bytes:
    """Bytes of standard base64 that is written in the one way there is. Raises ValueError."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if base64.b64encode(decoded).decode() != text:
        raise ValueError("not base64 as it is written")
    return decoded


def vkey_text(key: VerifierKey) -> str:
    """The key as one word: name, hash in hex, and base64 of type ‖ key, joined by plus signs."""
    material = base64.b64encode(bytes([key.algorithm]) + key.public_key).decode()
    return f"{key.name}+{key.key_hash.hex()}+{material}"


def parse_vkey(text: str) -> VerifierKey:
    """Read what `vkey_text` writes. Raises ValueError where it is no key, or its hash is another's.

    Only keys of 32 bytes are known, which Ed25519 keys of every signature type have.
    """
    name, _, rest = text.partition("+")
    hashed, _, material_text = rest.partition("+")
    material = strict_base64(material_text)
    if not is_key_name(name) or len(material) != 1 + KEY_BYTES:
        raise ValueError("not a verifier key")
    key = VerifierKey(name, material[0], material[1:])
    if key.key_hash.hex() != hashed:
        raise ValueError("its hash is not this key's")
    return key
