"""Threshold records of a home: which there are, which decides, and changing that."""

from __future__ import annotations

from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.storage import ReadTransaction, WriteTransaction
from chiso.core.templates import ModelDigest
from chiso.services.home import Home
from chiso.services.log import record

_SETTING = "threshold:"


def active_record(view: ReadTransaction, model: ModelDigest) -> ThresholdRecord:
    """The record that decides for this model. Raises THRESHOLD_MISSING without one."""
    chosen = view.setting(_SETTING + model)
    for each in view.thresholds():
        if each.record_id == chosen and each.model == model:
            return each
    raise ChisoError(
        Code.THRESHOLD_MISSING,
        "No threshold record is in use for the model of this home, so nothing can be decided.",
        "Make one with `chiso threshold fit --from PHOTOS`, then `chiso threshold use ID`.",
    )


def records(home: Home) -> list[tuple[ThresholdRecord, bool]]:
    """Every record, oldest first, and whether it is the one in use for its model."""
    with home.store.reading() as view:
        return [
            (each, view.setting(_SETTING + each.model) == each.record_id)
            for each in view.thresholds()
        ]


def use(home: Home, record_id: str) -> ThresholdRecord:
    """Let this record decide from now on. Raises THRESHOLD_MISSING for an unknown id."""
    with home.store.writing() as transaction:
        for each in transaction.thresholds():
            if each.record_id == record_id:
                _activate(home, transaction, each)
                return each
    raise ChisoError(
        Code.THRESHOLD_MISSING,
        f"There is no threshold record {record_id!r} in this home.",
        "`chiso threshold list` shows those there are.",
    )


def add(home: Home, new: ThresholdRecord, activate: bool) -> None:
    """Keep a record, and let it decide if asked to. The same one is not added twice."""
    with home.store.writing() as transaction:
        add_within(home, transaction, new, activate)


def add_within(
    home: Home, transaction: WriteTransaction, new: ThresholdRecord, activate: bool
) -> None:
    """As `add`, inside the caller's transaction."""
    if all(each.record_id != new.record_id for each in transaction.thresholds()):
        transaction.add_threshold(new)
    if activate:
        _activate(home, transaction, new)


def _activate(home: Home, transaction: WriteTransaction, chosen: ThresholdRecord) -> None:
    transaction.put_setting(_SETTING + chosen.model, chosen.record_id)
    facts = {"threshold": chosen.record_id, "model": chosen.model, "policy": chosen.policy}
    event = Event(EventType.THRESHOLD_CHANGED, home.clock.now(), None, facts)
    record(home, transaction, [event])
