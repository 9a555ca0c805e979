"""What the log tells is noted as leaf after leaf is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from chiso.account.commitment import payload_of
from chiso.core.canonical import JsonValue
from chiso.core.consent import ReceiptId
from chiso.core.events import Event, EventType, LeafPayload
from chiso.services.log_told import Told, told_by

_AT = datetime(2026, 1, 1, tzinfo=UTC)


def _payloads(*said: tuple[EventType, Mapping[str, JsonValue]]) -> Iterator[LeafPayload]:
    for seq, (kind, facts) in enumerate(said):
        yield LeafPayload(seq, None, bytes(32), payload_of(Event(kind, _AT, None, facts)))


def test_of_settings_and_thresholds_the_last_word_is_kept_and_of_erasures_the_sum() -> None:
    told = told_by(
        _payloads(
            (EventType.SETTINGS_CHANGED, {"setting": "retention", "value": "[]"}),
            (EventType.THRESHOLD_CHANGED, {"model": "m", "sha256": "first"}),
            (EventType.THRESHOLD_ADDED, {"model": "m", "sha256": "added"}),
            (EventType.RECEIPT_GRANTED, {"receipt": "r1"}),
            (EventType.ERASED, {"erased_subject": "p3", "log_payloads": 3}),
            (EventType.SETTINGS_CHANGED, {"setting": "witnesses", "value": "w"}),
            (EventType.SETTINGS_CHANGED, {"setting": "retention", "value": "[1]"}),
            (EventType.THRESHOLD_CHANGED, {"model": "m", "sha256": "last"}),
            (EventType.RECEIPT_WITHDRAWN, {"receipt": "r2"}),
            (EventType.RECEIPT_NARROWED, {"receipt": "r1", "modes": ["verify"]}),
            (EventType.RECEIPT_NARROWED, {"receipt": "r1", "modes": ["identify"]}),
            (EventType.ERASED, {"erased_subject": "p4", "log_payloads": 4}),
        )
    )
    assert told.settings == {"retention": "[1]", "witnesses": "w"}
    assert told.thresholds_chosen == {"m": "last"}
    assert told.thresholds_added == {"added"}
    assert told.granted == {"r1"}
    assert told.withdrawn == {"r2"}
    assert told.narrowed[ReceiptId("r1")]["modes"] == ["identify"]
    assert told.payloads_erased == 7
    assert told.erased.keys() == {"p3", "p4"}


def test_a_fact_that_reads_like_a_leaf_of_another_type_is_not_noted() -> None:
    inner: Mapping[str, JsonValue] = {"type": "erased", "log_payloads": 9}
    words = '{"type":"erased","log_payloads":9}'
    told = told_by(_payloads((EventType.AUDIT_RECORDED, {"report": inner, "kind": words})))
    assert told.payloads_erased == 0


def test_a_payload_is_noted_when_the_next_is_asked_for_and_not_before() -> None:
    told = Told()
    facts: Mapping[str, JsonValue] = {"erased_subject": "p1", "log_payloads": 1}
    erased = (EventType.ERASED, facts)
    noting = told.noting(_payloads(erased, erased))
    next(noting)
    assert told.payloads_erased == 0
    next(noting)
    assert told.payloads_erased == 1
    assert list(noting) == []
    assert told.payloads_erased == 2
