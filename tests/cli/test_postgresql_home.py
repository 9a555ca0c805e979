"""A home whose store is a PostgreSQL database does what every home does."""

from __future__ import annotations

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

Volunteer = Callable[..., Path]
_databases = count()


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
