"""A small log whose every byte is fixed, and a bundle of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chiso.account.bundle import Bundle, BundledLeaf, EarlierCheckpoint
from chiso.account.checkpoint import (
    ED25519,
    Checkpoint,
    Note,
    VerifierKey,
    checkpoint_text,
    note_text,
    parse_note,
    signed_note,
)
from chiso.account.commitment import commitment, payload_of
from chiso.account.cosignature import COSIGNATURE, cosignature, cosigned_message
from chiso.account.merkle import consistency_proof, grown, inclusion_proof, leaf_hash, root_of
from chiso.adapters.signing import Ed25519Signer
from chiso.core.consent import SubjectId
from chiso.core.events import Event, EventType, Node

SIGNER = Ed25519Signer(bytes(range(32)))
KEY = VerifierKey("chiso/test", ED25519, SIGNER.public_key)
WITNESS_SIGNER = Ed25519Signer(bytes(range(1, 33)))
WITNESS = VerifierKey("witness.example", COSIGNATURE, WITNESS_SIGNER.public_key)
COSIGNED_S = 1_767_225_600


@dataclass(frozen=True, slots=True)
class SmallLog:
    """The log's nodes and what its leaves commit to: (salt, payload) of each."""

    nodes: dict[Node, bytes]
    contents: tuple[tuple[bytes, bytes], ...]

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return len(self.contents)

    def stored(self, nodes: Sequence[Node]) -> list[bytes]:
        """The hashes of these nodes."""
        return [self.nodes[node] for node in nodes]

    def note(self, size: int) -> str:
        """The signed checkpoint of its first leaves."""
        peaks: tuple[bytes, ...] = ()
        for seq in range(size):
            peaks = grown(peaks, seq, self.nodes[Node(0, seq)]).peaks
        text = checkpoint_text(Checkpoint(KEY.name, size, root_of(peaks)))
        return signed_note(text, KEY.name, SIGNER.public_key, SIGNER.sign(text))


def small_log(size: int) -> SmallLog:
    """A log of verifications of three people, in turn."""
    nodes: dict[Node, bytes] = {}
    contents = []
    peaks: tuple[bytes, ...] = ()
    for seq in range(size):
        at = datetime(2026, 1, 1, 12, 0, seq % 60, tzinfo=UTC)
        facts = {"purpose": "door"}
        payload = payload_of(Event(EventType.VERIFIED, at, SubjectId(f"subject-{seq % 3}"), facts))
        salt = hashlib.sha256(b"salt %d" % seq).digest()
        nodes[Node(0, seq)] = leaf = leaf_hash(commitment(salt, payload))
        tree = grown(peaks, seq, leaf)
        peaks = tree.peaks
        nodes.update(tree.completed)
        contents.append((salt, payload))
    return SmallLog(nodes, tuple(contents))


def cosigned(note: str) -> str:
    """The note with the witness's line beneath it."""
    parsed = parse_note(note)
    signature = WITNESS_SIGNER.sign(cosigned_message(parsed.text, COSIGNED_S))
    line = cosignature(WITNESS, COSIGNED_S, signature)
    return note_text(Note(parsed.text, (*parsed.signatures, line)))


def bundle_of(
    log: SmallLog, seqs: Sequence[int], earlier: Sequence[int], subject_id: str | None = None
) -> Bundle:
    """A bundle of these leaves, the last without its content where that is not one person's."""
    leaves = []
    for seq in seqs:
        salt, payload = log.contents[seq]
        gone = subject_id is None and seq == seqs[-1]
        leaves.append(
            BundledLeaf(
                seq,
                log.nodes[Node(0, seq)],
                inclusion_proof(seq, log.size, log.stored),
                None if gone else salt,
                None if gone else payload,
            )
        )
    proofs = [
        EarlierCheckpoint(log.note(size), consistency_proof(size, log.size, log.stored))
        for size in earlier
    ]
    note = cosigned(log.note(log.size))
    return Bundle(KEY, note, tuple(proofs), subject_id, tuple(leaves))
