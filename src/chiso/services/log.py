"""Writing the log with every state change, and proving what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chiso.account.checkpoint import (
    Checkpoint,
    checkpoint_text,
    signed_note,
)
from chiso.account.commitment import SALT_BYTES, commitment, payload_of
from chiso.account.merkle import appended, inclusion_proof, leaf_hash, root_of
from chiso.account.verify import signed_checkpoint
from chiso.consent.receipt import SIGNING_DOMAIN
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, Leaf, LeafPayload, LogHead
from chiso.core.storage import ReadTransaction, SignedReceipt, WriteTransaction
from chiso.services.home import Home


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """What shows, offline, that a leaf is in the log that a checkpoint signs."""

    seq: int
    leaf_hash: bytes
    path: tuple[bytes, ...]
    checkpoint: str
    salt: bytes | None
    payload: bytes | None


def record(home: Home, transaction: WriteTransaction, events: Sequence[Event]) -> LogHead:
    """Append one leaf an event, and sign the new head, inside the caller's transaction."""
    head = _trusted_head(home, transaction)
    size, peaks = head.size, head.peaks
    for event in events:
        body, salt = payload_of(event), home.randomness.token(SALT_BYTES)
        leaf = Leaf(size, leaf_hash(commitment(salt, body)))
        transaction.append_leaf(leaf, LeafPayload(size, event.subject_id, salt, body))
        peaks = appended(peaks, size, leaf.leaf_hash)
        size += 1
    text = checkpoint_text(Checkpoint(home.origin, size, root_of(peaks)))
    signature = home.signer.sign(text)
    new_head = LogHead(
        size, peaks, signed_note(text, home.origin, home.signer.public_key, signature)
    )
    transaction.set_log_head(new_head)
    return new_head


def _trusted_head(home: Home, transaction: WriteTransaction) -> LogHead:
    """The stored head, if it is the one this home signed: only that may be signed onwards.

    Otherwise whoever can edit the file could have a forged history signed by the next command.
    """
    head = transaction.log_head()
    if head is None:
        if next(transaction.leaves(), None) is not None:
            raise broken("it has leaves, and no head")
        return LogHead(0, (), "")
    require_signed_head(home, head)
    return head


def require_signed_head(home: Home, head: LogHead) -> None:
    """Raise LOG_BROKEN unless this home signed this head."""
    checkpoint = signed_checkpoint(
        head.checkpoint, home.origin, home.signer.public_key, home.signer.verify
    )
    if head.size != checkpoint.size or root_of(head.peaks) != checkpoint.root:
        raise broken("its stored head differs from its signed checkpoint")


def checkpoint(home: Home) -> str:
    """The signed note over the log as it is now."""
    with home.store.reading() as view:
        return head_of(view).checkpoint


def prove(home: Home, seq: int) -> InclusionProof:
    """The proof that leaf `seq` is in the log. Raises LEAF_MISSING where there is none."""
    with home.store.reading() as view:
        head = head_of(view)
        hashes = [leaf.leaf_hash for leaf in view.leaves()]
        if not 0 <= seq < len(hashes):
            raise ChisoError(
                Code.LEAF_MISSING,
                f"The log has no leaf {seq}: its leaves are 0 to {len(hashes) - 1}.",
                "`chiso export SUBJECT` lists the leaves that concern a person.",
            )
        payload = next((each for each in view.payloads() if each.seq == seq), None)
        return InclusionProof(
            seq,
            hashes[seq],
            inclusion_proof(hashes, seq),
            head.checkpoint,
            payload.salt if payload else None,
            payload.body if payload else None,
        )


def require_own(home: Home, receipt: SignedReceipt) -> None:
    """Raise ChisoError(RECEIPT_INVALID) unless the home signed this receipt."""
    if not home.signer.verify(SIGNING_DOMAIN + receipt.body, receipt.signature):
        raise altered(receipt)


def broken(what: str) -> ChisoError:
    """The error for a log that does not verify."""
    return ChisoError(
        Code.LOG_BROKEN,
        f"The log does not verify: {what}.",
        "Someone or something changed the database outside Chiso. Keep a copy of the home as it "
        "is, stop using it, and restore it from a backup that verifies.",
    )


def altered(receipt: SignedReceipt) -> ChisoError:
    """The error for a receipt that this home did not sign."""
    return ChisoError(
        Code.RECEIPT_INVALID,
        f"Receipt {receipt.receipt.header.receipt_id} is not what this home signed.",
        "It was changed outside Chiso. Keep a copy of the home, and restore it from a backup.",
    )


def head_of(view: ReadTransaction) -> LogHead:
    """The stored head. Raises LOG_BROKEN where there is none."""
    head = view.log_head()
    if head is None:
        raise broken("it is empty, and even `chiso init` writes leaves")
    return head
