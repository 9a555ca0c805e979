"""A home whose store is a PostgreSQL database does what every home does."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from tests.cli.running import PURPOSE, STORE, Chiso, assert_error
from tests.postgres import new_database

from chiso.adapters.operator_key import OperatorKeyInFile

Volunteer = Callable[..., Path]
_databases = count()


class PowerCutError(BaseException):
    """Stands for the process ending here: nothing catches it."""


@pytest.fixture
def address(postgres_server: Path) -> str:
    """An empty database."""
    return new_database(postgres_server, f"home_{next(_databases)}")


@pytest.fixture
def elsewhere(run: Chiso, address: str) -> Chiso:
    """chiso, working in a home whose store is a PostgreSQL database."""
    shutil.rmtree(run.home)
    assert run("init", "--controller", "Clinic", "--database", address).status == 0
    return run


def _do(address: str, act: Callable[[Connection], object]) -> None:
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        act(connection)
    engine.dispose()


def test_people_are_enrolled_found_and_withdrawn(elsewhere: Chiso, volunteer: Volunteer) -> None:
    assert not (elsewhere.home / STORE).exists()
    for subject in ("001", "003"):
        assert elsewhere.enrol(subject, volunteer(subject)).status == 0
    search = ("identify", volunteer("001", "smiling"), "--purpose", PURPOSE)
    found = elsewhere(*search)
    assert found.document["faces"][0]["candidates"][0]["subject"] == "001"
    assert elsewhere("log", "verify").status == 0
    assert elsewhere("withdraw", "001").status == 0
    assert elsewhere(*search).document["faces"][0]["decision"] == "unknown"
    assert [each["subject"] for each in elsewhere("subjects").document["subjects"]] == ["003"]
    assert elsewhere("log", "verify").document["payloads_destroyed"] > 0


def test_four_processes_at_once_leave_one_log(
    elsewhere: Chiso, volunteer: Volunteer, tmp_path: Path
) -> None:
    def enrol(subject: str) -> int:
        return elsewhere.process(
            "enrol", subject, volunteer(subject), "--purpose", PURPOSE, "--modes", "identify",
            "--expires", "2099-12-31", "--evidence", tmp_path / "form.pdf",
        ).status  # fmt: skip

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(enrol, ["001", "003", "005", "006"])) == [0, 0, 0, 0]
    assert len(elsewhere("subjects").document["subjects"]) == 4
    assert elsewhere("log", "verify").status == 0


def test_what_is_changed_in_the_database_is_found(
    elsewhere: Chiso, volunteer: Volunteer, address: str
) -> None:
    assert elsewhere.enrol("001", volunteer("001")).status == 0
    change = text("UPDATE log_leaves SET leaf_hash = decode(repeat('00', 32), 'hex') WHERE seq = 1")
    _do(address, lambda connection: connection.execute(change))
    assert_error(elsewhere("log", "verify"), 5, "log-broken")


def test_a_database_is_the_store_of_one_home(elsewhere: Chiso, address: str) -> None:
    another = elsewhere("init", "--home", elsewhere.home.parent / "two", "--database", address)
    assert_error(another, 2, "home-exists", "createdb")
    assert not (elsewhere.home.parent / "two").exists()


@pytest.mark.parametrize(
    "wrong", ["postgresql://me:secret@localhost/x", "mysql://localhost/x", "nothing at all"]
)
def test_an_address_that_cannot_be_is_refused(run: Chiso, wrong: str) -> None:
    refused = run("init", "--home", run.home.parent / "two", "--database", wrong)
    assert_error(refused, 2, "bad-argument", "postgresql://")
    assert "secret" not in refused.stdout + refused.stderr
    assert not (run.home.parent / "two").exists()


def test_a_database_that_went_away_is_said_to_be_so(elsewhere: Chiso, address: str) -> None:
    home_file = elsewhere.home / "home.json"
    document = json.loads(home_file.read_text())
    document["database"] = address.replace("/home_", "/gone_")
    home_file.write_text(json.dumps(document))
    assert_error(elsewhere("subjects"), 6, "home-unreadable", "PostgreSQL")


def test_a_backup_is_refused_and_the_databases_own_is_named(
    elsewhere: Chiso, tmp_path: Path
) -> None:
    refused = elsewhere("backup", "--out", tmp_path / "clinic.backup")
    assert_error(refused, 2, "bad-argument", "PostgreSQL", "the database's own backup")
    assert not [each for each in tmp_path.iterdir() if "backup" in each.name]


def test_the_operators_key_is_changed(elsewhere: Chiso, volunteer: Volunteer) -> None:
    assert elsewhere.enrol("001", volunteer("001")).status == 0
    former = (elsewhere.home / "operator.key").read_bytes()
    rotated = elsewhere("keys", "rotate")
    assert (rotated.status, rotated.document["rewrapped"]) == (0, 2)
    now = (elsewhere.home / "operator.key").read_bytes()
    search = ("identify", volunteer("001", "smiling"), "--purpose", PURPOSE)
    assert elsewhere(*search).document["faces"][0]["candidates"][0]["subject"] == "001"
    assert elsewhere("log", "verify").status == 0
    (elsewhere.home / "operator.key").write_bytes(former)
    assert_error(elsewhere(*search), 5, "wrong-operator-key", "keys rotate")
    (elsewhere.home / "operator.key").write_bytes(now)
    assert elsewhere(*search).status == 0


def test_a_change_of_key_that_was_cut_off_is_finished_by_the_next_command(
    elsewhere: Chiso, volunteer: Volunteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert elsewhere.enrol("001", volunteer("001")).status == 0
    former = (elsewhere.home / "operator.key").read_bytes()

    def cut(*_: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as power:
        power.setattr(OperatorKeyInFile, "settle", cut)
        with pytest.raises(PowerCutError):
            elsewhere("keys", "rotate")

    search = ("identify", volunteer("001", "smiling"), "--purpose", PURPOSE)
    assert elsewhere(*search).document["faces"][0]["candidates"][0]["subject"] == "001"
    assert (elsewhere.home / "operator.key").read_bytes() != former
    assert not (elsewhere.home / "operator.key.new").exists()
    assert elsewhere("log", "verify").status == 0


def test_a_database_put_back_from_an_earlier_copy_is_found(
    elsewhere: Chiso, volunteer: Volunteer, postgres_server: Path, address: str
) -> None:
    """Its own backup brings people back who have withdrawn: the folder knows of the longer log."""
    assert elsewhere.enrol("001", volunteer("001")).status == 0
    gc.collect()  # a database that somebody is connected to is not copied
    earlier = new_database(postgres_server, f"home_{next(_databases)}", address)
    assert elsewhere("withdraw", "001").status == 0
    home_file = elsewhere.home / "home.json"
    document = json.loads(home_file.read_text()) | {"database": earlier}
    home_file.write_text(json.dumps(document))
    assert_error(elsewhere("log", "verify"), 5, "log-broken", "older than this home")
    search = ("identify", volunteer("001", "smiling"), "--purpose", PURPOSE)
    assert_error(elsewhere(*search), 5, "key-missing", "withdraw her")
