"""The Merkle tree against RFC 6962's definition and its published test vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.account.merkle import (
    EMPTY_ROOT,
    Fetch,
    consistency_proof,
    grown,
    inclusion_proof,
    inclusion_proofs,
    is_consistent,
    leaf_hash,
    node_hash,
    peak_nodes,
    peaks_of,
    root_from_inclusion,
    root_of,
)
from chiso.core.events import Node

# Inputs and roots of the Certificate Transparency project's reference tests.
_INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70)


def _stored(leaves: Sequence[bytes]) -> Fetch:
    """The nodes that a log of these leaves has stored, and no others."""
    nodes: dict[Node, bytes] = {}
    peaks: tuple[bytes, ...] = ()
    for size, leaf in enumerate(leaves):
        tree = grown(peaks, size, leaf)
        peaks = tree.peaks
        nodes[Node(0, size)] = leaf
        nodes.update(tree.completed)
    return lambda wanted: [nodes[node] for node in wanted]


def _proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    return inclusion_proof(index, len(leaves), _stored(leaves))


def _root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word, as the slow truth."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(_root_by_definition(leaves[:split]), _root_by_definition(leaves[split:]))


def test_the_roots_are_those_that_certificate_transparency_publishes() -> None:
    leaves = [leaf_hash(each) for each in _INPUTS]
    roots = [root_of(peaks_of(leaves[:size])[0]).hex() for size in range(1, 9)]
    assert roots == _ROOTS


def test_the_root_of_no_leaves_is_the_hash_of_nothing() -> None:
    assert root_of(()) == hashlib.sha256(b"").digest()


@given(_LEAVES)
def test_a_tree_grown_leaf_by_leaf_has_the_root_of_the_definition(leaves: list[bytes]) -> None:
    peaks, size = peaks_of(leaves)
    assert size == len(leaves)
    assert root_of(peaks) == _root_by_definition(leaves)


def _proof_by_definition(leaves: list[bytes], index: int) -> tuple[bytes, ...]:
    """RFC 6962 §2.1.1, word for word."""
    if len(leaves) == 1:
        return ()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        other = _root_by_definition(leaves[split:])
        return (*_proof_by_definition(leaves[:split], index), other)
    other = _root_by_definition(leaves[:split])
    return (*_proof_by_definition(leaves[split:], index - split), other)


@given(_LEAVES)
def test_the_proofs_of_all_leaves_are_those_of_the_definition(leaves: list[bytes]) -> None:
    stored = _stored(leaves)
    for index in range(len(leaves)):
        assert inclusion_proof(index, len(leaves), stored) == _proof_by_definition(leaves, index)


@given(_LEAVES, st.data())
def test_proofs_of_several_leaves_ask_once_for_each_node(
    leaves: list[bytes], data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(leaves) - 1), unique=True))
    stored, asked = _stored(leaves), list[Node]()

    def fetch(nodes: Sequence[Node]) -> Sequence[bytes]:
        asked.extend(nodes)
        return stored(nodes)

    proofs = inclusion_proofs(chosen, len(leaves), fetch)
    assert proofs == tuple(_proof_by_definition(leaves, index) for index in chosen)
    assert len(asked) <= 2 * len(leaves)
    if len(leaves).bit_count() == 1:  # else spans at the right edge share subtrees
        assert len(asked) == len(set(asked))


@given(_LEAVES, st.data())
def test_an_inclusion_proof_leads_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = _proof(leaves, index)
    root = _root_by_definition(leaves)
    assert root_from_inclusion(leaves[index], index, len(leaves), proof) == root


@given(_LEAVES, st.data())
def test_a_proof_leads_elsewhere_for_another_leaf_or_another_place(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = _proof(leaves, index)
    root = _root_by_definition(leaves)
    assert root_from_inclusion(b"\xff" * 33, index, len(leaves), proof) != root
    if len(set(leaves)) == len(leaves) > 1:
        moved = (index + 1) % len(leaves)
        assert root_from_inclusion(leaves[index], moved, len(leaves), proof) != root


@given(_LEAVES)
def test_a_proof_of_the_wrong_length_proves_nothing(leaves: list[bytes]) -> None:
    proof = _proof(leaves, 0)
    assert root_from_inclusion(leaves[0], 0, len(leaves), (*proof, b"\x00" * 32)) is None
    if proof:
        assert root_from_inclusion(leaves[0], 0, len(leaves), proof[:-1]) is None


def test_a_place_outside_the_tree_is_refused() -> None:
    leaves = [leaf_hash(b"a"), leaf_hash(b"b")]
    with pytest.raises(IndexError):
        _proof(leaves, 2)
    assert root_from_inclusion(leaves[0], 2, 2, ()) is None


def test_peaks_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be the edge"):
        grown((leaf_hash(b"a"),), 3, leaf_hash(b"b"))


@given(_LEAVES)
def test_the_peaks_are_the_nodes_that_the_size_splits_into(leaves: list[bytes]) -> None:
    peaks, size = peaks_of(leaves)
    assert tuple(_stored(leaves)(peak_nodes(size))) == peaks


def _consistency_by_definition(leaves: list[bytes], old: int, *, whole: bool) -> list[bytes]:
    """RFC 6962 §2.1.2, SUBPROOF, word for word."""
    if old == len(leaves):
        return [] if whole else [_root_by_definition(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        proof = _consistency_by_definition(leaves[:split], old, whole=whole)
        return [*proof, _root_by_definition(leaves[split:])]
    proof = _consistency_by_definition(leaves[split:], old - split, whole=False)
    return [*proof, _root_by_definition(leaves[:split])]


@given(_LEAVES, st.data())
def test_a_consistency_proof_is_that_of_the_definition_and_shows_that_nothing_was_rewritten(
    leaves: list[bytes], data: st.DataObject
) -> None:
    new = len(leaves)
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(old, new, _stored(leaves))
    assert list(proof) == _consistency_by_definition(leaves, old, whole=True)
    old_root, new_root = _root_by_definition(leaves[:old]), _root_by_definition(leaves)
    assert is_consistent(old, old_root, new, new_root, proof)
    assert not is_consistent(old, b"\x01" * 32, new, new_root, proof)
    assert not is_consistent(old, old_root, new, b"\x01" * 32, proof)
    assert not is_consistent(old, old_root, new, new_root, (*proof, b"\x00" * 32))
    if proof:
        assert not is_consistent(old, old_root, new, new_root, proof[:-1])


def test_every_log_begins_with_the_empty_one() -> None:
    leaves = [leaf_hash(b"a")]
    assert consistency_proof(0, 1, _stored(leaves)) == ()
    assert is_consistent(0, EMPTY_ROOT, 1, leaves[0], ())
    assert not is_consistent(0, leaves[0], 1, leaves[0], ())


def test_a_log_that_shrank_is_consistent_with_nothing() -> None:
    leaves = [leaf_hash(b"a"), leaf_hash(b"b")]
    with pytest.raises(IndexError):
        consistency_proof(2, 1, _stored(leaves))
    assert not is_consistent(2, root_of(leaves), 1, leaves[0], ())
