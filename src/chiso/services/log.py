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
from chiso.account.merkle import (
    grown,
    inclusion_proof,
    leaf_hash,
    peak_nodes,
    root_from_inclusion,
    root_of,
)
from chiso.account.verify import signed_checkpoint
from chiso.consent.receipt import SIGNING_DOMAIN
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code
from chiso.core.events import Event, Leaf, LeafPayload, LogHead, Node
from chiso.core.storage import ReadTransaction, SignedReceipt, WriteTransaction
from chiso.services.home import Home
from chiso.services.log_schedule import keep_if_due


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
    """Append one leaf an event, and sign the new head, inside the caller's transaction.

    Its checkpoint is kept where the schedule asks for one.
    """
    head = _trusted_head(home, transaction)
    size, peaks = head.size, head.peaks
    for event in events:
        body, salt = payload_of(event), home.randomness.token(SALT_BYTES)
        leaf = Leaf(size, leaf_hash(commitment(salt, body)))
        tree = grown(peaks, size, leaf.leaf_hash)
        payload = LeafPayload(size, event.subject_id, salt, body)
        transaction.append_leaf(leaf, payload, tree.completed)
        peaks, size = tree.peaks, size + 1
    text = checkpoint_text(Checkpoint(home.origin, size, root_of(peaks)))
    signature = home.signer.sign(text)
    new_head = LogHead(
        size, peaks, signed_note(text, home.origin, home.signer.public_key, signature)
    )
    transaction.set_log_head(new_head)
    keep_if_due(transaction, new_head, home.clock.now())
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
    require_not_put_back(home, home.anchor.read(), transaction, head)
    return head


def require_signed_head(home: Home, head: LogHead) -> None:
    """Raise LOG_BROKEN unless this home signed this head."""
    checkpoint = signed_checkpoint(
        head.checkpoint, home.origin, home.signer.public_key, home.signer.verify
    )
    if head.size != checkpoint.size or root_of(head.peaks) != checkpoint.root:
        raise broken("its stored head differs from its signed checkpoint")


def require_not_put_back(
    home: Home, anchored: str | None, view: ReadTransaction, head: LogHead
) -> None:
    """Raise LOG_BROKEN unless the log goes on from the head that this home last signed.

    A database put back from an earlier copy carries a true signature; what was signed since then
    lies outside it. `anchored`: what the anchor said before the view was opened, since others may
    write in between.
    """
    if anchored is None or anchored == head.checkpoint:
        return
    last = signed_checkpoint(anchored, home.origin, home.signer.public_key, home.signer.verify)
    if last.size > head.size:
        raise ChisoError(
            Code.LOG_BROKEN,
            f"The database is older than this home: its log has {head.size} leaves, and this home "
            f"has signed {last.size}.",
            "An earlier copy of the database was put back. Put the newest one back; a backup comes "
            "back with `chiso restore`, which keeps those out who withdrew since.",
        )
    if root_of(view.log_hashes(peak_nodes(last.size))) != last.root:
        raise broken(f"its first {last.size} leaves are not those that this home signed")


def prove(home: Home, seq: int) -> InclusionProof:
    """The proof that leaf `seq` is in the log. Raises LEAF_MISSING where there is none."""
    with home.store.reading() as view:
        head = head_of(view)
        if not 0 <= seq < head.size:
            raise ChisoError(
                Code.LEAF_MISSING,
                f"The log has no leaf {seq}: its leaves are 0 to {head.size - 1}.",
                "`chiso export SUBJECT` lists the leaves that concern a person.",
            )
        return proof_of(view, head, seq, view.payload(seq))


def proof_of(
    view: ReadTransaction, head: LogHead, seq: int, payload: LeafPayload | None
) -> InclusionProof:
    """The proof that leaf `seq` is in the log that ends in `head`, with what it commits to."""
    (own,) = view.log_hashes([Node(0, seq)])
    path = inclusion_proof(seq, head.size, view.log_hashes)
    if root_from_inclusion(own, seq, head.size, path) != root_of(head.peaks):
        raise broken(f"the stored hashes beside leaf {seq} do not lead to its root")
    return InclusionProof(
        seq,
        own,
        path,
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
        f"Someone or something changed the database outside Chiso. {PUT_BACK_A_BACKUP}",
    )


def altered(receipt: SignedReceipt) -> ChisoError:
    """The error for a receipt that this home did not sign."""
    return ChisoError(
        Code.RECEIPT_INVALID,
        f"Receipt {receipt.receipt.header.receipt_id} is not what this home signed.",
        f"It was changed outside Chiso. {PUT_BACK_A_BACKUP}",
    )


def head_of(view: ReadTransaction) -> LogHead:
    """The stored head. Raises LOG_BROKEN where there is none."""
    head = view.log_head()
    if head is None:
        raise broken("it is empty, and even `chiso init` writes leaves")
    return head
