"""What leaves say is a closed list: every act of a real home is held to the schema of leaves."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.account.bundles import WITNESS
from tests.cli.clock import MovedClock
from tests.cli.running import PURPOSE, STORE, Chiso, assert_error
from tests.json_schema import objections

from chiso import wiring
from chiso.account.checkpoint import vkey_text
from chiso.adapters.credentials import system_credentials
from chiso.core.access import Role
from chiso.core.consent import Mode
from chiso.core.events import EventType
from chiso.interfaces.cli.log_schema import schema_text
from chiso.interfaces.cli.log_words import words
from chiso.interfaces.cli.main import main
from chiso.services.access.accounts import accept, invite
from chiso.services.access.keys import machine_operator
from chiso.services.identify import identify, prepare_search
from chiso.services.narrow import Less, narrow
from chiso.services.people import receipts
from chiso.services.verify import verify

Volunteer = Callable[..., Path]
Said = Mapping[str, Any]

SCHEMA: dict[str, Any] = json.loads(schema_text())
TYPES = [each["$ref"].removeprefix("#/$defs/") for each in SCHEMA["oneOf"]]
ENVELOPE = {"v", "type", "at", "subject"}


def _objections(said: Said) -> list[str]:
    """Why a leaf does not follow the schema, by the entry of its own type where there is one."""
    entry = SCHEMA["$defs"][said["type"]] if said["type"] in TYPES else SCHEMA
    return objections(said, entry, SCHEMA)


class _Lived:
    """A home in which things happen, and everything that its log ever said."""

    def __init__(self, chiso: Chiso) -> None:
        self.chiso = chiso
        self.said: dict[str, Said] = {}

    def did(self, *act: str | Path, status: int = 0, home: Path | None = None) -> None:
        """Run a command; what the log says then is kept, even where it is destroyed later."""
        outcome = self.chiso(*act)
        assert outcome.status == status, outcome
        self.looked(home)

    def looked(self, home: Path | None = None) -> None:
        """Keep what the log says by now."""
        with closing(sqlite3.connect((home or self.chiso.home) / STORE)) as store:
            for (body,) in store.execute("SELECT body FROM log_payloads ORDER BY seq"):
                self.said[body.decode()] = json.loads(body)


@pytest.fixture
def lived(
    peopled: Chiso, volunteer: Volunteer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> _Lived:
    """A home in which everything happened that leaves a leaf."""
    life = _Lived(peopled)
    hers, purpose = volunteer("001", "smiling"), ("--purpose", PURPOSE)
    life.did("verify", "001", hers, *purpose)
    life.did("verify", "001", volunteer("003", "smiling"), *purpose, status=1)
    life.did("identify", hers, *purpose)
    life.did("identify", volunteer("006"), *purpose, status=1)
    card = tmp_path / "card.png"
    life.did("card", "issue", "005", *purpose, "--out", card)
    life.did("verify", "--card", card, volunteer("005", "smiling"))
    number = peopled("card", "list").document["cards"][0]["number"]
    life.did("card", "revoke", number, "--reason", "replaced")
    _served(life, hers)
    life.did("export", "001", "--out", tmp_path / "hers")
    life.did("log", "bundle", "--subject", "001", "--out", tmp_path / "hers.json")
    life.did("log", "bundle", "--out", tmp_path / "all.json")
    life.did("retention", "set", "library", "--max", "1y")
    life.did("log", "schedule", "--leaves", "500")
    life.did("log", "witness", "add", "http://witness.example", vkey_text(WITNESS))
    life.did("audit", "scores", _scores(tmp_path), "--out", tmp_path / "audit")
    life.did("keys", "rotate")
    backup, elsewhere = tmp_path / "clinic.backup", tmp_path / "elsewhere"
    life.did("backup", "--out", backup, "--with-operator-key")
    words_of_honour = ("--nobody-withdrew-since", "--home", elsewhere)
    life.did("restore", backup, *words_of_honour, home=elsewhere)
    life.did("withdraw", "001")
    assert peopled.enrol("003", volunteer("003"), purpose="canteen").status == 0
    receipts = peopled("receipts", "003").document["receipts"]
    (canteen,) = (each["receipt"] for each in receipts if each["purpose"] == "canteen")
    life.did("withdraw", "003", "--receipt", canteen)
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    for subject, purpose_until_then in (("006", PURPOSE), ("003", "library")):
        terms = {"purpose": purpose_until_then, "expires": tomorrow}
        assert peopled.enrol(subject, volunteer(subject), **terms).status == 0
    life.did("retention", "set", PURPOSE, "--inactive", "6m")
    later = MovedClock(monkeypatch)
    for days in (30, 300):
        later.move(f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}")
        life.did("purge")
    return life


def _served(life: _Lived, photo: Path) -> None:
    """What leaves a leaf through a server alone: a station's looks, an account."""
    words = ("--role", "verifier", "--purpose", PURPOSE, "--expires", "2099-01-01")
    life.did("access", "key", "issue", "front door", *words)
    key = life.chiso("access", "key", "list").document["keys"][0]["id"]
    life.did("access", "key", "revoke", key)
    life.did("access", "link", "001")
    home = wiring.open_home(life.chiso.home)
    credentials = system_credentials(home.randomness)
    invited = invite(home, machine_operator(home), Role.AUDITOR)
    token = invited.path.rsplit("/", 1)[1]
    accept(home, credentials, token, "Tendai", "four words that differ")
    station = replace(home, asked_by="key front door", station="front door")
    verify(station, "001", photo.read_bytes(), PURPOSE)
    identify(station, photo.read_bytes(), prepare_search(home, PURPOSE))
    (hers,) = receipts(home, "001")
    terms = hers.signed.terms
    less = Less(frozenset({Mode.VERIFY}), terms.expires)
    narrow(home, terms.subject_id, terms.receipt_id, less)
    home.store.close()
    life.looked()


def _scores(folder: Path) -> Path:
    """A vendor's table, too small to show anything."""
    people = [f"p{one}" for one in range(12)]
    with (folder / "scores.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["subject_a", "subject_b", "score", "group_a", "group_b"])
        for index, one in enumerate(people):
            table.writerow([one, one, 0.9, "x", "x"])
            for place, other in enumerate(people[index + 1 :]):
                table.writerow([one, other, 0.1 + 0.001 * place, "x", "x"])
    return folder / "scores.csv"


def test_everything_that_a_home_does_says_what_the_schema_lists_and_nothing_else(
    lived: _Lived,
) -> None:
    told = list(lived.said.values())
    assert {each["type"] for each in told} == set(EventType) == set(TYPES)
    for each in told:
        assert _objections(each) == [], each
        assert objections(each, SCHEMA, SCHEMA) == []
    for kind in TYPES:
        facts = set().union(*(each.keys() for each in told if each["type"] == kind))
        assert facts == SCHEMA["$defs"][kind]["properties"].keys(), kind
    assert {each["cause"] for each in told if "cause" in each} == {"expired", "inactive"}

    # Each type has words of its own; those for what nobody knows list bare facts.
    for each in told:
        sentence = words(each)
        bare = [f"{name} {each[name]}" for name in sorted(each) if name not in ENVELOPE]
        assert sentence != ", ".join(bare), each

    # An identification names who asked, why, among how many, by what, and what came of it; whom it
    # found is what the leaf commits to.
    asked = [each for each in told if each["type"] == "identified" and "station" not in each]
    found, unknown = asked
    for each in (found, unknown):
        assert {"asked_by", "purpose", "references", "decision", "threshold", "model"} <= set(each)
    assert (found["decision"], found["rank"]) == ("match", 1)
    assert (unknown["decision"], unknown["subject"]) == ("unknown", None)

    # Another type, another fact, a missing fact or another version follow no entry.
    for each in told:
        for bent in (
            {**each, "type": "cards-dealt"},
            {**each, "label": "Tendai"},
            {**each, "v": 2},
            {name: value for name, value in each.items() if name != "at"},
            {**each, "subject": "Tendai"},
        ):
            assert _objections(bent), bent
            assert objections(bent, SCHEMA, SCHEMA), bent


def test_the_schema_is_printed_and_written_as_the_package_ships_it(
    run: Chiso, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("log", "schema", "--out", tmp_path / "schema").document == SCHEMA
    assert (tmp_path / "schema").read_text("utf-8") == schema_text()
    assert main(["log", "schema"]) == 0
    assert capsys.readouterr().out == schema_text()
    assert_error(run("log", "schema", "--out", tmp_path / "schema"), 2, "bad-argument", "already")
