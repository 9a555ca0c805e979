"""Who withdrew after a backup was made, from everything that can tell of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chiso.account.checkpoint import Checkpoint
from chiso.account.erasure import KEYS, ErasureCertificate, invalid, verify_certificate
from chiso.account.merkle import root_of
from chiso.account.verify import signed_checkpoint
from chiso.core.backups import Manifest
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.events import EventType
from chiso.core.storage import ReadTransaction
from chiso.core.times import to_text
from chiso.services.home import Home
from chiso.services.log import broken, head_of
from chiso.services.log_check import verify_leaves
from chiso.services.log_told import Told, told_by
from chiso.services.narrow import Narrowings

LIVING, CERTIFICATES, CHECKPOINT, OPERATOR = "living-log", "certificates", "checkpoint", "operator"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup, unpacked and opened as a home of its own."""

    home: Home
    manifest: Manifest
    signature: bytes


@dataclass(frozen=True, slots=True)
class Living:
    """A copy of the home that is to be replaced. `home`: None where its store cannot be read."""

    home: Home | None
    note: str | None
    """The signed note outside its database."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the operator brings of what happened after the backup was made."""

    certificates: Sequence[ErasureCertificate] = ()
    checkpoints: Sequence[str] = ()
    nobody_withdrew: bool = False
    """The operator's word for it."""


@dataclass(frozen=True, slots=True)
class Since:
    """Who withdrew since, by id, with the time as text; and how that is known."""

    erased: Mapping[SubjectId, str]
    partly: Mapping[SubjectId, str]
    """Who withdrew one receipt of several."""
    narrowings: Narrowings
    """As far as a living log tells of them: nothing else does."""
    known_size: int
    """Leaves of the longest log that anything tells of."""
    assured_by: str


@dataclass(slots=True)
class _Gathered:
    erased: dict[SubjectId, str] = field(default_factory=dict)
    partly: dict[SubjectId, str] = field(default_factory=dict)
    narrowings: Narrowings = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)


def withdrawn_since(backup: Backup, living: Living | None, evidence: Evidence) -> Since:
    """Gather every erasure that anything tells of.

    Raises ERASURES_UNKNOWN where nothing tells, or more happened than what is there accounts for;
    CERTIFICATE_INVALID and LOG_BROKEN for evidence that is not this home's.
    """
    told = _Gathered(sizes=[backup.manifest.log_size])
    notes = [_checkpoint(backup.home, note) for note in evidence.checkpoints]
    is_told = False
    if living is not None:
        if living.note is not None:
            notes += _own_checkpoint(backup.home, living.note)
        if living.home is not None:
            size = _by_living(backup.home, living.home, told)
            heard = [backup.manifest.log_size, *(each.size for each in notes)]
            is_told = size is not None and size >= max(heard)  # a shorter log was put back
    is_shown = False
    for certificate in evidence.certificates:
        is_shown |= _by_certificate(backup, certificate, told)
    told.sizes += [each.size for each in notes]
    if is_told:
        assured_by = LIVING
    elif is_shown:
        assured_by = CERTIFICATES
    else:
        assured_by = _assured(backup, notes, max(told.sizes), evidence)
    return Since(told.erased, told.partly, told.narrowings, max(told.sizes), assured_by)


def _by_living(backup: Home, living: Home, told: _Gathered) -> int | None:
    """What the living home's log tells; its size, None where it is not whole.

    What a damaged one still tells is heeded; that it tells of everyone, it cannot show.
    """
    known, since = Counter[SubjectId](), Counter[SubjectId]()
    with backup.store.reading() as view:
        known.update(whose for whose, kind, _ in _erasures(view) if kind != EventType.ERASED)
    try:
        with living.store.reading() as view:
            for whose, kind, at in _erasures(view):
                if kind == EventType.ERASED:
                    told.erased[whose] = at
                else:
                    since[whose] += 1
                    if since[whose] > known[whose]:
                        told.partly[whose] = at
            told.narrowings = told_by(view.payloads()).narrowed
            head = head_of(view)
            verify_leaves(living, view, head, Told())
    except ChisoError as error:
        if error.kind is not Kind.INTEGRITY:
            raise
        return None
    told.sizes.append(head.size)
    return head.size


def _erasures(view: ReadTransaction) -> list[tuple[SubjectId, EventType, str]]:
    """Whose erasures and single withdrawals the log tells of, and when."""
    kinds = {each.value: each for each in (EventType.ERASED, EventType.RECEIPT_WITHDRAWN)}
    said = (json.loads(payload.body) for payload in view.payloads())
    return [
        (SubjectId(each["erased_subject"]), kinds[each["type"]], each["at"])
        for each in said
        if each["type"] in kinds
    ]


def _by_certificate(backup: Backup, certificate: ErasureCertificate, told: _Gathered) -> bool:
    """What a certificate of this home tells; False where the backup's own log tells of it.

    Version 1 names her label alone, which someone else may have had before: then it counts only
    if she was erased after the backup, and is still in it by that label.
    """
    home = backup.home
    if certificate.home_id != home.home_id:
        raise invalid("another home gave it")
    after = verify_certificate(certificate, home.signer.public_key, home.signer.verify).after
    told.sizes.append(after.size)
    if after.size <= backup.manifest.log_size:
        return False
    if certificate.proof is not None:
        whose = SubjectId(certificate.proof.subject_id)
    else:
        with home.store.reading() as view:
            subject = view.subject(certificate.subject or "")
        if subject is None:
            return True
        whose = subject.subject_id
    is_all = not certificate.receipts_withdrawn or certificate.count(KEYS) > 0
    (told.erased if is_all else told.partly)[whose] = certificate.at
    return True


def _assured(backup: Backup, notes: Sequence[Checkpoint], size: int, evidence: Evidence) -> str:
    """What says that nobody withdrew. Raises ERASURES_UNKNOWN where nothing does."""
    manifest = backup.manifest
    same = [each for each in notes if each.size == manifest.log_size]
    with backup.home.store.reading() as view:
        root = root_of(head_of(view).peaks)
    if any(each.root != root for each in same):
        raise broken("the backup and the newer checkpoint tell of two different histories")
    if same and size == manifest.log_size:
        return CHECKPOINT
    if evidence.nobody_withdrew:
        return OPERATOR
    count, made = size - manifest.log_size, to_text(manifest.made)
    what = (
        f"The log went on for {count} leaves after this backup was made, on {made}, and what they "
        "say is not here: people may have withdrawn."
        if count
        else f"Nothing here says who withdrew after this backup was made, on {made}."
    )
    raise ChisoError(
        Code.ERASURES_UNKNOWN,
        f"{what} It could bring back people who were promised that they are erased.",
        "Give the certificates of the erasures since with --erased FILE, or the newest checkpoint "
        "that anyone has of this log with --newest-checkpoint FILE. Only if you know that nobody "
        "has withdrawn: --nobody-withdrew-since, which the log keeps as your word.",
    )


def _checkpoint(home: Home, note: str) -> Checkpoint:
    return signed_checkpoint(note, home.origin, home.signer.public_key, home.signer.verify)


def _own_checkpoint(home: Home, note: str) -> list[Checkpoint]:
    """The living home's own note, if it is one: it may be what was damaged."""
    try:
        return [_checkpoint(home, note)]
    except ChisoError:
        return []
