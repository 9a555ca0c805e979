"""Writing a bundle: leaves of the log with all that anyone needs to check them offline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from chiso.account.bundle import (
    BundledLeaf,
    EarlierCheckpoint,
    bundle_start,
    bundle_texts,
)
from chiso.account.checkpoint import ED25519, VerifierKey
from chiso.account.merkle import inclusion_proofs, root_from_inclusion, root_of
from chiso.core.canonical import JsonValue
from chiso.core.consent import SubjectId
from chiso.core.events import Event, EventType, LeafPayload, LogHead, Node
from chiso.core.storage import ReadTransaction
from chiso.services.home import Home
from chiso.services.log import broken, head_of, record, require_signed_head
from chiso.services.log_since import require_goes_on
from chiso.services.people import known

_LEAVES_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What a bundle discloses: the content of how many leaves, up to which head, whose.

    `told_by`: the number of the leaf that says so; None where nothing is disclosed.
    """

    head: LogHead
    subject_id: SubjectId | None
    leaves: int
    told_by: int | None


def bundle(
    home: Home, label: str | None, since: str | None, put: Callable[[str], object]
) -> Disclosed:
    """Write all leaves that still have their content, or those of the person called `label`.

    With them, each checkpoint that the home keeps, and `since`, one saved outside. Text goes to
    `put` piece by piece, once a leaf that tells of the disclosure is committed: it lies beyond the
    checkpoint of the bundle, so that what witnesses cosigned still fits. Raises NO_CONSENT where
    nobody is called that, LOG_BROKEN where the log does not go on from a checkpoint.
    """
    disclosed = _disclosed(home, label, since)
    with home.store.reading() as view:
        head = disclosed.head
        earlier = list(_earlier(home, view, head, since))
        start = bundle_start(log_key(home), _newest(view, head), earlier, disclosed.subject_id)
        for text in bundle_texts(start, _leaves(view, disclosed)):
            put(text)
    return disclosed


def log_key(home: Home) -> VerifierKey:
    """The key that signs this home's log, under the log's name."""
    return VerifierKey(home.origin, ED25519, home.signer.public_key)


def _disclosed(home: Home, label: str | None, since: str | None) -> Disclosed:
    """What is about to be disclosed, told by a leaf."""
    with home.store.writing() as transaction:
        head = head_of(transaction)
        require_signed_head(home, head)
        subject_id = None if label is None else known(transaction, label).subject_id
        count = transaction.count_payloads(subject_id)
        if since is not None:
            require_goes_on(home, transaction, head, since)
        if not count:
            return Disclosed(head, subject_id, 0, None)
        facts: dict[str, JsonValue] = {"asked_by": home.asked_by, "log_payloads": count}
        event = Event(EventType.EXPORTED, home.clock.now(), subject_id, facts)
        record(home, transaction, [event])
        return Disclosed(head, subject_id, count, head.size)


def _newest(view: ReadTransaction, head: LogHead) -> str:
    """The head's checkpoint, as it is kept where it is: with the lines of witnesses."""
    kept = (each.note for each in view.kept_checkpoints() if each.size == head.size)
    return next(kept, head.checkpoint)


def _earlier(
    home: Home, view: ReadTransaction, head: LogHead, since: str | None
) -> Iterator[EarlierCheckpoint]:
    kept = [each.note for each in view.kept_checkpoints() if each.size < head.size]
    for note in [*kept[::-1], *([] if since is None else [since])]:
        yield EarlierCheckpoint(note, require_goes_on(home, view, head, note).proof)


def _leaves(view: ReadTransaction, disclosed: Disclosed) -> Iterator[BundledLeaf]:
    payloads = (
        each for each in view.payloads(disclosed.subject_id) if each.seq < disclosed.head.size
    )
    while batch := list(islice(payloads, _LEAVES_AT_ONCE)):
        yield from _proven(view, disclosed.head, batch)


def _proven(
    view: ReadTransaction, head: LogHead, payloads: Sequence[LeafPayload]
) -> Iterator[BundledLeaf]:
    """These leaves with their proofs. Raises LOG_BROKEN where one does not lead to the root."""
    seqs = [each.seq for each in payloads]
    own = view.log_hashes([Node(0, seq) for seq in seqs])
    paths = inclusion_proofs(seqs, head.size, view.log_hashes)
    root = root_of(head.peaks)
    for payload, leaf, path in zip(payloads, own, paths, strict=True):
        if root_from_inclusion(leaf, payload.seq, head.size, path) != root:
            raise broken(f"the stored hashes beside leaf {payload.seq} do not lead to its root")
        yield BundledLeaf(payload.seq, leaf, path, payload.salt, payload.body)
