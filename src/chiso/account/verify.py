"""Verify a log from its stored parts alone.

Steps, numbered in the code below:

0. (caller) obtain the log's public key and origin from somewhere the operator cannot rewrite.
1. The leaves are numbered 0, 1, 2 … without a gap.
2. The checkpoint is a signed note for this origin, and a signature on it is this key's. Lines of
   other keys are left alone: a witness's are looked at by whoever knows its key.
3. The tree recomputed from the leaves has the checkpoint's size and root, and the stored roots of
   its subtrees, which proofs are made of, are those recomputed.
4. Every payload that still exists matches, with its salt, the leaf at its place.

A payload that no longer exists is counted, not an error: erasing a person destroys hers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chiso.account.checkpoint import Checkpoint, Note, key_hash, parse_checkpoint, parse_note
from chiso.account.commitment import commitment
from chiso.account.merkle import Fetch, grown, leaf_hash, root_of
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code
from chiso.core.events import Leaf, LeafPayload, Node

_NODES_AT_ONCE = 500

VerifySignature = Callable[[bytes, bytes], bool]
"""(message, signature) → whether the log's public key made it."""


@dataclass(frozen=True, slots=True)
class LogReport:
    """What a verified log holds."""

    size: int
    root: bytes
    payloads_kept: int
    payloads_destroyed: int


def verify_log(
    leaves: Iterable[Leaf],
    stored: Fetch,
    payloads: Iterable[LeafPayload],
    checkpoint_note: str,
    origin: str,
    public_key: bytes,
    verify_signature: VerifySignature,
) -> LogReport:
    """Do steps 1 to 4 of the module's docstring.

    Payloads must come in the order of their sequence numbers. `stored`: the stored hashes of nodes
    above the leaves. Raises ChisoError(LOG_BROKEN) saying
    which step failed, and where.
    """
    checkpoint = signed_checkpoint(checkpoint_note, origin, public_key, verify_signature)  # 2

    # 1, 3 and 4 in one pass over leaves and payloads.
    peaks: tuple[bytes, ...] = ()
    completed: list[tuple[Node, bytes]] = []
    size = kept = 0
    remaining = iter(payloads)
    payload = next(remaining, None)
    for leaf in leaves:
        if leaf.seq != size:
            raise _broken(f"leaf {size} is missing")
        if payload is not None and payload.seq == leaf.seq:
            if leaf_hash(commitment(payload.salt, payload.body)) != leaf.leaf_hash:
                raise _broken(f"leaf {leaf.seq} does not match what it says")
            kept += 1
            payload = next(remaining, None)
        tree = grown(peaks, size, leaf.leaf_hash)
        peaks, size = tree.peaks, size + 1
        completed += tree.completed
        if len(completed) >= _NODES_AT_ONCE:
            _require_stored(completed, stored)
            completed.clear()
    _require_stored(completed, stored)
    if payload is not None:
        raise _broken(f"there is a payload for leaf {payload.seq}, which does not exist")
    if size != checkpoint.size:
        raise _broken(f"it has {size} leaves and its checkpoint counts {checkpoint.size}")
    root = root_of(peaks)
    if root != checkpoint.root:
        raise _broken(
            "its root differs from the signed one: a leaf was changed, reordered or written anew"
        )
    return LogReport(size, root, kept, size - kept)


def _require_stored(completed: Sequence[tuple[Node, bytes]], stored: Fetch) -> None:
    found = stored([node for node, _ in completed])
    for (node, root), kept in zip(completed, found, strict=True):
        if kept != root:
            raise _broken(
                f"the stored hash over leaves {node.index << node.level} to "
                f"{((node.index + 1) << node.level) - 1} is not theirs"
            )


def signed_checkpoint(
    checkpoint_note: str, origin: str, public_key: bytes, verify_signature: VerifySignature
) -> Checkpoint:
    """What a checkpoint says, if this log's key signed it: step 2. Raises LOG_BROKEN otherwise."""
    try:
        note = parse_note(checkpoint_note)
        checkpoint = parse_checkpoint(note.text)
    except ValueError as error:
        raise _broken(f"the checkpoint cannot be read ({error})") from error
    objection = own_signature(note, checkpoint, origin, public_key, verify_signature)
    if objection is not None:
        raise _broken(objection)
    return checkpoint


def own_signature(
    note: Note,
    checkpoint: Checkpoint,
    origin: str,
    public_key: bytes,
    verify_signature: VerifySignature,
) -> str | None:
    """What speaks against this key of this log having signed the note; None if it did."""
    own = note.by(origin, key_hash(origin, public_key))  # other lines are witnesses', or nobody's
    if checkpoint.origin != origin or not own:
        return "the checkpoint belongs to another log"
    if not all(verify_signature(note.text, each.signature) for each in own):
        return "the checkpoint's signature is false"
    return None


def _broken(what: str) -> ChisoError:
    return ChisoError(
        Code.LOG_BROKEN,
        f"The log does not verify: {what}.",
        f"Someone or something changed the database outside Chiso. {PUT_BACK_A_BACKUP}",
    )
