"""Consent as values: the receipt a person holds, the terms in it, and the permit it can give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType

SubjectId = NewType("SubjectId", str)
"""Random UUID of a subject in one home; says nothing about the person."""

ReceiptId = NewType("ReceiptId", str)
"""Random UUID of a receipt."""


class Mode(StrEnum):
    """What may be done with a reference. Each is agreed to separately."""

    VERIFY = "verify"
    IDENTIFY = "identify"


class Cause(StrEnum):
    """Why a consent ended though nobody withdrew it."""

    EXPIRED = "expired"
    INACTIVE = "inactive"


class Terms(NamedTuple):
    """What was agreed, and what became of it: all that policy reads of a receipt. Times are UTC.

    A tuple, since a search reads as many as there are references, and tuples are made fastest.
    """

    receipt_id: ReceiptId
    subject_id: SubjectId
    purpose: str
    modes: frozenset[Mode]
    granted: datetime
    expires: datetime
    withdrawn: datetime | None
    """When it was ended, and what rested on it erased."""
    cause: Cause | None = None
    """Why, where it was not the person who ended it."""
    last_active: datetime | None = None
    """The last match for this purpose, or the last photo added; None before the first."""

    @property
    def active(self) -> datetime:
        """From when inactivity counts."""
        return self.granted if self.last_active is None else max(self.granted, self.last_active)


@dataclass(frozen=True, slots=True)
class Header:
    """Receipt metadata (ISO/IEC TS 27560 §6.3 record header; Kantara CR 1.1 §4.3)."""

    schema: str
    receipt_id: ReceiptId
    language: str
    issued: datetime


@dataclass(frozen=True, slots=True)
class Parties:
    """Who agreed with whom. `guardian` is set when the subject is a minor."""

    subject: str
    subject_id: SubjectId
    controller: str
    guardian: str | None


@dataclass(frozen=True, slots=True)
class Processing:
    """What was agreed to: one purpose, its modes, from when until when."""

    purpose: str
    modes: tuple[Mode, ...]
    data_categories: tuple[str, ...]
    granted: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Grounds:
    """What shows that the person agreed: SHA-256 of the notice read and of the evidence given."""

    notice_sha256: str | None
    evidence_sha256: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A consent receipt, before its signature. Its canonical JSON is what is signed."""

    header: Header
    parties: Parties
    processing: Processing
    grounds: Grounds
    withdrawal: str
    """How the person withdraws, in words."""

    def terms(self, withdrawn: datetime | None) -> Terms:
        """The part of this receipt that policy reads."""
        return Terms(
            receipt_id=self.header.receipt_id,
            subject_id=self.parties.subject_id,
            purpose=self.processing.purpose,
            modes=frozenset(self.processing.modes),
            granted=self.processing.granted,
            expires=self.processing.expires,
            withdrawn=withdrawn,
        )


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to create, compare and store templates under these receipts, at this instant.

    Only `chiso.consent.policy` constructs one; `tests/test_architecture.py` holds that.
    """

    purpose: str
    mode: Mode | None
    """None for a permit to enrol, which compares nothing."""
    receipts: frozenset[ReceiptId]
    at: datetime
