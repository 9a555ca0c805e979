"""What a running server does by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.serve.conftest import PURPOSE

from chiso import wiring
from chiso.core.consent import Mode
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.people import subjects
from chiso.services.serving import upkeep
from chiso.services.serving.service import Service
from chiso.services.withdraw import withdraw

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
