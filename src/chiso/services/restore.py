"""Bring a home back from its backup, and nobody with it who withdrew since.

Steps, numbered in the code below:

0. (caller) unpack the backup, each part with the digest that its manifest gives, and open it.
1. The manifest is signed by the home's own key, and speaks of this copy.
2. The copy verifies: tree, signatures, receipts, thresholds.
3. Who withdrew since is known (`chiso.services.withdrawn_since`).
4. Where the living home's log verifies and begins with the backup's, it stays, and only people who
   are not whole there are put back.
5. Else the backup's log goes on. Whoever withdrew since is erased from it, each with a leaf, and
   receipts that a living log tells were narrowed since are narrowed again. Its cards, keys,
   accounts and links are ended, unless nothing happened since: nobody knows which were.
6. A leaf tells of the restore, and what came out verifies.
7. (caller) put it in the place of the living home.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chiso.account.merkle import peak_nodes, root_of
from chiso.core.backups import SIGNING_DOMAIN, manifest_text
from chiso.core.canonical import JsonValue
from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.events import Event, EventType
from chiso.core.storage import ReadTransaction, Subject
from chiso.core.times import to_text
from chiso.services import log_check, thresholds
from chiso.services.access.told import end_access
from chiso.services.cards.told import end_cards, mend_cards
from chiso.services.home import Home
from chiso.services.log import head_of, record, require_not_put_back, require_signed_head
from chiso.services.log_told import told_by
from chiso.services.narrow import narrow_again
from chiso.services.restored_people import PutBack, put_back
from chiso.services.thresholds import require_as_told
from chiso.services.withdraw import withdraw
from chiso.services.withdrawn_since import (
    CHECKPOINT,
    Backup,
    Evidence,
    Living,
    Since,
    withdrawn_since,
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Someone in the backup who does not come back, or of whom not everything does."""

    label: str
    withdrew: str
    """When, as the log or her certificate says it."""
    receipt: ReceiptId | None
    """The one that she withdrew, where the others come back."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a restore. `home` is what takes the place of what was there."""

    home: Home
    keeps_living_log: bool
    since: Since
    left_out: tuple[LeftOut, ...]
    people: PutBack
    """Where the living log is kept, who was put back into it."""
    enrolled_since: tuple[str, ...]
    """People of the living home who are not in the backup, and so not in what goes on from it."""


def restore(backup: Backup, living: Living | None, evidence: Evidence) -> Restored:
    """Do steps 1 to 6 of the module's docstring.

    Raises BACKUP_DAMAGED, LOG_BROKEN or another of kind INTEGRITY for a backup that is not whole;
    ERASURES_UNKNOWN where nothing says who withdrew since.
    """
    _require_own(backup)  # 1
    log_check.verify(backup.home)  # 2
    since = withdrawn_since(backup, living, evidence)  # 3
    if living is not None and living.home is not None:
        kept = _into_living(backup, living.home, since)  # 4
        if kept is not None:
            return kept
    return _from_backup(backup, None if living is None else living.home, since)  # 5


def _require_own(backup: Backup) -> None:
    text = SIGNING_DOMAIN + manifest_text(backup.manifest)
    if not backup.home.signer.verify(text, backup.signature):
        raise _damaged("its manifest is not what this home signed")
    with backup.home.store.reading() as view:
        head = head_of(view)
    if (head.checkpoint, head.size) != (backup.manifest.checkpoint, backup.manifest.log_size):
        raise _damaged("its store ends with another checkpoint than its manifest says")


def _into_living(backup: Backup, living: Home, since: Since) -> Restored | None:
    """Put people back into the living home, if its log is whole and begins with the backup's."""
    try:
        with living.store.reading() as view:
            if not _goes_on(living, view, backup):
                return None
            before = {each.subject_id for each in view.subjects()}
        people = put_back(living, backup.home, since.erased)
        _erase_lost(living, people.lost)
        _destroy_ownerless(living)
        _mend_thresholds(living, backup.home)
        mend_cards(living)
        _tell(living, backup, since, "living")
        log_check.verify(living)  # 6
    except ChisoError as error:
        if error.kind is not Kind.INTEGRITY:
            raise
        return None
    left_out = tuple(
        LeftOut(subject.label, since.erased[subject.subject_id], None)
        for subject in _subjects(backup.home)
        if subject.subject_id in since.erased and subject.subject_id not in before
    )
    return Restored(living, True, since, left_out, people, ())


def _erase_lost(living: Home, lost: Iterable[Subject]) -> None:
    """Erase whoever is there in part alone; her label may be somebody else's by now."""
    there = {each.subject_id for each in _subjects(living)}
    for subject in lost:
        if subject.subject_id in there:
            withdraw(living, subject.label)


def _destroy_ownerless(living: Home) -> None:
    """Destroy keys of people who are not there: the keystore may be the backup's."""
    there = {each.subject_id for each in _subjects(living)}
    living.keystore.destroy([each for each in living.keystore.subject_ids() if each not in there])


def _mend_thresholds(living: Home, backup: Home) -> None:
    """Where the thresholds are not those that the log tells of, take the backup's, with a leaf."""
    try:
        with living.store.reading() as view:
            view.thresholds()
            require_as_told(living, view, told_by(view.payloads()))
    except ChisoError as error:
        if error.kind is not Kind.INTEGRITY and error.code is not Code.THRESHOLD_MISSING:
            raise
        known = thresholds.records(backup)
        with living.store.writing() as transaction:
            transaction.replace_thresholds([each for each, _ in known])
        for each, is_used in known:
            if is_used:
                thresholds.use(living, each.record_id)


def _goes_on(living: Home, view: ReadTransaction, backup: Backup) -> bool:
    """Whether the living log is the one last signed, and begins with the backup's."""
    head = head_of(view)
    require_signed_head(living, head)
    require_not_put_back(living, living.anchor.read(), view, head)
    size = backup.manifest.log_size
    if head.size < size:
        return False
    with backup.home.store.reading() as old:
        root = root_of(head_of(old).peaks)
    return root_of(view.log_hashes(peak_nodes(size))) == root


def _from_backup(backup: Backup, living: Home | None, since: Since) -> Restored:
    """Let the backup's log go on, without those who withdrew."""
    home = backup.home
    _tell(home, backup, since, "backup")  # first, so that the erasures are read as its doing
    left_out = [*_erase(home, since), *_end_receipts(home, living, since)]
    narrow_again(home, since.narrowings)
    if since.assured_by != CHECKPOINT:  # that one shows that nothing happened since
        end_cards(home, living)
        end_access(home)
    log_check.verify(home)  # 6
    known = {each.subject_id for each in _subjects(home)}
    labels = () if living is None else tuple(_labels_of_others(living, known))
    return Restored(home, False, since, tuple(left_out), PutBack((), ()), labels)


def _erase(home: Home, since: Since) -> Iterator[LeftOut]:
    for subject in _subjects(home):
        if subject.subject_id in since.erased:
            withdraw(home, subject.label)
            yield LeftOut(subject.label, since.erased[subject.subject_id], None)


def _end_receipts(home: Home, living: Home | None, since: Since) -> Iterator[LeftOut]:
    """Withdraw again what was withdrawn singly; everything of hers where nobody knows which."""
    for subject in _subjects(home):
        if subject.subject_id not in since.partly:
            continue
        at = since.partly[subject.subject_id]
        ended = _receipts_ended(home, living, subject.subject_id)
        for receipt_id in ended:
            withdraw(home, subject.label, receipt_id)
            yield LeftOut(subject.label, at, receipt_id)
        if not ended:
            withdraw(home, subject.label)
            yield LeftOut(subject.label, at, None)


def _receipts_ended(home: Home, living: Home | None, whose: SubjectId) -> list[ReceiptId]:
    """Her receipts in force here that the living home has as withdrawn."""
    if living is None:
        return []
    with home.store.reading() as view:
        in_force = {each.receipt_id for each in view.terms(whose) if each.withdrawn is None}
    try:
        with living.store.reading() as view:
            ended = [each.receipt_id for each in view.terms(whose) if each.withdrawn is not None]
    except ChisoError as error:
        if error.kind is not Kind.INTEGRITY:
            raise
        return []
    return [each for each in ended if each in in_force]


def _labels_of_others(living: Home, known: set[SubjectId]) -> Iterator[str]:
    try:
        yield from (each.label for each in _subjects(living) if each.subject_id not in known)
    except ChisoError as error:
        if error.kind is not Kind.INTEGRITY:
            raise


def _subjects(home: Home) -> list[Subject]:
    with home.store.reading() as view:
        return view.subjects()


def _tell(home: Home, backup: Backup, since: Since, log: str) -> None:
    facts: dict[str, JsonValue] = {
        "log": log,
        "backup_made": to_text(backup.manifest.made),
        "backup_size": backup.manifest.log_size,
        "known_size": since.known_size,
        "assured_by": since.assured_by,
    }
    with home.store.writing() as transaction:
        record(home, transaction, [Event(EventType.RESTORED, home.clock.now(), None, facts)])


def _damaged(what: str) -> ChisoError:
    return ChisoError(
        Code.BACKUP_DAMAGED,
        f"The backup is not a whole one of this home: {what}.",
        "Nothing was restored from it. Try another copy of it, or an older backup.",
    )
