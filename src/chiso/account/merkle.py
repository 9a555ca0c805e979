"""The Merkle tree of RFC 6962 §2.1: hashing, growing by its right edge, proofs in O(log n).

The root of a perfect subtree (`Node`) never changes once its leaves are there, so that it is stored
once; every proof is made of a few of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chiso.core.events import Node

EMPTY_ROOT = hashlib.sha256(b"").digest()


Fetch = Callable[[Sequence[Node]], Sequence[bytes]]
"""Hashes of these nodes, in the same order."""

_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Grown:
    """A tree's right edge after one more leaf, and the roots of the subtrees that it completed."""

    peaks: tuple[bytes, ...]
    completed: tuple[tuple[Node, bytes], ...]


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf: SHA-256(0x00 ‖ entry). RFC 6962 §2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 ‖ left ‖ right). RFC 6962 §2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(peaks: Sequence[bytes], size: int, leaf: bytes) -> Grown:
    """The tree of `size` leaves after one more leaf hash.

    Peaks are the roots of the perfect subtrees that `size` splits into, tallest first: one for each
    set bit of `size`. Each trailing one-bit of `size` is a subtree that the new leaf completes.
    """
    if len(peaks) != size.bit_count():
        raise ValueError(f"{len(peaks)} peaks cannot be the edge of a tree of {size} leaves")
    edge, completed = list(peaks), []
    carried, node = leaf, Node(0, size)
    while node.index & 1:
        carried = node_hash(edge.pop(), carried)
        node = Node(node.level + 1, node.index >> 1)
        completed.append((node, carried))
    return Grown((*edge, carried), tuple(completed))


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
        peaks = grown(peaks, size, leaf).peaks
        size += 1
    return peaks, size


def peak_nodes(size: int) -> list[Node]:
    """The perfect subtrees that a tree of `size` leaves splits into, tallest first."""
    return _nodes((0, size))


def inclusion_proof(index: int, size: int, fetch: Fetch) -> tuple[bytes, ...]:
    """Audit path of leaf `index` (RFC 6962 §2.1.1): sibling hashes from the leaf to the root.

    Raises IndexError where the tree of `size` leaves has no such leaf.
    """
    (path,) = inclusion_proofs([index], size, fetch)
    return path


def inclusion_proofs(
    indexes: Sequence[int], size: int, fetch: Fetch
) -> tuple[tuple[bytes, ...], ...]:
    """As `inclusion_proof`, of several leaves, from one fetch; what they share is asked once."""
    paths = [_siblings(index, size) for index in indexes]
    spans = list(dict.fromkeys(span for path in paths for span in path))
    roots = dict(zip(spans, _roots(spans, fetch), strict=True))
    return tuple(tuple(roots[span] for span in path) for path in paths)


def _siblings(index: int, size: int) -> list[_Span]:
    """The spans of leaves beside leaf `index`, from the leaf to the root."""
    if not 0 <= index < size:
        raise IndexError(f"no leaf {index} in a tree of {size}")
    low, high = 0, size
    siblings: list[_Span] = []
    while high - low > 1:
        middle = low + _left_size(high - low)
        if index < middle:
            siblings.append((middle, high))
            high = middle
        else:
            siblings.append((low, middle))
            low = middle
    return siblings[::-1]


def consistency_proof(old: int, new: int, fetch: Fetch) -> tuple[bytes, ...]:
    """That the tree of `new` leaves begins with the tree of `old` (RFC 6962 §2.1.2).

    Empty where `old` is 0 or equals `new`: there is nothing to show. Raises IndexError where the
    older tree is not the smaller.
    """
    if not 0 <= old <= new:
        raise IndexError(f"a tree of {new} leaves cannot begin with one of {old}")
    if old in (0, new):
        return ()
    low, high = 0, new
    spans: list[_Span] = []
    while high != old:
        middle = low + _left_size(high - low)
        if old <= middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low = middle
    # A verifier has the old root itself where the old tree is one subtree of the new.
    if low:
        spans.append((low, high))
    return _roots(spans[::-1], fetch)


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


def is_consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the newer tree begins with the older (RFC 9162 §2.1.4.2)."""
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old < new:
        return False
    # An old tree that is one subtree of the new is not in the proof: its root is known.
    steps = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    return bool(steps) and _roots_implied(old, new, steps) == (old_root, new_root)


def _roots_implied(old: int, new: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Old and new root that a consistency proof implies, or None where its length does not fit."""
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    from_old = from_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            from_old, from_new = node_hash(step, from_old), node_hash(step, from_new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            from_new = node_hash(from_new, step)
        place, last = place >> 1, last >> 1
    return (from_old, from_new) if last == 0 else None


def _left_size(size: int) -> int:
    """The largest power of two below `size`, which is 2 or more."""
    return 1 << ((size - 1).bit_length() - 1)


def _nodes(span: _Span) -> list[Node]:
    """The perfect subtrees that cover leaves `low` up to `high`, tallest first."""
    low, high = span
    nodes = []
    while low < high:
        level = (high - low).bit_length() - 1
        nodes.append(Node(level, low >> level))
        low += 1 << level
    return nodes


def _roots(spans: Sequence[_Span], fetch: Fetch) -> tuple[bytes, ...]:
    """The root of the leaves in each span, from one fetch of the nodes they are made of."""
    parts = [_nodes(span) for span in spans]
    hashes = iter(fetch([node for nodes in parts for node in nodes]))
    return tuple(root_of([next(hashes) for _ in nodes]) for nodes in parts)
