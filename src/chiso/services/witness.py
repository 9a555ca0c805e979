"""A witness: cosigns checkpoints of logs that only ever grow (C2SP tlog-witness).

For each checkpoint that it is sent, in this order:

1. The request can be read, and the log is one that it serves.
2. The log's own key signed the checkpoint.
3. The older size is the one that it cosigned last.
4. The new tree begins with the old one.
5. What it has seen is on disk, unless another request came first.
6. Only then does it sign.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chiso.account.checkpoint import (
    ED25519,
    Checkpoint,
    Note,
    VerifierKey,
    note_text,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    signature_lines,
    vkey_text,
)
from chiso.account.cosignature import VerifyWith, cosignature, cosigned_message
from chiso.account.merkle import EMPTY_ROOT, is_consistent
from chiso.account.tlog_witness import (
    SIZE_TYPE,
    AddCheckpoint,
    Reply,
    Status,
    parse_request,
    size_body,
)
from chiso.core.canonical import canonical_json
from chiso.core.errors import ChisoError, Code
from chiso.core.ports import Clock
from chiso.core.storage import Signer
from chiso.core.witness import RefusedNote, WatchedLog, WitnessState

_SEAL_DOMAIN = b"chiso/witness/1\x00"
_TEXT_TYPE = "text/plain; charset=utf-8"
_MAX_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness, opened: its name and key, what it remembers, and what it signs with."""

    key: VerifierKey
    state: WitnessState
    signer: Signer
    verify: VerifyWith
    clock: Clock


@dataclass(frozen=True, slots=True)
class Watched:
    """A log as a witness knows it. Before the first checkpoint it is the empty tree."""

    key: VerifierKey
    checkpoint: Checkpoint
    note: str | None
    refused: RefusedNote | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request taken apart."""

    request: AddCheckpoint
    note: Note
    checkpoint: Checkpoint


def trust(witness: Witness, vkey: str) -> Watched:
    """Serve the log with this key from now on; its name in the key is its origin.

    Raises ChisoError: BAD_ARGUMENT where it is no log's key, or another key is served by that name.
    """
    key = _log_key(vkey)
    unsealed = WatchedLog(key.name, vkey_text(key), None, b"")
    witness.state.add(_sealed(witness, unsealed))
    known = witness.state.log(key.name) or unsealed
    if known.vkey != unsealed.vkey:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"This witness serves {key.name} already, by another key: {known.vkey}.",
            "A log that changes its key is a new log: give it another name. Ask whoever runs it "
            "which key is true.",
        )
    return _opened(witness, known)


def logs(witness: Witness) -> list[Watched]:
    """Every log that is served, by origin. Raises WITNESS_DAMAGED where the state was edited."""
    refused = {each.origin: each for each in witness.state.refused()}
    return [
        replace(_opened(witness, each), refused=refused.get(each.origin))
        for each in witness.state.logs()
    ]


def add_checkpoint(witness: Witness, body: bytes) -> Reply:
    """Do steps 1 to 6 of the module's docstring.

    Raises ChisoError(WITNESS_DAMAGED) where the state was edited: then nothing is signed.
    """
    asked = _read(body)  # 1
    if isinstance(asked, str):
        return _refused(Status.MALFORMED, f"This is no request: {asked}.")
    log = witness.state.log(asked.checkpoint.origin)
    if log is None:
        origin = ascii(asked.checkpoint.origin[:_MAX_SHOWN])
        return _refused(Status.UNKNOWN_LOG, f"This witness does not serve the log {origin}.")
    known = _opened(witness, log)
    if not _is_signed(witness, known.key, asked.note):  # 2
        return _refused(Status.BAD_SIGNATURE, f"{known.key.name} did not sign this checkpoint.")
    conflict = _conflict(witness, known, asked)  # 3 and 4
    if conflict is not None:
        return conflict
    grown = _sealed(witness, replace(log, note=_own_note(known.key, asked.note)))
    if asked.checkpoint.size > known.checkpoint.size and not witness.state.replace(log, grown):  # 5
        return _overtaken(witness, log)
    return _cosigned(witness, asked)  # 6


def _read(body: bytes) -> _Asked | str:
    """The request, or why it is none."""
    try:
        request = parse_request(body)
        note = parse_note(request.note)
        return _Asked(request, note, parse_checkpoint(note.text))
    except ValueError as error:
        return str(error)


def _is_signed(witness: Witness, key: VerifierKey, note: Note) -> bool:
    """Whether this key signed, with every line that says it is its."""
    own = note.by(key.name, key.key_hash)
    return bool(own) and all(
        witness.verify(key.public_key, note.text, each.signature) for each in own
    )


def _conflict(witness: Witness, known: Watched, asked: _Asked) -> Reply | None:
    """What stands against the checkpoint; None where it goes on from the one known."""
    seen, new, old_size = known.checkpoint, asked.checkpoint, asked.request.old_size
    about = f"{seen.origin} at {new.size} leaves"
    if old_size > new.size:
        return _refused(Status.MALFORMED, f"{about}: the older size is the larger.")
    if old_size != seen.size:
        return _moved_on(about, seen)
    if new.size == seen.size and new.root != seen.root:
        _keep(witness, known, asked, is_proof=known.note is not None)
        return _moved_on(f"{about}: ANOTHER HISTORY of the same size", seen)
    if not is_consistent(seen.size, seen.root, new.size, new.root, asked.request.proof):
        _keep(witness, known, asked, is_proof=False)
        return _refused(
            Status.BAD_PROOF,
            f"{about}: it is not shown to go on from the {seen.size} leaves cosigned last.",
        )
    return None


def _keep(witness: Witness, known: Watched, asked: _Asked, *, is_proof: bool) -> None:
    """Keep the log's own signature under what was refused: it cannot deny having made it."""
    at_s = _now_s(witness)
    note = _own_note(known.key, asked.note)
    witness.state.keep_refused(RefusedNote(known.key.name, note, at_s, is_proof))


def _overtaken(witness: Witness, log: WatchedLog) -> Reply:
    """Another request won: the size that it brought."""
    now = witness.state.log(log.origin)
    if now is None:
        return _refused(Status.UNKNOWN_LOG, f"This witness serves {log.origin} no more.")
    return _moved_on(f"{log.origin}: another request came first", _opened(witness, now).checkpoint)


def _moved_on(about: str, seen: Checkpoint) -> Reply:
    remark = f"{about}; cosigned last: {seen.size} leaves"
    return Reply(Status.CONFLICT, size_body(seen.size), SIZE_TYPE, remark)


def _refused(status: Status, why: str) -> Reply:
    return Reply(status, f"{why}\n".encode(), _TEXT_TYPE, why)


def _cosigned(witness: Witness, asked: _Asked) -> Reply:
    time_s = _now_s(witness)
    signature = witness.signer.sign(cosigned_message(asked.note.text, time_s))
    lines = signature_lines([cosignature(witness.key, time_s, signature)])
    remark = f"{asked.checkpoint.origin} at {asked.checkpoint.size} leaves: cosigned"
    return Reply(Status.COSIGNED, lines.encode(), _TEXT_TYPE, remark)


def _now_s(witness: Witness) -> int:
    return int(witness.clock.now().timestamp())


def _own_note(key: VerifierKey, note: Note) -> str:
    """The note with no signature but the log's first: what others add, the state does not grow."""
    return note_text(Note(note.text, note.by(key.name, key.key_hash)[:1]))


def _log_key(vkey: str) -> VerifierKey:
    try:
        key = parse_vkey(vkey)
    except ValueError as error:
        raise _no_log_key(f"it cannot be read: {error}") from error
    if key.algorithm != ED25519:
        raise _no_log_key("it is of another kind, as a witness's own key is")
    return key


def _no_log_key(why: str) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        f"That is no log's key ({why}).",
        "`chiso log witness vkey` prints the key of a home's log, to copy whole.",
    )


def _sealed(witness: Witness, log: WatchedLog) -> WatchedLog:
    return replace(log, seal=witness.signer.sign(_seal_text(log)))


def _seal_text(log: WatchedLog) -> bytes:
    return _SEAL_DOMAIN + canonical_json([log.origin, log.vkey, log.note])


def _opened(witness: Witness, log: WatchedLog) -> Watched:
    """What a stored row says, if this witness wrote it so. Raises WITNESS_DAMAGED otherwise."""
    if not witness.signer.verify(_seal_text(log), log.seal):
        raise ChisoError(
            Code.WITNESS_DAMAGED,
            f"What this witness remembers of {log.origin!a} is not what it wrote.",
            "Someone changed its state file. It signs nothing for that log any more. Keep a copy, "
            "tell whoever relies on this witness, and begin a new one with a new name and key.",
        )
    key = parse_vkey(log.vkey)
    if log.note is None:
        return Watched(key, Checkpoint(log.origin, 0, EMPTY_ROOT), None)
    return Watched(key, parse_checkpoint(parse_note(log.note).text), log.note)
