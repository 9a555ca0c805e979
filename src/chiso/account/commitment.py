"""An event as a leaf: canonical payload, and the salted commitment that alone enters the tree."""

from __future__ import annotations

import hashlib

from chiso.core.canonical import JsonValue, canonical_json
from chiso.core.events import Event
from chiso.core.times import to_text

SALT_BYTES = 32
_DOMAIN = b"chiso/leaf/1\x00"


def payload_of(event: Event) -> bytes:
    """Canonical JSON of the event. The facts' names may not collide with the envelope's."""
    envelope: dict[str, JsonValue] = {
        "v": 1,
        "type": event.type.value,
        "at": to_text(event.at),
        "subject": event.subject_id,
    }
    clash = envelope.keys() & event.facts.keys()
    if clash:
        raise ValueError(f"facts may not be called {', '.join(sorted(clash))}")
    return canonical_json({**envelope, **event.facts})


def commitment(salt: bytes, payload: bytes) -> bytes:
    """SHA-256(domain ‖ salt ‖ payload), 32 bytes: hides the payload once the salt is destroyed."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(_DOMAIN + salt + payload).digest()
