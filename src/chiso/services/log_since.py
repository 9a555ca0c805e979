"""Holding a home to a checkpoint that someone saved: today's log must begin with its tree."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.account.checkpoint import Checkpoint, parse_checkpoint, parse_note
from chiso.account.merkle import consistency_proof, is_consistent, root_of
from chiso.account.verify import own_signature
from chiso.core.errors import ChisoError, Code
from chiso.core.events import LogHead
from chiso.core.storage import ReadTransaction
from chiso.services.home import Home


@dataclass(frozen=True, slots=True)
class Continuation:
    """A saved checkpoint, and the proof that the log of now begins with its tree."""

    saved: Checkpoint
    proof: tuple[bytes, ...]


def require_goes_on(home: Home, view: ReadTransaction, head: LogHead, note: str) -> Continuation:
    """Raise unless this home signed the saved note, and the log in `head` begins with its tree.

    BAD_ARGUMENT where the note is none; LOG_BROKEN, saying which of the two, otherwise. `head` must
    have been checked to be this home's.
    """
    try:
        parsed = parse_note(note)
        saved = parse_checkpoint(parsed.text)
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The saved checkpoint cannot be read: {error}.",
            "Give the file that `chiso log checkpoint` wrote, unchanged.",
        ) from error
    objection = own_signature(
        parsed, saved, home.origin, home.signer.public_key, home.signer.verify
    )
    if objection is not None:
        raise ChisoError(
            Code.LOG_BROKEN,
            f"The saved checkpoint is not one that this home signed: {objection}.",
            "Either it was altered since it was saved, or it is of another home, or this home's "
            "signing key is not the one it had. Compare with another saved copy.",
        )
    return Continuation(saved, _proof(view, head, saved))


def _proof(view: ReadTransaction, head: LogHead, saved: Checkpoint) -> tuple[bytes, ...]:
    if saved.size > head.size:
        raise _rewritten(
            f"it has {head.size} leaves, and this home had signed {saved.size} by then"
        )
    proof = consistency_proof(saved.size, head.size, view.log_hashes)
    if not is_consistent(saved.size, saved.root, head.size, root_of(head.peaks), proof):
        raise _rewritten(f"its first {saved.size} leaves are not those that this home had signed")
    return proof


def _rewritten(what: str) -> ChisoError:
    return ChisoError(
        Code.LOG_BROKEN,
        f"The log does not go on from the saved checkpoint: {what}.",
        "The saved checkpoint is genuine, so the history after it was rewritten. Keep it, and a "
        "copy of the home as it is: together they prove that.",
    )
