"""Secrets that are shown once: made here, and kept as their SHA-256 alone."""

from __future__ import annotations

import base64
import hashlib

from chiso.services.home import Home

_SECRET_BYTES = 32


def new_secret(home: Home, kind: str) -> str:
    """A secret of 256 random bits, as `chiso_KIND_…`: a scanner that finds one knows what it is."""
    token = home.randomness.token(_SECRET_BYTES)
    return f"chiso_{kind}_{base64.b32encode(token).decode().rstrip('=').lower()}"


def digest_of(secret: str) -> bytes:
    """What is kept of a secret. With 256 random bits nobody finds it by trying."""
    return hashlib.sha256(secret.encode()).digest()
