"""The Merkle tree of RFC 6962 §2.1: hashing, growing by its right edge, inclusion proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf: SHA-256(0x00 ‖ entry). RFC 6962 §2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 ‖ left ‖ right). RFC 6962 §2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def appended(peaks: Sequence[bytes], size: int, leaf: bytes) -> tuple[bytes, ...]:
    """Peaks of the tree of `size` leaves after one more leaf hash.

    Peaks are the roots of the perfect subtrees that `size` splits into, tallest first: one for each
    set bit of `size`. Each trailing one-bit of `size` is a subtree that the new leaf completes.
    """
    if len(peaks) != size.bit_count():
        raise ValueError(f"{len(peaks)} peaks cannot be the edge of a tree of {size} leaves")
    edge = list(peaks)
    carried = leaf
    while size & 1:
        carried = node_hash(edge.pop(), carried)
        size >>= 1
    edge.append(carried)
    return tuple(edge)


def root_of(peaks: Sequence[bytes]) -> bytes:
    """Root hash of the tree with these peaks, folded from the right; 32 bytes."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def peaks_of(leaves: Iterable[bytes]) -> tuple[tuple[bytes, ...], int]:
    """Peaks and size of the tree over these leaf hashes."""
    peaks: tuple[bytes, ...] = ()
    size = 0
    for leaf in leaves:
        peaks = appended(peaks, size, leaf)
        size += 1
    return peaks, size


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Audit path of leaf `index` (RFC 6962 §2.1.1): sibling hashes from the leaf to the root.

    Raises IndexError where there is no such leaf.
    """
    (proof,) = inclusion_proofs(leaves, [index])
    return proof


def inclusion_proofs(leaves: Sequence[bytes], indices: Sequence[int]) -> list[tuple[bytes, ...]]:
    """As `inclusion_proof`, of many leaves, with every node hashed once."""
    levels = list(_levels(leaves))
    proofs = []
    for index in indices:
        if not 0 <= index < len(leaves):
            raise IndexError(f"no leaf {index} in a tree of {len(leaves)}")
        proof, place = [], index
        for level in levels:
            if place ^ 1 < len(level):
                proof.append(level[place ^ 1])
            place >>= 1
        proofs.append(tuple(proof))
    return proofs


def _levels(leaves: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The tree from its leaves up to below its root; a last node without a sibling rises."""
    level = leaves
    while len(level) > 1:
        yield level
        pairs = [node_hash(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
        level = [*pairs, *level[2 * len(pairs) :]]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Root that this proof implies, or None where its length does not fit (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return None
    place, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            computed = node_hash(sibling, computed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        place, last = place >> 1, last >> 1
    return computed if last == 0 else None
