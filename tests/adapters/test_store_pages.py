"""Pages of people, receipts and leaves: everything once, in the order of arrival, in each store."""

from __future__ import annotations

from datetime import timedelta

from tests.adapters import test_store
from tests.adapters.test_store import _ANNA, _NOW, AnyStore, _receipt

from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.events import Leaf, LeafPayload
from chiso.core.page_storage import Place
from chiso.core.storage import Subject

any_store, any_enrolled = test_store.any_store, test_store.any_enrolled

_BELA = Subject(SubjectId("subject-bela"), "Bela", _NOW)
_CARL = Subject(SubjectId("subject-a-carl"), "Carl", _NOW + timedelta(seconds=1))


def test_people_come_by_when_they_were_added_and_those_of_one_second_by_id(
    any_enrolled: AnyStore,
) -> None:
    with any_enrolled.writing() as transaction:
        for subject in (_CARL, _BELA):
            transaction.add_subject(subject)
    with any_enrolled.reading() as view:
        assert view.subjects_after(None, 9) == [_ANNA, _BELA, _CARL]
        assert view.subjects_after(None, 1) == [_ANNA]
        place = Place(_ANNA.added, _ANNA.subject_id)
        assert view.subjects_after(place, 9) == [_BELA, _CARL]
        assert view.subjects_after(Place(_CARL.added, _CARL.subject_id), 9) == []


def test_receipts_come_of_everyone_of_one_person_and_by_id(any_enrolled: AnyStore) -> None:
    with any_enrolled.writing() as transaction:
        transaction.add_subject(_BELA)
        transaction.add_receipt(_receipt(_BELA, "receipt-2"))
    with any_enrolled.reading() as view:
        found = view.receipts_after(None, 9)
        assert [each.terms.receipt_id for each in found] == ["receipt-1", "receipt-2"]
        place = Place(found[0].terms.granted, found[0].terms.receipt_id)
        assert view.receipts_after(place, 9) == found[1:]
        assert view.receipts_after(None, 9, _BELA.subject_id) == found[1:]
        assert view.receipt(ReceiptId("receipt-2")) == found[1]
        assert view.receipt(ReceiptId("receipt-3")) is None


def test_leaves_come_with_what_is_left_of_what_they_say(any_enrolled: AnyStore) -> None:
    with any_enrolled.writing() as transaction:
        for seq, whose in enumerate((_ANNA.subject_id, None, None)):
            leaf = Leaf(seq, bytes([seq]) * 32)
            payload = LeafPayload(seq, whose, bytes(32), b'{"100%%\\": %d}' % seq)
            transaction.append_leaf(leaf, payload, [])
        transaction.erase_subject(_ANNA.subject_id)
    with any_enrolled.reading() as view:
        told = [(leaf.seq, payload is None) for leaf, payload in view.leaves_from(0, 9)]
        assert told == [(0, True), (1, False), (2, False)]
        assert [leaf.seq for leaf, _ in view.leaves_from(1, 1)] == [1]
        assert [payload.seq for payload in view.newest_payloads()] == [2, 1]
        for mark, seqs in ((b": 1}", [1]), (b": 0}", []), (b'0%\\"', [2, 1]), (b"1%0", [])):
            assert [payload.seq for payload in view.newest_payloads(mark)] == seqs, mark
