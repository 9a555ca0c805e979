"""Sealing templates and wrapping keys: AES-256-GCM, a fresh random nonce each time."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from chiso.core.consent import Mode, Terms
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code
from chiso.core.ports import Randomness
from chiso.core.templates import ModelDigest, Template
from chiso.core.times import to_epoch_s

NONCE_BYTES = 12
_TAG_BYTES = 16
_BLOCK_BYTES = 16
_DOMAIN = "chiso/template/1"


class AesGcmVault:
    """Implements `chiso.core.storage.Vault`.

    A sealed template is nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes) of its float32 little-endian
    bytes. Associated data: version, person, receipt, purpose, modes, from, until, model digest; so
    a reference moved to another person, or one whose terms were edited, does not open.
    """

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness

    def seal(self, template: Template, terms: Terms, key: bytes) -> bytes:
        """Ciphertext of a template."""
        nonce = self._randomness.token(NONCE_BYTES)
        plain = template.vector.astype("<f4", copy=False).tobytes()
        return nonce + AESGCM(key).encrypt(nonce, plain, _bound_to(terms, template.model))

    def open(self, sealed: bytes, terms: Terms, model: ModelDigest, key: bytes) -> bytes:
        """The template's float32 little-endian bytes. Raises TEMPLATE_UNREADABLE if altered."""
        try:
            return AESGCM(key).decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound_to(terms, model)
            )
        except (InvalidTag, ValueError) as error:
            raise ChisoError(
                Code.TEMPLATE_UNREADABLE,
                f"A reference of person {terms.subject_id}, resting on receipt "
                f"{terms.receipt_id}, does not open: it, its receipt's terms, or its owner was "
                "changed outside Chiso.",
                f"`chiso log verify` says whether more was. {PUT_BACK_A_BACKUP}",
            ) from error

    def photo_tag(self, photo: bytes, key: bytes) -> bytes:
        """HMAC-SHA256 of the photo's SHA-256 under the person's key."""
        return hmac.digest(key, b"chiso/photo/1\x00" + hashlib.sha256(photo).digest(), "sha256")

    def seal_bytes(self, content: bytes, bound_to: bytes, key: bytes) -> bytes:
        """Nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes)."""
        nonce = self._randomness.token(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, content, bound_to)

    def open_bytes(self, sealed: bytes, bound_to: bytes, key: bytes) -> bytearray | None:
        """What `seal_bytes` sealed, for the caller to overwrite; None if altered."""
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:-_TAG_BYTES]
        content = bytearray(len(ciphertext) + _BLOCK_BYTES)
        try:
            cipher = Cipher(AES(key), GCM(nonce, sealed[-_TAG_BYTES:])).decryptor()
            cipher.authenticate_additional_data(bound_to)
            written = cipher.update_into(ciphertext, content)
            cipher.finalize()
        except (InvalidTag, ValueError):
            content[:] = bytes(len(content))
            return None
        del content[written:]
        return content


def _bound_to(terms: Terms, model: ModelDigest) -> bytes:
    return (
        f"{_DOMAIN}\x00{terms.subject_id}\x00{terms.receipt_id}\x00{terms.purpose}\x00"
        f"{_modes_text(terms.modes)}\x00"
        f"{to_epoch_s(terms.granted)}\x00{to_epoch_s(terms.expires)}\x00{model}"
    ).encode()


@lru_cache(maxsize=4)  # there are no more sets of modes than this
def _modes_text(modes: frozenset[Mode]) -> str:
    return ",".join(sorted(modes))
