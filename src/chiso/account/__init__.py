"""Events to proofs: the Merkle log."""
