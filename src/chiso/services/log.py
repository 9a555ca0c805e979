"""Writing the log with every state change, and checking it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chiso.account.checkpoint import (
    Checkpoint,
    checkpoint_text,
    parse_checkpoint,
    parse_note,
    signed_note,
)
from chiso.account.commitment import SALT_BYTES, commitment, payload_of
from chiso.account.merkle import appended, inclusion_proof, leaf_hash, root_of
from chiso.account.verify import LogReport, verify_log
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
    head = transaction.log_head() or LogHead(0, (), "")
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


def checkpoint(home: Home) -> str:
    """The signed note over the log as it is now."""
    with home.store.reading() as view:
        return _head(view).checkpoint


def verify(home: Home) -> LogReport:
    """Recompute the whole tree and check every signature. Raises LOG_BROKEN or RECEIPT_INVALID.

    Besides `chiso.account.verify`'s steps: the stored head agrees with the signed checkpoint, and
    each receipt is signed by this home and says what its indexed columns say.
    """
    with home.store.reading() as view:
        head = _head(view)
        report = verify_log(
            view.leaves(),
            view.payloads(),
            head.checkpoint,
            home.origin,
            home.signer.public_key,
            home.signer.verify,
        )
        signed = parse_checkpoint(parse_note(head.checkpoint).text)
        if head.size != signed.size or root_of(head.peaks) != signed.root:
            raise ChisoError(
                Code.LOG_BROKEN,
                "The log does not verify: its stored head differs from its signed checkpoint.",
                "Keep a copy of the home as it is, and restore it from a backup that verifies.",
            )
        terms = {each.receipt_id: each for each in view.terms()}
        for receipt in view.receipts():
            require_own(home, receipt)
            own = receipt.receipt.terms(receipt.withdrawn)
            if terms.get(own.receipt_id) != own:
                raise _altered(receipt)
    return report


def prove(home: Home, seq: int) -> InclusionProof:
    """The proof that leaf `seq` is in the log. Raises LEAF_MISSING where there is none."""
    with home.store.reading() as view:
        head = _head(view)
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
        raise _altered(receipt)


def _altered(receipt: SignedReceipt) -> ChisoError:
    return ChisoError(
        Code.RECEIPT_INVALID,
        f"Receipt {receipt.receipt.header.receipt_id} is not what this home signed.",
        "It was changed outside Chiso. Keep a copy of the home, and restore it from a backup.",
    )


def _head(view: ReadTransaction) -> LogHead:
    head = view.log_head()
    if head is None:
        raise ChisoError(
            Code.LOG_BROKEN,
            "The home has no log: even `chiso init` writes its first leaves.",
            "Keep a copy of the home as it is, and restore it from a backup that verifies.",
        )
    return head
