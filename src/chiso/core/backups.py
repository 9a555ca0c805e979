"""What a backup is: its parts, and the manifest that names and bounds them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chiso.core.canonical import canonical_json
from chiso.core.times import from_text, to_text

FORMAT = "chiso-backup-1"
SIGNING_DOMAIN = b"chiso/backup/1\x00"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
HOME, NOTE, STORE, KEYSTORE = "home.json", "log.note", "store.sqlite3", "keystore.sqlite3"
OPERATOR_KEY = "operator.key"
PARTS = (HOME, NOTE, KEYSTORE, STORE)
"""Every backup has these; `OPERATOR_KEY` only where it was asked for."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a home inside a backup."""

    name: str
    size_bytes: int
    sha256: str
    """Lower-case hex."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, and the log that it ends with."""

    made: datetime
    home_id: str
    log_size: int
    checkpoint: str
    """The signed note over the log of the copied store."""
    operator_key: str
    """Fingerprint of the operator's key that opens the copied keystore."""
    parts: tuple[Part, ...]


class Archive(Protocol):
    """A backup in the making: appears under its name whole, or not at all."""

    def begin(self) -> None:
        """Copy the keystore, and hold on to the store as it is at this moment.

        To be called while the store's write lock is held: the two then belong together.
        """
        ...

    def copy_store(self) -> None:
        """Copy the store as it was at `begin`, while others may write again."""
        ...

    def add(self, name: str, content: bytes) -> None:
        """Add another part."""
        ...

    def parts(self) -> tuple[Part, ...]:
        """Every part there is so far."""
        ...

    def seal(self, manifest: bytes, signature: bytes) -> None:
        """Put all in one file, under its final name."""
        ...


OpenArchive = AbstractContextManager[Archive]


def manifest_text(manifest: Manifest) -> bytes:
    """Canonical JSON: what the home signs, behind `SIGNING_DOMAIN`."""
    return canonical_json(
        {
            "format": FORMAT,
            "made": to_text(manifest.made),
            "home": manifest.home_id,
            "log_size": manifest.log_size,
            "checkpoint": manifest.checkpoint,
            "operator_key": manifest.operator_key,
            "parts": [
                {"name": each.name, "bytes": each.size_bytes, "sha256": each.sha256}
                for each in manifest.parts
            ],
        }
    )


def parse_manifest(text: bytes) -> Manifest:
    """Read a manifest. Raises ValueError where it is none, or lists other parts than a backup's."""
    try:
        said: Any = json.loads(text)
        if said["format"] != FORMAT:
            raise ValueError(f"its format is {said['format']!r}, not {FORMAT}")
        manifest = Manifest(
            made=from_text(said["made"]),
            home_id=str(said["home"]),
            log_size=int(said["log_size"]),
            checkpoint=str(said["checkpoint"]),
            operator_key=str(said["operator_key"]),
            parts=tuple(
                Part(str(each["name"]), int(each["bytes"]), str(each["sha256"]))
                for each in said["parts"]
            ),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no manifest of a backup ({error})") from error
    _require_parts([each.name for each in manifest.parts])
    return manifest


def _require_parts(names: Sequence[str]) -> None:
    if sorted(names) not in (sorted(PARTS), sorted((*PARTS, OPERATOR_KEY))):
        raise ValueError(f"it lists {', '.join(names) or 'nothing'}")
