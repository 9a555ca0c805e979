"""Checkpoints that a home keeps: on schedule, on demand, with witnesses' lines beneath them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from tests.cli.running import Chiso, assert_error

from chiso import wiring
from chiso.account.checkpoint import NoteSignature, key_hash, parse_note, signature_lines
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType, KeptCheckpoint
from chiso.core.storage import ReadTransaction
from chiso.services.log import record
from chiso.services.log_checkpoints import keep
from chiso.services.log_schedule import Schedule, schedule_of

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _grow(home: Path, leaves: int) -> None:
    opened = wiring.open_home(home)
    event = Event(EventType.SETTINGS_CHANGED, opened.clock.now(), None, {"setting": "made-up"})
    for _ in range(leaves):
        with opened.store.writing() as transaction:
            record(opened, transaction, [event])
    opened.store.close()


def _sizes(run: Chiso) -> list[int]:
    return [each["size"] for each in run("log", "checkpoints").documents]


def _line(name: str, said: bytes) -> str:
    public_key = bytes(32)
    return signature_lines([NoteSignature(name, key_hash(name, public_key, 4), said)])


def test_a_checkpoint_is_kept_every_so_many_leaves(run: Chiso) -> None:
    assert run("log", "schedule").document == {"leaves": 1000, "seconds": 86400}
    (first,) = _sizes(run)
    chosen = run("log", "schedule", "--leaves", "3", "--every", "90min").document
    assert chosen == {"leaves": 3, "seconds": 5400}
    _grow(run.home, 7)
    assert _sizes(run) == [first, first + 3, first + 6, first + 9]
    said = run("log", "show", "--type", "settings-changed", "--last", "8").documents[0]["said"]
    assert said["setting"] == "log-checkpoints"


@pytest.mark.parametrize(
    ("leaves", "seconds", "due"),
    [(0, 0, False), (9, 89, False), (10, 0, True), (1, 90, True), (1, -1, True)],
)
def test_a_checkpoint_is_due_after_so_many_leaves_or_seconds(
    leaves: int, seconds: int, due: bool
) -> None:
    """A clock that was set back keeps one too, rather than none for as long as it was ahead."""
    last = KeptCheckpoint(5, _NOW, "")
    now = _NOW + timedelta(seconds=seconds)
    assert Schedule(10, 90).is_due(last, 5 + leaves, now) is due
    assert Schedule(10, 90).is_due(None, 5 + leaves, now)


def test_a_checkpoint_on_demand_is_kept_and_written_to_a_new_file(run: Chiso) -> None:
    _grow(run.home, 2)
    file = run.home.parent / "today.checkpoint"
    note = run("log", "checkpoint", "--out", file).document["checkpoint"]
    assert file.read_text() == note
    assert run("log", "checkpoints").documents[-1]["checkpoint"] == note
    assert run("log", "verify", "--since", file).status == 0
    assert_error(run("log", "checkpoint", "--out", file), 2, "bad-argument", "there already")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--leaves", "0"), "whole number"),
        (("--every", "0s"), "length of time"),
        (("--every", "999999d"), "366 days"),
    ],
)
def test_a_schedule_of_nothing_is_refused(run: Chiso, words: tuple[str, str], told: str) -> None:
    assert_error(run("log", "schedule", *words), 2, "bad-argument", told)
    assert run("log", "schedule").document == {"leaves": 1000, "seconds": 86400}


def test_the_lines_of_witnesses_are_added_to_the_checkpoint_that_is_kept(run: Chiso) -> None:
    home = wiring.open_home(run.home)
    note = run("log", "checkpoint").document["checkpoint"]
    assert keep(home, note + _line("anna", b"one")) == note + _line("anna", b"one")
    both = keep(home, note + _line("ben", b"two"))
    assert both == note + _line("anna", b"one") + _line("ben", b"two")
    assert keep(home, note) == both
    renewed = keep(home, note + _line("anna", b"three"))
    assert [line.signature for line in parse_note(renewed).signatures[1:]] == [b"three", b"two"]
    signers = run("log", "checkpoints").documents[-1]["signed_by"]
    assert signers == [home.origin, "anna", "ben"]


def test_a_checkpoint_that_this_home_did_not_sign_is_not_kept(run: Chiso) -> None:
    home = wiring.open_home(run.home)
    note = run("log", "checkpoint").document["checkpoint"]
    text, _, signature = note.partition("\n\n")
    origin, size, _ = text.split("\n")
    forged = "\n".join([origin, size, base64.b64encode(bytes(32)).decode()]) + "\n\n" + signature
    with pytest.raises(ChisoError, match="not one that this home signed") as caught:
        keep(home, forged)
    assert caught.value.code is Code.LOG_BROKEN


@pytest.mark.parametrize(
    "change", ["note = replace(note, 'chiso/', 'chaso/')", "note = 'x'", "size = size + 1"]
)
def test_a_kept_checkpoint_that_was_altered_is_found(run: Chiso, change: str) -> None:
    with run.database("store.sqlite3") as store:
        store.execute(f"UPDATE log_checkpoints SET {change}")  # noqa: S608
    assert_error(run("log", "verify"), 5, "log-broken", "checkpoint that it keeps")


def _view(text: str) -> ReadTransaction:
    class View:
        def setting(self, name: str) -> str:
            return text

    return cast(ReadTransaction, View())


def test_a_schedule_that_was_set_in_hours_goes_on() -> None:
    assert schedule_of(_view('{"hours":6,"leaves":500}')) == Schedule(500, 6 * 3600)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"leaves": 0, "seconds": 1}', '{"hours": 1}'])
def test_a_schedule_that_is_none_is_called_damage(text: str) -> None:
    with pytest.raises(ChisoError) as caught:
        schedule_of(_view(text))
    assert caught.value.code is Code.STORE_DAMAGED
