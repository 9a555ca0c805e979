"""Logs made up for the tests of witnesses: they grow, and can be made to fork."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from chiso.account.checkpoint import (
    ED25519,
    Checkpoint,
    VerifierKey,
    checkpoint_text,
    signed_note,
    vkey_text,
)
from chiso.account.merkle import consistency_proof, grown, root_of
from chiso.account.tlog_witness import AddCheckpoint, request_body
from chiso.adapters.signing import Ed25519Signer
from chiso.core.events import Node


@dataclass
class MadeUpLog:
    """A log whose leaves are hashes of words."""

    origin: str = "chiso/made-up"
    signer: Ed25519Signer = field(default_factory=lambda: Ed25519Signer(bytes(range(32))))
    nodes: dict[Node, bytes] = field(default_factory=dict)
    edges: list[tuple[bytes, ...]] = field(default_factory=lambda: [()])

    @property
    def vkey(self) -> str:
        return vkey_text(VerifierKey(self.origin, ED25519, self.signer.public_key))

    @property
    def size(self) -> int:
        return len(self.edges) - 1

    def grow(self, count: int, word: str = "leaf") -> MadeUpLog:
        """Append leaves; another `word` makes another history."""
        for _ in range(count):
            leaf = hashlib.sha256(f"{word} {self.size}".encode()).digest()
            tree = grown(self.edges[-1], self.size, leaf)
            self.nodes[Node(0, self.size)] = leaf
            self.nodes.update(tree.completed)
            self.edges.append(tree.peaks)
        return self

    def forked(self, at: int) -> MadeUpLog:
        """The same log, with the same key, that went another way after `at` leaves."""
        other = MadeUpLog(self.origin, self.signer).grow(at)
        assert other.edges == self.edges[: at + 1]
        return other

    def note(self, size: int | None = None) -> str:
        size = self.size if size is None else size
        text = checkpoint_text(Checkpoint(self.origin, size, root_of(self.edges[size])))
        return signed_note(text, self.origin, self.signer.public_key, self.signer.sign(text))

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        return consistency_proof(old, new, lambda nodes: [self.nodes[node] for node in nodes])

    def request(self, old: int, new: int | None = None) -> bytes:
        """The honest request from `old` leaves to `new`, or to all there are."""
        new = self.size if new is None else new
        return request_body(AddCheckpoint(old, self.proof(old, new), self.note(new)))
