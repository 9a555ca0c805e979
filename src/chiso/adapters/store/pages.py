"""Queries that read the store a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Select, func, literal, select, tuple_

from chiso.adapters.store.rows import blob, payload_from, receipt_from, subject_from
from chiso.adapters.store.schema import log_leaves, log_payloads, receipts, subjects
from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.events import Leaf, LeafPayload
from chiso.core.page_storage import Place
from chiso.core.storage import SignedReceipt, Subject
from chiso.core.times import to_epoch_s

_ROWS_AT_ONCE = 250


class PageQueries:
    """Implements `chiso.core.page_storage.PageReading` on one open connection."""

    _connection: Connection

    def subjects_after(self, place: Place | None, count: int) -> list[Subject]:
        """At most `count` people, by when they were added and by id."""
        query = _after(select(subjects), subjects.c.added, subjects.c.id, place)
        return [subject_from(row) for row in self._connection.execute(query.limit(count))]

    def subjects_called(self, text: str, after: str, count: int) -> list[Subject]:
        """At most `count` people whose label has `text` in it and comes after `after`, by label."""
        query = (
            select(subjects)
            .where(subjects.c.label > after)
            .where(func.lower(subjects.c.label).contains(text.lower(), autoescape=True))
            .order_by(subjects.c.label)
            .limit(count)
        )
        return [subject_from(row) for row in self._connection.execute(query)]

    def count_subjects(self) -> int:
        """How many people there are."""
        query = select(func.count()).select_from(subjects)
        return int(self._connection.execute(query).scalar_one())

    def receipts_after(
        self, place: Place | None, count: int, subject_id: SubjectId | None = None
    ) -> list[SignedReceipt]:
        """At most `count` receipts of one person, or of all, by when they were granted and id."""
        query = _after(select(receipts), receipts.c.granted, receipts.c.id, place)
        if subject_id is not None:
            query = query.where(receipts.c.subject_id == subject_id)
        return [receipt_from(row) for row in self._connection.execute(query.limit(count))]

    def receipt(self, receipt_id: ReceiptId) -> SignedReceipt | None:
        """The receipt of that id."""
        query = select(receipts).where(receipts.c.id == receipt_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else receipt_from(row)

    def leaves_from(self, seq: int, count: int) -> list[tuple[Leaf, LeafPayload | None]]:
        """At most `count` leaves from `seq` on, with what they commit to where it still exists."""
        query = (
            select(log_leaves.c.leaf_hash, log_leaves.c.seq.label("place"), log_payloads)
            .outerjoin_from(log_leaves, log_payloads, log_leaves.c.seq == log_payloads.c.seq)
            .where(log_leaves.c.seq >= seq)
            .order_by(log_leaves.c.seq)
            .limit(count)
        )
        return [
            (
                Leaf(row.place, blob(row.leaf_hash)),
                None if row.seq is None else payload_from(row),
            )
            for row in self._connection.execute(query)
        ]

    def newest_payloads(
        self, mark: bytes = b"", before: int | None = None
    ) -> Iterator[LeafPayload]:
        """Payloads that still exist and have `mark` in their bytes, the newest first.

        `before`: only those of leaves below that number.
        """
        query = select(log_payloads).order_by(log_payloads.c.seq.desc())
        if before is not None:
            query = query.where(log_payloads.c.seq < before)
        if mark:
            body = log_payloads.c.body
            is_sqlite = self._connection.dialect.name == "sqlite"
            in_postgresql = func.position(literal(mark).op("IN")(body))
            query = query.where((func.instr(body, mark) if is_sqlite else in_postgresql) > 0)
        for row in self._connection.execute(query).yield_per(_ROWS_AT_ONCE):
            yield payload_from(row)


def _after(
    query: Select[Any], when: Column[Any], identity: Column[Any], place: Place | None
) -> Select[Any]:
    """The rows of `query` that come after `place`, in order of arrival."""
    query = query.order_by(when, identity)
    if place is None:
        return query
    return query.where(tuple_(when, identity) > (to_epoch_s(place.at), place.id))
