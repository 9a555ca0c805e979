"""Where a home keeps things, as Protocols: the store, the keystore, the vault, the signer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chiso.core.access_storage import AccessReading, AccessWriting
from chiso.core.consent import Cause, Receipt, ReceiptId, SubjectId, Terms
from chiso.core.decisions import ThresholdRecord
from chiso.core.events import KeptCheckpoint, Leaf, LeafPayload, LogHead, Node
from chiso.core.page_storage import PageReading
from chiso.core.templates import ModelDigest, Template


@dataclass(frozen=True, slots=True)
class Subject:
    """A person in a home. `label` is what the operator calls her."""

    subject_id: SubjectId
    label: str
    added: datetime


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt as stored: parsed, the exact bytes signed, the signature, and what became of it."""

    receipt: Receipt
    body: bytes
    signature: bytes
    withdrawn: datetime | None
    """When it was ended: by the person, or for `cause`."""
    cause: Cause | None = None
    last_active: datetime | None = None

    @property
    def terms(self) -> Terms:
        """All that policy reads of it."""
        agreed = self.receipt.terms(self.withdrawn)
        return agreed._replace(cause=self.cause, last_active=self.last_active)


@dataclass(frozen=True, slots=True)
class SealedReference:
    """A reference as stored: ciphertext, and what it is bound to."""

    subject_id: SubjectId
    receipt_id: ReceiptId
    model: ModelDigest
    sealed: bytes
    photo_tag: bytes
    """HMAC-SHA256 of the photo's SHA-256 under the person's key: tells a photo seen twice."""
    added: datetime


class ReadTransaction(AccessReading, PageReading, Protocol):
    """One consistent view of the store."""

    def subjects(self) -> list[Subject]:
        """Everyone, by label."""
        ...

    def subject(self, label: str) -> Subject | None:
        """The person of that label."""
        ...

    def subject_by_id(self, subject_id: SubjectId) -> Subject | None:
        """The person with that id."""
        ...

    def receipts(self, subject_id: SubjectId | None = None) -> list[SignedReceipt]:
        """Receipts of one person, or of all; oldest first."""
        ...

    def terms(self, subject_id: SubjectId | None = None) -> Iterator[Terms]:
        """Terms of the receipts of one person, or of all."""
        ...

    def count_references(self, model: ModelDigest | None = None) -> int:
        """How many references there are, of one model or of all."""
        ...

    def references(
        self, model: ModelDigest | None = None, subject_id: SubjectId | None = None
    ) -> Iterator[tuple[SealedReference, Terms]]:
        """References with the terms they rest on, ordered by subject id."""
        ...

    def sealed_templates(
        self, model: ModelDigest, subject_id: SubjectId | None = None
    ) -> Iterator[tuple[bytes, Terms]]:
        """As `references`, of one model: only what `Vault.open` needs, and faster."""
        ...

    def log_head(self) -> LogHead | None:
        """The head of the log, None before the first leaf."""
        ...

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf in order."""
        ...

    def log_hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Stored hashes of these nodes of the log, in the same order. Raises LOG_BROKEN if gone."""
        ...

    def payloads(self, subject_id: SubjectId | None = None) -> Iterator[LeafPayload]:
        """Payloads that still exist, in order; of one person or of all."""
        ...

    def count_payloads(self, subject_id: SubjectId | None = None) -> int:
        """How many payloads still exist, of one person or of all."""
        ...

    def payload(self, seq: int) -> LeafPayload | None:
        """What leaf `seq` commits to, if it still exists."""
        ...

    def kept_checkpoints(self, count: int | None = None) -> Iterator[KeptCheckpoint]:
        """The checkpoints that were kept, the newest first; so many of them, or all."""
        ...

    def thresholds(self) -> list[ThresholdRecord]:
        """Every threshold record, oldest first."""
        ...

    def setting(self, name: str) -> str | None:
        """Value of a setting."""
        ...

    def erasures_due(self) -> list[SubjectId]:
        """Persons whose rows are gone and whose keys are still to be destroyed."""
        ...


class WriteTransaction(ReadTransaction, AccessWriting, Protocol):
    """The only way to change the store. All of it lands, or none."""

    def add_subject(self, subject: Subject) -> None:
        """Add a person."""
        ...

    def add_receipt(self, receipt: SignedReceipt) -> None:
        """Add a receipt."""
        ...

    def replace_receipt(self, receipt: SignedReceipt) -> None:
        """Put a receipt in the place of the one of its id; what rests on it stays as it is."""
        ...

    def add_reference(self, reference: SealedReference) -> None:
        """Add a reference; the database refuses one without its receipt."""
        ...

    def withdraw_receipt(
        self, receipt_id: ReceiptId, at: datetime, cause: Cause | None = None
    ) -> int:
        """Mark a receipt withdrawn and delete what rests on it; returns references deleted.

        `cause`: why, where it was not the person who ended it.
        """
        ...

    def remove_references(self, receipt_id: ReceiptId, until: datetime | None = None) -> int:
        """Delete what rests on a receipt, which stays; returns references deleted.

        `until`: only what was added by then.
        """
        ...

    def mark_active(self, receipt_ids: Iterable[ReceiptId], at: datetime) -> None:
        """Note when these receipts last served: a match, or a photo added."""
        ...

    def erase_subject(self, subject_id: SubjectId) -> tuple[int, int, int]:
        """Delete a person's every row; returns counts of references, receipts, leaf payloads."""
        ...

    def forget_rows(self, subject_id: SubjectId) -> None:
        """Delete a person's rows but what the log says of her: a restore puts them in again."""
        ...

    def replace_thresholds(self, records: Sequence[ThresholdRecord]) -> None:
        """Keep these threshold records, and no others."""
        ...

    def schedule_key_destruction(self, subject_id: SubjectId) -> None:
        """Remember that this person's key must be destroyed, until `key_destroyed`."""
        ...

    def key_destroyed(self, subject_id: SubjectId) -> None:
        """Forget what `schedule_key_destruction` remembered."""
        ...

    def append_leaf(
        self, leaf: Leaf, payload: LeafPayload, completed: Sequence[tuple[Node, bytes]]
    ) -> None:
        """Add a leaf, what it commits to, and the roots of the subtrees that it completes."""
        ...

    def set_log_head(self, head: LogHead) -> None:
        """Replace the head of the log."""
        ...

    def keep_checkpoint(self, kept: KeptCheckpoint) -> None:
        """Keep a checkpoint, in the place of one of the same size."""
        ...

    def add_threshold(self, record: ThresholdRecord) -> None:
        """Add a threshold record."""
        ...

    def put_setting(self, name: str, value: str) -> None:
        """Set a setting."""
        ...


class Store(Protocol):
    """The database of a home."""

    def reading(self) -> AbstractContextManager[ReadTransaction]:
        """A consistent view."""
        ...

    def writing(self) -> AbstractContextManager[WriteTransaction]:
        """An exclusive transaction: commits at the end of the block, rolls back on an exception."""
        ...

    @property
    def scrubbing(self) -> tuple[str, ...]:
        """What `scrub` does, as an erasure certificate says it: `database-rewritten` and such."""
        ...

    def scrub(self, patience_s: float) -> None:
        """Remove every copy of deleted rows from the files.

        Raises ERASURE_UNFINISHED where others read for longer than `patience_s`.
        """
        ...

    def close(self) -> None:
        """Let go of the files and of all that was read from them; the next use opens them again."""
        ...


class Anchor(Protocol):
    """The log's head as it was last signed, kept outside the database: shows one put back."""

    def read(self) -> str | None:
        """The signed note; None before the first."""
        ...

    def write(self, note: str) -> None:
        """Keep this note instead."""
        ...


class Keystore(Protocol):
    """Per-person data keys, each wrapped by the operator's key, in a file of their own."""

    def require_current(self) -> None:
        """Raise WRONG_OPERATOR_KEY if another process has changed the operator's key since."""
        ...

    def create(self, subject_id: SubjectId) -> bytes:
        """Make, wrap, store and return a 32-byte key; returns the one there is if there is one."""
        ...

    def key(self, subject_id: SubjectId) -> bytes | None:
        """A person's key, unwrapped."""
        ...

    def keys_in_order(self) -> Iterator[tuple[SubjectId, bytes]]:
        """Every person's key, unwrapped, ordered by subject id."""
        ...

    def destroy(self, subject_ids: Sequence[SubjectId]) -> int:
        """Destroy these keys for good; returns how many there were."""
        ...

    def subject_ids(self) -> list[SubjectId]:
        """Whose keys there are."""
        ...

    def keep(self, subject_id: SubjectId, key: bytes) -> None:
        """Keep this key, 32 bytes, as hers, instead of what there is: a restore puts it back."""
        ...

    def rewrap(self, new_operator_key: bytes, note: bytes) -> int:
        """Wrap every key by another operator's key (32 bytes), all or none; returns how many.

        `note` is kept, sealed, until `rotation_recorded`.
        """
        ...

    def rotation_due(self) -> bytes | None:
        """The note of a change of the operator's key that no leaf may tell of yet."""
        ...

    def rotation_recorded(self) -> None:
        """Forget that note, and every copy of a key wrapped by the former operator's key."""
        ...


class OperatorKeyPlace(Protocol):
    """Where the operator's key of a home comes from: its file, or the environment."""

    @property
    def where(self) -> str:
        """The file or the variable."""
        ...

    def current(self) -> bytes:
        """The key, 32 bytes. Raises ChisoError where there is none."""
        ...

    def stage(self, key: bytes) -> None:
        """Keep this key beside the current one, before anything is wrapped by it."""
        ...

    def settle(self) -> None:
        """Let the staged key take the place of the current one, whose bytes are overwritten."""
        ...


class Vault(Protocol):
    """Seals templates under a person's key, bound to who, why and which model."""

    def seal(self, template: Template, terms: Terms, key: bytes) -> bytes:
        """Ciphertext of a template."""
        ...

    def open(self, sealed: bytes, terms: Terms, model: ModelDigest, key: bytes) -> bytes:
        """The template's float32 little-endian bytes. Raises TEMPLATE_UNREADABLE if altered."""
        ...

    def photo_tag(self, photo: bytes, key: bytes) -> bytes:
        """Keyed fingerprint of a photo's bytes; means nothing once the key is destroyed."""
        ...

    def seal_bytes(self, content: bytes, bound_to: bytes, key: bytes) -> bytes:
        """Ciphertext of anything else, which opens only with the same `bound_to`."""
        ...

    def open_bytes(self, sealed: bytes, bound_to: bytes, key: bytes) -> bytearray | None:
        """What `seal_bytes` sealed, for the caller to overwrite; None if altered."""
        ...


class Signer(Protocol):
    """The home's Ed25519 key."""

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64-byte signature."""
        ...

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made this signature."""
        ...

    def derive(self, purpose: str) -> bytes:
        """A 32-byte secret for `purpose`, the same each time: HKDF-SHA256 (RFC 5869) of the key."""
        ...
