"""One transaction on the store: every query that Chiso makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Row,
    Select,
    and_,
    delete,
    func,
    insert,
    select,
)

from chiso.adapters.store import statements
from chiso.adapters.store.access import AccessQueries
from chiso.adapters.store.pages import PageQueries
from chiso.adapters.store.receipts import ReceiptQueries
from chiso.adapters.store.rows import (
    blob,
    head_from,
    kept_from,
    payload_from,
    position_of,
    receipt_from,
    reference_from,
    subject_from,
    subject_values,
    terms_from,
    threshold_from,
)
from chiso.adapters.store.schema import (
    erasures_due,
    log_checkpoints,
    log_leaves,
    log_nodes,
    log_payloads,
    receipts,
    references,
    settings,
    subjects,
    thresholds,
)
from chiso.compare.threshold import record_bytes
from chiso.core.consent import SubjectId, Terms
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code
from chiso.core.events import KeptCheckpoint, Leaf, LeafPayload, LogHead, Node
from chiso.core.storage import SealedReference, SignedReceipt, Subject
from chiso.core.templates import ModelDigest
from chiso.core.times import to_epoch_s

# Few enough that Python's garbage collector is not set off by every batch.
_ROWS_AT_ONCE = 250
_REFERENCE_COLUMNS = (
    references.c.subject_id,
    references.c.receipt_id,
    references.c.model,
    references.c.sealed,
    references.c.photo_tag,
    references.c.added,
)
_TERM_COLUMNS = (
    receipts.c.id,
    receipts.c.subject_id,
    receipts.c.purpose,
    receipts.c.modes,
    receipts.c.granted,
    receipts.c.expires,
    receipts.c.withdrawn,
    receipts.c.cause,
    receipts.c.last_active,
)
# The id is made an expression so that SQLite takes `ix_receipts_terms`, which lies in the order of
# the references and holds all that is asked for; the unique index would send it to the table.
_RESTS_ON = and_(
    receipts.c.subject_id == references.c.subject_id,
    receipts.c.id.concat("") == references.c.receipt_id,
)


class SqlTransaction(AccessQueries, PageQueries, ReceiptQueries):
    """Implements `chiso.core.storage.WriteTransaction` on one open connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.new_checkpoint: str | None = None
        """The checkpoint of the head that this transaction set, if it set one."""

    def subjects(self) -> list[Subject]:
        """Everyone, by label."""
        rows = self._connection.execute(select(subjects).order_by(subjects.c.label))
        return [subject_from(row) for row in rows]

    def subject(self, label: str) -> Subject | None:
        """The person of that label."""
        query = select(subjects).where(subjects.c.label == label)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else subject_from(row)

    def subject_by_id(self, subject_id: SubjectId) -> Subject | None:
        """The person with that id."""
        query = select(subjects).where(subjects.c.id == subject_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else subject_from(row)

    def receipts(self, subject_id: SubjectId | None = None) -> list[SignedReceipt]:
        """Receipts of one person, or of all; oldest first."""
        query = select(receipts).order_by(receipts.c.granted, receipts.c.id)
        if subject_id is not None:
            query = query.where(receipts.c.subject_id == subject_id)
        return [receipt_from(row) for row in self._connection.execute(query)]

    def terms(self, subject_id: SubjectId | None = None) -> Iterator[Terms]:
        """Terms of the receipts of one person, or of all."""
        query = select(*_TERM_COLUMNS)
        if subject_id is not None:
            query = query.where(receipts.c.subject_id == subject_id)
        return map(terms_from, self._streamed(query))

    def count_references(self, model: ModelDigest | None = None) -> int:
        """How many references there are, of one model or of all."""
        query = select(func.count()).select_from(references)
        if model is not None:
            query = query.where(references.c.model == model)
        return int(self._connection.execute(query).scalar_one())

    def references(
        self, model: ModelDigest | None = None, subject_id: SubjectId | None = None
    ) -> Iterator[tuple[SealedReference, Terms]]:
        """References with the terms they rest on, ordered by subject id."""
        split = len(_REFERENCE_COLUMNS)
        for row in self._with_terms(_REFERENCE_COLUMNS, model, subject_id):
            yield reference_from(row[:split]), _terms_under(row[split:])

    def sealed_templates(
        self, model: ModelDigest, subject_id: SubjectId | None = None
    ) -> Iterator[tuple[bytes, Terms]]:
        """As `references`, of one model: only what `Vault.open` needs, and faster."""
        for row in self._with_terms((references.c.sealed,), model, subject_id):
            yield row[0], _terms_under(row[1:])

    def _with_terms(
        self,
        columns: Sequence[Column[Any]],
        model: ModelDigest | None,
        subject_id: SubjectId | None,
    ) -> Iterator[Row[Any]]:
        """These columns of references, then those of their terms, ordered by subject id."""
        query = (
            select(*columns, *_TERM_COLUMNS)
            .outerjoin_from(references, receipts, _RESTS_ON)
            .order_by(references.c.subject_id, references.c.receipt_id)
        )
        if model is not None:
            query = query.where(references.c.model == model)
        if subject_id is not None:
            query = query.where(references.c.subject_id == subject_id)
        return self._streamed(query)

    def _streamed(self, query: Select[Any]) -> Iterator[Row[Any]]:
        # Streamed: PostgreSQL's driver would otherwise hold every row before it gives the first.
        query = query.execution_options(stream_results=True)
        batches = self._connection.execute(query).partitions(_ROWS_AT_ONCE)
        return chain.from_iterable(batches)

    def log_head(self) -> LogHead | None:
        """The head of the log, None before the first leaf."""
        row = self._connection.execute(statements.HEAD).one_or_none()
        return None if row is None else head_from(row)

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf in order."""
        query = select(log_leaves).order_by(log_leaves.c.seq)
        for row in self._connection.execute(query).yield_per(_ROWS_AT_ONCE):
            yield Leaf(row.seq, blob(row.leaf_hash))

    def log_hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Stored hashes of these nodes of the log, in the same order. Raises LOG_BROKEN if gone."""
        leaves = [node.index for node in nodes if node.level == 0]
        above = [position_of(node) for node in nodes if node.level]
        found: dict[Node | int, bytes] = {}
        query = select(log_leaves).where(log_leaves.c.seq.in_(leaves))
        for row in self._connection.execute(query) if leaves else ():
            found[Node(0, row.seq)] = blob(row.leaf_hash)
        query = select(log_nodes).where(log_nodes.c.position.in_(above))
        for row in self._connection.execute(query) if above else ():
            found[row.position] = blob(row.node_hash)
        try:
            return [found[position_of(node) if node.level else node] for node in nodes]
        except KeyError as error:
            raise ChisoError(
                Code.LOG_BROKEN,
                "The log does not verify: a hash of its tree is missing.",
                f"`chiso log verify` says whether more was. {PUT_BACK_A_BACKUP}",
            ) from error

    def payload(self, seq: int) -> LeafPayload | None:
        """What leaf `seq` commits to, if it still exists."""
        query = select(log_payloads).where(log_payloads.c.seq == seq)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else payload_from(row)

    def payloads(self, subject_id: SubjectId | None = None) -> Iterator[LeafPayload]:
        """Payloads that still exist, in order; of one person or of all."""
        query = select(log_payloads).order_by(log_payloads.c.seq)
        if subject_id is not None:
            query = query.where(log_payloads.c.subject_id == subject_id)
        for row in self._connection.execute(query).yield_per(_ROWS_AT_ONCE):
            yield payload_from(row)

    def count_payloads(self, subject_id: SubjectId | None = None) -> int:
        """How many payloads still exist, of one person or of all."""
        query = select(func.count()).select_from(log_payloads)
        if subject_id is not None:
            query = query.where(log_payloads.c.subject_id == subject_id)
        return int(self._connection.execute(query).scalar_one())

    def kept_checkpoints(self, count: int | None = None) -> Iterator[KeptCheckpoint]:
        """The checkpoints that were kept, the newest first; so many of them, or all."""
        if count is None:
            return map(kept_from, self._streamed(statements.KEPT_CHECKPOINTS))
        newest = self._connection.execute(statements.NEWEST_CHECKPOINTS, {"count": count})
        return map(kept_from, newest.all())

    def thresholds(self) -> list[ThresholdRecord]:
        """Every threshold record, oldest first."""
        rows = self._connection.execute(select(thresholds).order_by(thresholds.c.position))
        return [threshold_from(row.body) for row in rows]

    def setting(self, name: str) -> str | None:
        """Value of a setting."""
        found = self._connection.execute(statements.SETTING, {"setting": name})
        return found.scalar_one_or_none()

    def erasures_due(self) -> list[SubjectId]:
        """Persons whose rows are gone and whose keys are still to be destroyed."""
        rows = self._connection.execute(select(erasures_due.c.subject_id))
        return [SubjectId(row.subject_id) for row in rows]

    def add_subject(self, subject: Subject) -> None:
        """Add a person."""
        self._connection.execute(insert(subjects).values(subject_values(subject)))

    def add_reference(self, reference: SealedReference) -> None:
        """Add a reference; the database refuses one without its receipt."""
        self._connection.execute(
            insert(references).values(
                subject_id=reference.subject_id,
                receipt_id=reference.receipt_id,
                model=reference.model,
                sealed=reference.sealed,
                photo_tag=reference.photo_tag,
                added=to_epoch_s(reference.added),
            )
        )

    def erase_subject(self, subject_id: SubjectId) -> tuple[int, int, int]:
        """Delete a person's every row; returns counts of references, receipts, leaf payloads."""
        counts = tuple(
            self._connection.execute(delete(table).where(table.c.subject_id == subject_id)).rowcount
            for table in (references, receipts, log_payloads)
        )
        self.erase_access(subject_id)
        self._connection.execute(delete(subjects).where(subjects.c.id == subject_id))
        return counts[0], counts[1], counts[2]

    def forget_rows(self, subject_id: SubjectId) -> None:
        """Delete a person's rows but what the log says of her: a restore puts them in again."""
        for table, owner in (
            (references, references.c.subject_id),
            (receipts, receipts.c.subject_id),
            (subjects, subjects.c.id),
        ):
            self._connection.execute(delete(table).where(owner == subject_id))

    def schedule_key_destruction(self, subject_id: SubjectId) -> None:
        """Remember that this person's key must be destroyed, until `key_destroyed`."""
        statement = self.upsert(erasures_due).values(subject_id=subject_id).on_conflict_do_nothing()
        self._connection.execute(statement)

    def key_destroyed(self, subject_id: SubjectId) -> None:
        """Forget what `schedule_key_destruction` remembered."""
        self._connection.execute(
            delete(erasures_due).where(erasures_due.c.subject_id == subject_id)
        )

    def append_leaf(
        self, leaf: Leaf, payload: LeafPayload, completed: Sequence[tuple[Node, bytes]]
    ) -> None:
        """Add a leaf, what it commits to, and the roots of the subtrees that it completes."""
        own = {"seq": leaf.seq, "leaf_hash": leaf.leaf_hash}
        self._connection.execute(statements.ADD_LEAF, own)
        said = {
            "seq": payload.seq,
            "subject_id": payload.subject_id,
            "salt": payload.salt,
            "body": payload.body,
        }
        self._connection.execute(statements.ADD_PAYLOAD, said)
        if completed:
            self._connection.execute(
                statements.ADD_NODES,
                [{"position": position_of(node), "node_hash": root} for node, root in completed],
            )

    def set_log_head(self, head: LogHead) -> None:
        """Replace the head of the log."""
        values = {"size": head.size, "peaks": b"".join(head.peaks), "checkpoint": head.checkpoint}
        self.new_checkpoint = head.checkpoint
        if not self._connection.execute(statements.CHANGE_HEAD, values).rowcount:
            self._connection.execute(statements.FIRST_HEAD, {"id": 1, **values})

    def keep_checkpoint(self, kept: KeptCheckpoint) -> None:
        """Keep a checkpoint, in the place of one of the same size."""
        same = log_checkpoints.c.size == kept.size
        self._connection.execute(delete(log_checkpoints).where(same))
        values = {"size": kept.size, "at": to_epoch_s(kept.at), "note": kept.note}
        self._connection.execute(insert(log_checkpoints).values(values))

    def add_threshold(self, record: ThresholdRecord) -> None:
        """Add a threshold record."""
        position = select(func.count()).select_from(thresholds).scalar_subquery()
        self._connection.execute(
            insert(thresholds).values(
                id=record.record_id,
                model=record.model,
                body=record_bytes(record),
                position=position,
            )
        )

    def replace_thresholds(self, records: Sequence[ThresholdRecord]) -> None:
        """Keep these threshold records, and no others."""
        self._connection.execute(delete(thresholds))
        for record in records:
            self.add_threshold(record)

    def put_setting(self, name: str, value: str) -> None:
        """Set a setting."""
        statement = self.upsert(settings).values(name=name, value=value)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=[settings.c.name], set_={"value": value})
        )


def _terms_under(row: Sequence[Any]) -> Terms:
    """The terms that a reference rests on. Foreign keys hold that there are some, and her own."""
    if row[0] is None:
        raise ChisoError(
            Code.TEMPLATE_UNREADABLE,
            "A reference does not rest on a receipt of its owner: it was changed outside Chiso.",
            f"`chiso log verify` says whether more was. {PUT_BACK_A_BACKUP}",
        )
    return terms_from(row)
