"""A home, opened: every port that the use cases need, in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chiso.core.canonical import JsonValue
from chiso.core.ports import Clock, Decoder, Detector, Embedder, Randomness
from chiso.core.settings import CaptureSettings
from chiso.core.storage import Anchor, Keystore, Signer, Store, Vault
from chiso.core.templates import ModelDigest


@dataclass(frozen=True, slots=True)
class Engine:
    """What turns photos into templates: a decoder, two models, and limits to work under."""

    decoder: Decoder
    detector: Detector
    embedder: Embedder
    capture: CaptureSettings


@dataclass(frozen=True, slots=True)
class Home:
    """An opened home. Models load when first asked for, since most commands need none."""

    path: Path
    home_id: str
    controller: str
    store: Store
    anchor: Anchor
    keystore: Keystore
    vault: Vault
    signer: Signer
    clock: Clock
    randomness: Randomness
    capture: CaptureSettings
    asked_by: str
    """The operating system's user who runs the command: leaves of searches and exports name it."""
    model: Callable[[], ModelDigest]
    """Digest of the home's embedder, known without loading it."""
    engine: Callable[[], Engine]
    station: str | None = None
    """Where whoever asks stands: leaves of verifications and searches there name it."""

    @property
    def origin(self) -> str:
        """The log's name in its checkpoints."""
        return f"chiso/{self.home_id}"


def asked(home: Home) -> dict[str, JsonValue]:
    """What a leaf says of who asked: her name, and her station where she stands at one."""
    facts: dict[str, JsonValue] = {"asked_by": home.asked_by}
    return facts if home.station is None else facts | {"station": home.station}
