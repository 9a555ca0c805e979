"""Threshold records of a home: which there are, which decides, and changing that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from chiso.compare.open_set import REFERENCES, search_threshold
from chiso.compare.threshold import record_bytes
from chiso.core.canonical import JsonValue, canonical_json
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.storage import ReadTransaction, WriteTransaction
from chiso.core.templates import ModelDigest
from chiso.services.home import Home
from chiso.services.log import record
from chiso.services.log_told import Told

_SETTING = "threshold:"
_DOMAIN = b"chiso/threshold/1\x00"


@dataclass(frozen=True, slots=True)
class Laxer:
    """A size of search, None for one comparison, at which less is asked for now than before."""

    references: int | None
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """The record that decides from now on, and the one that did before for the same model."""

    record: ThresholdRecord
    before: ThresholdRecord | None
    """None where none was in use, or what was is not what this home signed."""

    @property
    def laxer(self) -> tuple[Laxer, ...] | None:
        """Where scores match now that did not; None where nothing before can be compared.

        One comparison, then searches at the sizes that records speak about: a record with a higher
        value is laxer among many references where it holds a higher FPIR, or none.
        """
        if self.before is None or self.before.normaliser != self.record.normaliser:
            return None
        levels = [Laxer(None, self.before.value, self.record.value)]
        for count in REFERENCES:
            was, now = search_threshold(self.before, count), search_threshold(self.record, count)
            levels.append(Laxer(count, was.value, now.value))
        return tuple(each for each in levels if each.now < each.before)


def active_record(home: Home, view: ReadTransaction, model: ModelDigest) -> ThresholdRecord:
    """The record that decides for this model, as this home signed it.

    Raises ChisoError(THRESHOLD_MISSING) where none was chosen, THRESHOLD_INVALID where the record
    or the choice was changed outside Chiso.
    """
    choice = view.setting(_SETTING + model)
    if choice is None:
        raise ChisoError(
            Code.THRESHOLD_MISSING,
            "No threshold record is in use for the model of this home, so nothing can be decided.",
            "Make one with `chiso threshold fit --from PHOTOS`, then `chiso threshold use ID`.",
        )
    for each in view.thresholds():
        if each.model == model and _is_signed(home, choice, each):
            return each
    raise ChisoError(
        Code.THRESHOLD_INVALID,
        "The threshold record in use is not what this home signed.",
        "It was changed outside Chiso. Keep a copy of the home, run `chiso log verify`, and choose "
        "a record that you trust with `chiso threshold use ID`.",
    )


def require_as_told(home: Home, view: ReadTransaction, told: Told) -> None:
    """Raise ChisoError(THRESHOLD_INVALID) unless the records are those that the log tells of.

    Each model's is the one last chosen, so an older choice put back is found; and those not in use
    are what they were when they were added.
    """
    for model, digest in told.thresholds_chosen.items():
        if _digest(active_record(home, view, model)) != digest:
            raise ChisoError(
                Code.THRESHOLD_INVALID,
                f"The threshold record in use for model {model[:12]} is not the one last chosen.",
                "An older choice was put back outside Chiso. Choose again with "
                "`chiso threshold use ID`.",
            )
    for each in view.thresholds():
        if _digest(each) not in told.thresholds_added:
            raise ChisoError(
                Code.THRESHOLD_INVALID,
                f"Threshold record {each.record_id!r} is not what was added to this home.",
                "It was changed outside Chiso. Keep a copy of the home, do not use this record, "
                "and restore the home from a backup.",
            )


def records(home: Home) -> list[tuple[ThresholdRecord, bool]]:
    """Every record, oldest first, and whether it is the one in use for its model."""
    with home.store.reading() as view:
        return [(each, _is_used(home, view, each)) for each in view.thresholds()]


def find(home: Home, record_id: str) -> tuple[ThresholdRecord, bool]:
    """One record, and whether it is in use. Raises THRESHOLD_MISSING for an unknown id."""
    for each, used in records(home):
        if each.record_id == record_id:
            return each, used
    raise _unknown(record_id)


def use(home: Home, record_id: str) -> Chosen:
    """Let this record decide from now on. Raises THRESHOLD_MISSING for an unknown id."""
    with home.store.writing() as transaction:
        known = transaction.thresholds()
        chosen = next((each for each in known if each.record_id == record_id), None)
        if chosen is None:
            raise _unknown(record_id)
        rivals = (each for each in known if each.model == chosen.model)
        before = next((each for each in rivals if _is_used(home, transaction, each)), None)
        _choose(home, transaction, chosen)
        return Chosen(chosen, before)


def _unknown(record_id: str) -> ChisoError:
    return ChisoError(
        Code.THRESHOLD_MISSING,
        f"There is no threshold record {record_id!r} in this home.",
        "`chiso threshold list` shows those there are.",
    )


def add(home: Home, new: ThresholdRecord) -> None:
    """Keep a record; it decides nothing until `use`. The same one is not added twice."""
    with home.store.writing() as transaction:
        _add(home, transaction, new)


def start_with(home: Home, transaction: WriteTransaction, starter: ThresholdRecord) -> None:
    """Keep a record and let it decide, inside the transaction that makes a home."""
    _add(home, transaction, starter)
    _choose(home, transaction, starter)


def _add(home: Home, transaction: WriteTransaction, new: ThresholdRecord) -> None:
    if any(each.record_id == new.record_id for each in transaction.thresholds()):
        return
    transaction.add_threshold(new)
    record(home, transaction, [_event(home, EventType.THRESHOLD_ADDED, new)])


def _choose(home: Home, transaction: WriteTransaction, chosen: ThresholdRecord) -> None:
    signature = home.signer.sign(_signed_text(home, chosen)).hex()
    transaction.put_setting(_SETTING + chosen.model, signature)
    record(home, transaction, [_event(home, EventType.THRESHOLD_CHANGED, chosen)])


def _event(home: Home, kind: EventType, about: ThresholdRecord) -> Event:
    facts: dict[str, JsonValue] = {
        "threshold": about.record_id,
        "sha256": _digest(about),
        "model": about.model,
        "policy": about.policy,
    }
    return Event(kind, home.clock.now(), None, facts)


def _is_used(home: Home, view: ReadTransaction, each: ThresholdRecord) -> bool:
    choice = view.setting(_SETTING + each.model)
    return choice is not None and _is_signed(home, choice, each)


def _is_signed(home: Home, choice: str, chosen: ThresholdRecord) -> bool:
    try:
        signature = bytes.fromhex(choice)
    except ValueError:
        return False
    return home.signer.verify(_signed_text(home, chosen), signature)


def _signed_text(home: Home, chosen: ThresholdRecord) -> bytes:
    return _DOMAIN + canonical_json({"home": home.home_id, "record_sha256": _digest(chosen)})


def _digest(each: ThresholdRecord) -> str:
    return hashlib.sha256(record_bytes(each)).hexdigest()
