"""What accounts need from the world outside, as Protocols: passwords, one-time codes, sealing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class PasswordHasher(Protocol):
    """Makes of a password what may be kept of it, slowly on purpose."""

    def hash(self, password: str) -> str:
        """A salted hash, with its parameters, as text."""
        ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether it is the hash of this password. Takes as long either way."""
        ...


class OneTimeCodes(Protocol):
    """Six digits from an authenticator, anew every 30 s (RFC 6238)."""

    def matching_step(self, secret: bytes, code: str, now: datetime) -> int | None:
        """The time step whose code this is, one step early or late at most; None where none."""
        ...

    def provisioning_uri(self, secret: bytes, account: str, issuer: str) -> str:
        """What an authenticator reads from a QR code: `otpauth://totp/…`."""
        ...


class Sealer(Protocol):
    """Encrypts short secrets, bound to what they belong to."""

    def seal(self, plain: bytes, key: bytes, bound_to: bytes) -> bytes:
        """Ciphertext; `key` has 32 bytes."""
        ...

    def open(self, sealed: bytes, key: bytes, bound_to: bytes) -> bytes | None:
        """What was sealed; None where it was altered, or bound to something else."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a server tells people by."""

    hasher: PasswordHasher
    codes: OneTimeCodes
    sealer: Sealer
    nobody: str
    """The hash of a password that nobody knows: unknown names take as long as known ones."""
