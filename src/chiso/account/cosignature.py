"""Cosignatures: a witness's dated signature on a checkpoint (C2SP tlog-cosignature, Ed25519).

A cosignature says: at this time, the largest tree that this witness had seen of this log, each
going on from the one before, is the one in the checkpoint. It says nothing about what is in it.
"""

from __future__ import annotations

from collections.abc import Callable

from chiso.account.checkpoint import Note, NoteSignature, VerifierKey

COSIGNATURE = 0x04
"""Signature type of a witness's line."""
_TIME_BYTES = 8
_SIGNATURE_BYTES = 64
_MAX_TIME_S = 2**63 - 1

VerifyWith = Callable[[bytes, bytes, bytes], bool]
"""(public key, message, signature) → whether that Ed25519 key made it."""


def cosigned_message(text: bytes, time_s: int) -> bytes:
    """What a witness signs: a header line, the time in seconds since 1970, and the note's text."""
    if not 0 <= time_s <= _MAX_TIME_S:
        raise ValueError("a cosignature's time lies outside what can be written")
    return b"cosignature/v1\ntime %d\n" % time_s + text


def cosignature(witness: VerifierKey, time_s: int, signature: bytes) -> NoteSignature:
    """The signature line's content: the time, 8 bytes big-endian, before the 64-byte signature."""
    blob = time_s.to_bytes(_TIME_BYTES, "big") + signature
    return NoteSignature(witness.name, witness.key_hash, blob)


def cosigned_at(note: Note, witness: VerifierKey, verify: VerifyWith) -> int | None:
    """When this witness cosigned, in seconds since 1970, the latest if more than once.

    None where no line says it is its. Raises ValueError where one does and is not.
    """
    if witness.algorithm != COSIGNATURE:
        raise ValueError(f"{witness.name} has no witness's key")
    times = [
        _time(note.text, each, witness, verify) for each in note.by(witness.name, witness.key_hash)
    ]
    return max(times, default=None)


def signed_s(line: NoteSignature) -> int:
    """The time that a cosignature's line says, in seconds since 1970; nothing is checked."""
    return int.from_bytes(line.signature[:_TIME_BYTES], "big")


def _time(text: bytes, line: NoteSignature, witness: VerifierKey, verify: VerifyWith) -> int:
    time_s = signed_s(line)
    if len(line.signature) != _TIME_BYTES + _SIGNATURE_BYTES or time_s > _MAX_TIME_S:
        raise ValueError(f"what stands for {witness.name} is no cosignature")
    message, signature = cosigned_message(text, time_s), line.signature[_TIME_BYTES:]
    if not verify(witness.public_key, message, signature):
        raise ValueError(f"the cosignature of {witness.name} is false")
    return time_s
