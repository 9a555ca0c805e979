"""Who may do what: roles as action and resource, and the actor that a call is made by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chiso.core.consent import ReceiptId, SubjectId


class Role(StrEnum):
    """What someone is to a home. Each grants what `GRANTS` lists, and nothing else."""

    ADMIN = "admin"
    ENROLLER = "enroller"
    VERIFIER = "verifier"
    AUDITOR = "auditor"
    SUBJECT = "subject"


class Action(StrEnum):
    """What is done to a resource."""

    READ = "read"
    CREATE = "create"
    DELETE = "delete"


class Resource(StrEnum):
    """What a home gives access to; the API has one collection for each."""

    SUBJECTS = "subjects"
    RECEIPTS = "receipts"
    REFERENCES = "references"
    VERIFICATIONS = "verifications"
    IDENTIFICATIONS = "identifications"
    DETECTIONS = "detections"
    THRESHOLDS = "thresholds"
    AUDITS = "audits"
    LOG = "log"
    EXPORTS = "exports"
    CARDS = "cards"
    CHECK_INS = "check-ins"
    KEYS = "keys"
    ACCOUNTS = "accounts"
    SETTINGS = "settings"
    METRICS = "metrics"


class Scope(StrEnum):
    """What a caller may see beyond its role."""

    SCORES = "scores"
    """Raw scores and log-likelihood ratios. Whoever sees them can climb to a match (Adler 2003,
    "Sample images can be independently restored from face recognition templates")."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to do one action to one resource; written `resource:action`."""

    resource: Resource
    action: Action

    def __str__(self) -> str:
        return f"{self.resource}:{self.action}"


def _grants(*texts: str) -> frozenset[Grant]:
    parts = (text.split(":") for text in texts)
    return frozenset(Grant(Resource(resource), Action(action)) for resource, action in parts)


_DESK = (
    "subjects:read subjects:delete receipts:read receipts:create receipts:delete references:read "
    "references:create detections:create verifications:create exports:create cards:read "
    "cards:create cards:delete log:read"
)
_STATION = "verifications:create identifications:create detections:create check-ins:read log:read"
_PROOF = "log:read audits:read thresholds:read settings:read metrics:read"
_UPKEEP = (
    "identifications:create check-ins:read thresholds:create audits:create keys:read keys:create "
    "keys:delete accounts:read accounts:create accounts:delete settings:create"
)
_HER_OWN = "subjects:read subjects:delete receipts:read receipts:delete references:read log:read "

GRANTS: dict[Role, frozenset[Grant]] = {
    Role.ADMIN: _grants(*_DESK.split(), *_PROOF.split(), *_UPKEEP.split()),
    Role.ENROLLER: _grants(*_DESK.split()),
    Role.VERIFIER: _grants(*_STATION.split()),
    Role.AUDITOR: _grants(*_PROOF.split()),
    Role.SUBJECT: _grants(*_HER_OWN.split(), "exports:create"),
}
"""What each role may do. A subject may do it to what is hers, and to nothing else."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a call. `name` is what leaves of the log say of who asked."""

    name: str
    role: Role
    purposes: frozenset[str] | None
    """The purposes that it is kept to; None: all of them."""
    scopes: frozenset[Scope] = frozenset()
    station: str | None = None
    """Where it stands: check-ins there are events of this station."""
    subject_id: SubjectId | None = None
    """Whose own data it sees; set for, and only for, the role SUBJECT."""
    expires: datetime | None = None
    """When it ends; None where it does not by itself."""
    key_id: str | None = None
    """The key that it shows; None for an account, and for a person."""

    @property
    def counted_as(self) -> str:
        """By what calls and attempts are counted: several keys may be called the same."""
        return self.key_id or self.name

    def may(self, action: Action, resource: Resource) -> bool:
        """Whether its role grants this."""
        return Grant(resource, action) in GRANTS[self.role]

    def may_for(self, purpose: str) -> bool:
        """Whether it may act for this purpose."""
        return self.purposes is None or purpose in self.purposes

    def sees(self, subject_id: SubjectId) -> bool:
        """Whether a person's data may be shown to it at all."""
        return self.role is not Role.SUBJECT or subject_id == self.subject_id

    def covers(self, other: Actor) -> bool:
        """Whether it may give away what `other` could do: never more than it has itself."""
        return (
            GRANTS[other.role] <= GRANTS[self.role]
            and other.scopes <= self.scopes
            and _within(other.purposes, self.purposes)
            and (self.expires is None or _ends_by(other.expires, self.expires))
        )


def _within(purposes: frozenset[str] | None, allowed: frozenset[str] | None) -> bool:
    return allowed is None or (purposes is not None and purposes <= allowed)


def _ends_by(end: datetime | None, limit: datetime) -> bool:
    return end is not None and end <= limit


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the API as stored: of the secret, only its SHA-256.

    The secret has 256 random bits, so a plain digest of it cannot be searched.
    """

    key_id: str
    name: str
    role: Role
    purposes: frozenset[str] | None
    scopes: frozenset[Scope]
    station: str | None
    created: datetime
    expires: datetime
    revoked: datetime | None
    secret_sha256: bytes


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who signs in to the console with a password."""

    account_id: str
    name: str
    role: Role
    password_hash: str
    """argon2id, in PHC string format (RFC 9106)."""
    totp_sealed: bytes | None
    """The secret of her authenticator (RFC 6238), sealed; None where she has none."""
    totp_last_step: int
    """The last time step that was used: no code serves twice (RFC 6238 §5.2)."""
    created: datetime
    disabled: datetime | None
    failures: int
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """Someone signed in: of its token, only the SHA-256. Of an account, or of a person herself."""

    token_sha256: bytes
    account_id: str | None
    subject_id: SubjectId | None
    key_id: str | None
    """The key of the station that it belongs to."""
    created: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that makes one account, once: of its token, only the SHA-256."""

    token_sha256: bytes
    role: Role
    expires: datetime
    invited_by: str
    """The name of the actor who made it: where that is an account, it ends with the account."""


@dataclass(frozen=True, slots=True)
class PersonLink:
    """A person's own link: of its token, only the SHA-256. Goes when she goes."""

    token_sha256: bytes
    subject_id: SubjectId
    created: datetime


@dataclass(frozen=True, slots=True)
class IssuedCard:
    """A card that was given out. It stays on the list when revoked, or when its person went."""

    card_id: str
    receipt_id: ReceiptId
    subject_id: SubjectId | None
    issued: datetime
    expires: datetime
    revoked: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a call with an idempotency key was answered, so that the same call is answered alike."""

    actor: str
    key: str
    request_sha256: bytes
    status: int
    body: bytes
    at: datetime
    subject_id: SubjectId | None
    """Whom it tells of: it goes when she goes."""
