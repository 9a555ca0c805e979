"""What the log tells that the store must still agree with, noted in one pass over its payloads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chiso.core.access import IssuedCard
from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.events import EventType, LeafPayload
from chiso.core.templates import ModelDigest
from chiso.core.times import from_text

_NOTED = re.compile(
    b'"type":"(?:%s)"'
    % b"|".join(
        each.encode()
        for each in (
            EventType.ACCESS_CHANGED,
            EventType.CARD_ISSUED,
            EventType.CARD_REVOKED,
            EventType.ERASED,
            EventType.RECEIPT_GRANTED,
            EventType.RECEIPT_NARROWED,
            EventType.RECEIPT_WITHDRAWN,
            EventType.SETTINGS_CHANGED,
            EventType.THRESHOLD_ADDED,
            EventType.THRESHOLD_CHANGED,
        )
    )
)
"""Of a million leaves most are searches, and reading their JSON would take longer than hashing."""


class Told:
    """What was noted so far."""

    def __init__(self) -> None:
        self.payloads_erased = 0
        """How many payloads erasures say that they destroyed."""
        self.erased: dict[SubjectId, int] = {}
        """Who was erased whole, and the leaf that says so."""
        self.misplaced: list[int] = []
        """Leaves that are kept as another person's, or nobody's, than they say."""
        self.granted: set[ReceiptId] = set()
        """Receipts that were granted, and whose leaves are still there."""
        self.narrowed: dict[ReceiptId, Mapping[str, Any]] = {}
        """What was last said of each receipt that was narrowed."""
        self.withdrawn: set[ReceiptId] = set()
        """Receipts that were withdrawn, where leaves that are still there name them."""
        self.thresholds_added: set[str] = set()
        """Digest of each record that was added."""
        self.thresholds_chosen: dict[ModelDigest, str] = {}
        """Digest of the record last chosen for each model."""
        self.settings: dict[str, str] = {}
        """Value of each setting that a leaf tells of with its value, as last set."""
        self.access_made: dict[str, Mapping[str, Any]] = {}
        """What was said when each key and account was made, by its id."""
        self.access_ended: set[str] = set()
        """Ids of the keys and accounts that were revoked and disabled."""
        self.cards: dict[str, IssuedCard] = {}
        """Each card by its id, revoked where a leaf says so."""
        self.on_cards: dict[ReceiptId, datetime] = {}
        """Receipts whose references went when a card was issued, and when, at the latest."""

    def noting(self, payloads: Iterable[LeafPayload]) -> Iterator[LeafPayload]:
        """Hand these payloads on, in order, and note each when the one after it is asked for.

        So what is noted has been checked, where whoever asks checks one before the next.
        """
        for payload in payloads:
            yield payload
            whose = payload.subject_id
            own = b'"subject":null' if whose is None else f'"subject":"{whose}"'.encode()
            if own not in payload.body:
                self.misplaced.append(payload.seq)
            if _NOTED.search(payload.body):
                self._note(payload)

    def _note(self, payload: LeafPayload) -> None:
        said = json.loads(payload.body)
        match said["type"]:
            case EventType.ACCESS_CHANGED:
                self._note_access(said)
            case EventType.CARD_ISSUED:
                self._note_card(payload, said)
            case EventType.CARD_REVOKED if said["card"] in self.cards:
                at, reason = from_text(said["at"]), said["reason"]
                card = self.cards[said["card"]]
                self.cards[card.card_id] = replace(card, revoked=at, reason=reason)
            case EventType.ERASED:
                self.payloads_erased += said["log_payloads"]
                self.erased[SubjectId(said["erased_subject"])] = payload.seq
            case EventType.RECEIPT_GRANTED | EventType.RECEIPT_NARROWED:
                self._note_agreement(said)
            case EventType.RECEIPT_WITHDRAWN if "receipt" in said:
                self.withdrawn.add(ReceiptId(said["receipt"]))
            case EventType.SETTINGS_CHANGED if {"setting", "value"} <= said.keys():
                self.settings[said["setting"]] = said["value"]
            case EventType.THRESHOLD_ADDED:
                self.thresholds_added.add(said["sha256"])
            case EventType.THRESHOLD_CHANGED:
                self.thresholds_chosen[ModelDigest(said["model"])] = said["sha256"]

    def _note_agreement(self, said: Mapping[str, Any]) -> None:
        receipt_id = ReceiptId(said["receipt"])
        if said["type"] == EventType.RECEIPT_GRANTED:
            self.granted.add(receipt_id)
        else:
            self.narrowed[receipt_id] = said

    def _note_access(self, said: Mapping[str, Any]) -> None:
        which = str(said.get("key") or said.get("account"))
        if said["change"] in ("key-issued", "account-made"):
            self.access_made[which] = said
        elif said["change"] in ("key-revoked", "account-disabled"):
            self.access_ended.add(which)

    def _note_card(self, payload: LeafPayload, said: Mapping[str, Any]) -> None:
        receipt_id, at = ReceiptId(said["receipt"]), from_text(said["at"])
        ends = from_text(said["expires"])
        self.cards[said["card"]] = IssuedCard(
            said["card"], receipt_id, payload.subject_id, at, ends, None, None
        )
        if said["references_destroyed"]:
            self.on_cards[receipt_id] = at


def told_by(payloads: Iterable[LeafPayload]) -> Told:
    """What these payloads tell, in order; nothing is checked."""
    told = Told()
    for _ in told.noting(payloads):
        pass
    return told
