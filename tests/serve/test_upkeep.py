"""What a running server does by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.serve.conftest import PURPOSE

from chiso import wiring, wiring_serve, wiring_upkeep
from chiso.account.verify import LogReport
from chiso.core.consent import Mode
from chiso.interfaces.serve.app import create_app
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.home import Home
from chiso.services.keys import rotate
from chiso.services.log_check import verify as verify_log_of
from chiso.services.people import subjects
from chiso.services.serving import upkeep
from chiso.services.serving.log_watch import LogWatch
from chiso.services.serving.service import Service, ServiceSettings
from chiso.services.withdraw import erase, withdraw

_PATIENCE_S = 60


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "FORGET_EVERY_S", 0.05)
    monkeypatch.setattr(upkeep, "PURGE_EVERY_S", 0.05)


def test_who_is_erased_by_another_process_is_overwritten_in_the_servers_memory(
    client: TestClient, service: Service
) -> None:
    held = service.searches.of(PURPOSE)
    other = wiring.open_home(service.home.path)
    withdraw(other, "001")
    other.store.close()
    _until(lambda: held.references == 2)


def test_what_consent_no_longer_covers_is_erased_without_a_command(
    client: TestClient, service: Service, photo_of: Callable[..., bytes], home_directory: Path
) -> None:
    agreement = Agreement(
        subject="006",
        purpose=PURPOSE,
        modes=frozenset(Mode),
        expires=datetime.now(UTC) + timedelta(seconds=8),
        evidence_sha256="0" * 64,
    )
    done = enrol(service.home, agreement, [Photo("006", photo_of("006"))])
    assert isinstance(done, Enrolled)
    _until(lambda: "006" not in {each.subject.label for each in subjects(service.home)})


@contextmanager
def _kept_up(directory: Path) -> Iterator[tuple[Home, list[str]]]:
    """A served home, and what its operator is told."""
    told: list[str] = []
    service = wiring_serve.open_service(directory, ServiceSettings(), is_secure=False)
    with TestClient(create_app(service, told.append)):
        yield service.home, told
    service.home.store.close()


def test_an_erasure_that_could_not_be_finished_is_finished_later(home_directory: Path) -> None:
    with _kept_up(home_directory) as (home, _):
        with home.store.writing() as transaction:
            subject = transaction.subject("001")
            assert subject is not None
            erase(home, transaction, subject, None, None)
        _until(lambda: subject.subject_id not in home.keystore.subject_ids())


def test_an_operator_whose_key_is_another_by_now_is_told_to_start_anew(
    home_directory: Path,
) -> None:
    with _kept_up(home_directory) as (_, told):
        other = wiring.open_home(home_directory)
        rotate(other, wiring_upkeep.operator_key_place(other.path), bytes(range(32)))
        other.store.close()
        _until(lambda: any("Start this server anew" in each for each in told))


def test_a_bug_is_told_and_upkeep_goes_on(
    home_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[Home] = []

    def purge_due(home: Home) -> list[object]:
        rounds.append(home)
        raise ZeroDivisionError

    monkeypatch.setattr(upkeep, "purge_due", purge_due)
    with _kept_up(home_directory) as (_, told):
        _until(lambda: len(rounds) > 1)
        assert any("ZeroDivisionError" in each for each in told)


def test_a_log_that_is_being_verified_is_not_verified_once_more(
    home_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = wiring.open_home(home_directory)
    watch, begun, enough = LogWatch(opened), threading.Event(), threading.Event()
    times: list[Home] = []

    def slowly(home: Home) -> LogReport:
        times.append(home)
        begun.set()
        assert enough.wait(_PATIENCE_S)
        return verify_log_of(home)

    monkeypatch.setattr("chiso.services.log_check.verify", slowly)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(watch.verify)
        assert begun.wait(_PATIENCE_S)
        watch.verify_unless_underway()
        assert len(times) == 1
        enough.set()
        assert first.result() == watch.last
    watch.verify_unless_underway()
    assert len(times) == 2
    opened.store.close()
