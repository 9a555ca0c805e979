"""Passwords by argon2id, one-time codes by RFC 6238, and short secrets by AES-256-GCM."""

from __future__ import annotations

from base64 import b32encode
from datetime import datetime

import argon2
import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chiso.adapters.vault import NONCE_BYTES
from chiso.core.credentials import Credentials
from chiso.core.ports import Randomness

_SALT_BYTES = 16
_STEP_S = 30


class Argon2Hasher:
    """Implements `chiso.core.credentials.PasswordHasher`: argon2id, RFC 9106 §4's second choice."""

    def __init__(self, randomness: Randomness) -> None:
        self._hasher = argon2.PasswordHasher()
        self._randomness = randomness

    def hash(self, password: str) -> str:
        """A salted hash in PHC string format."""
        return self._hasher.hash(password, salt=self._randomness.token(_SALT_BYTES))

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether it is the hash of this password."""
        try:
            return self._hasher.verify(password_hash, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False


class TotpCodes:
    """Implements `chiso.core.credentials.OneTimeCodes`."""

    def matching_step(self, secret: bytes, code: str, now: datetime) -> int | None:
        """The time step whose code this is, one step early or late at most."""
        codes = pyotp.TOTP(_base32(secret), interval=_STEP_S)
        step = int(now.timestamp()) // _STEP_S
        for near in (step, step - 1, step + 1):
            if pyotp.utils.strings_equal(codes.generate_otp(near), code):
                return near
        return None

    def provisioning_uri(self, secret: bytes, account: str, issuer: str) -> str:
        """What an authenticator reads from a QR code."""
        return pyotp.TOTP(_base32(secret)).provisioning_uri(name=account, issuer_name=issuer)


class AesGcmSealer:
    """Implements `chiso.core.credentials.Sealer`: nonce (12 bytes) ‖ ciphertext ‖ tag (16)."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness

    def seal(self, plain: bytes, key: bytes, bound_to: bytes) -> bytes:
        """Ciphertext of a short secret."""
        nonce = self._randomness.token(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)

    def open(self, sealed: bytes, key: bytes, bound_to: bytes) -> bytes | None:
        """What was sealed; None where it does not open."""
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):
            return None


def system_credentials(randomness: Randomness) -> Credentials:
    """What a server tells people by."""
    hasher = Argon2Hasher(randomness)
    nobody = hasher.hash(randomness.token(32).hex())
    return Credentials(hasher, TotpCodes(), AesGcmSealer(randomness), nobody)


def _base32(secret: bytes) -> str:
    return b32encode(secret).decode()
