"""Ed25519 signatures: the home's, a witness's, and those of keys that others hold."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Ed25519Signer:
    """Implements `chiso.core.storage.Signer`."""

    def __init__(self, private_key: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(private_key)
        self._public = self._private.public_key()
        self._known = b""
        """Digest of the last signature seen to be true, and its message: not what it says."""

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return self._public.public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64-byte signature."""
        signature = self._private.sign(message)
        self._known = _digest(message, signature)
        return signature

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made this signature.

        Asked again about the one that it made, or found true, last, it compares digests: each leaf
        is signed onto a head that this process mostly signed itself.
        """
        digest = _digest(message, signature)
        if digest == self._known:
            return True
        is_true = verify(self._public, message, signature)
        if is_true:
            self._known = digest
        return is_true

    def derive(self, purpose: str) -> bytes:
        """A 32-byte secret for `purpose`, the same each time: HKDF-SHA256 (RFC 5869) of the key."""
        derivation = HKDF(SHA256(), length=32, salt=None, info=f"chiso/{purpose}".encode())
        return derivation.derive(self._private.private_bytes_raw())


def verify(public_key: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether `public_key` made `signature` over `message`."""
    try:
        public_key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def verify_with(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key of these 32 bytes made `signature` over `message`."""
    return verify(Ed25519PublicKey.from_public_bytes(public_key), message, signature)


def _digest(message: bytes, signature: bytes) -> bytes:
    """One for each pair: the length keeps message and signature apart."""
    return hashlib.sha256(len(signature).to_bytes(8, "big") + signature + message).digest()
