"""What can happen in a home: the closed list of events; each becomes one leaf of the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chiso.core.canonical import JsonValue
from chiso.core.consent import SubjectId


class EventType(StrEnum):
    """Stable names; an interface to everyone who reads a log."""

    RECEIPT_GRANTED = "receipt-granted"
    RECEIPT_NARROWED = "receipt-narrowed"
    RECEIPT_WITHDRAWN = "receipt-withdrawn"
    ENROLLED = "enrolled"
    VERIFIED = "verified"
    IDENTIFIED = "identified"
    EXPORTED = "exported"
    ERASED = "erased"
    THRESHOLD_ADDED = "threshold-added"
    THRESHOLD_CHANGED = "threshold-changed"
    SETTINGS_CHANGED = "settings-changed"
    AUDIT_RECORDED = "audit-recorded"
    KEY_ROTATED = "key-rotated"
    RESTORED = "restored"
    ACCESS_CHANGED = "access-changed"
    CARD_ISSUED = "card-issued"
    CARD_REVOKED = "card-revoked"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `subject_id` is whose it is: her payload goes when she goes."""

    type: EventType
    at: datetime
    subject_id: SubjectId | None
    facts: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogHead:
    """The log's size, its right edge (peaks, tallest first) and the signed checkpoint over both."""

    size: int
    peaks: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A checkpoint kept for later proofs: its size, when, and the note with its signatures."""

    size: int
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf as stored: its place and its RFC 6962 hash. It never goes away."""

    seq: int
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Node:
    """A perfect subtree of the log: 2^level leaves, the `index`th of its level; level 0 are leaves.

    It holds leaves index · 2^level up to, not including, (index + 1) · 2^level.
    """

    level: int
    index: int


@dataclass(frozen=True, slots=True)
class LeafPayload:
    """What a leaf commits to, stored apart so that it can be destroyed."""

    seq: int
    subject_id: SubjectId | None
    salt: bytes
    body: bytes
