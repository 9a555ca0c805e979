"""What is held about people."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from chiso.account.merkle import inclusion_proof
from chiso.services.people import audit_paths


@given(st.integers(1, 70))
def test_paths_found_together_are_those_found_one_by_one(size: int) -> None:
    hashes = [sha256(bytes([number])).digest() for number in range(size)]
    singly = [inclusion_proof(hashes, seq) for seq in range(size)]
    assert audit_paths(hashes, range(size)) == singly
