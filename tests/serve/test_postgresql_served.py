"""A home whose store is a PostgreSQL database is served as every home is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from tests.postgres import new_database
from tests.serve.conftest import PURPOSE, served
from tests.serve.test_people import enrol

from chiso import wiring
from chiso.core.access import Role
from chiso.services import log_check
from chiso.services.access.keys import WantedKey, issue_key, machine_operator
from chiso.services.serving.service import Service, ServiceSettings

Photo = Callable[..., bytes]
_databases = count()
_SOME = 12


@pytest.fixture
def directory(
    tmp_path: Path, postgres_server: Path, served_models: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home with nobody in it, in a database of its own."""
    monkeypatch.setenv("CHISO_MODELS", str(served_models))
    monkeypatch.delenv("CHISO_OPERATOR_KEY", raising=False)
    address = new_database(postgres_server, f"served_{next(_databases)}")
    home, _ = wiring.make_home(tmp_path / "home", "Mbare Clinic", "offline", address)
    home.store.close()
    return tmp_path / "home"


def _admin(service: Service) -> dict[str, str]:
    wanted = WantedKey("all", Role.ADMIN, None, frozenset(), None, datetime(2099, 1, 1, tzinfo=UTC))
    secret = issue_key(service.home, machine_operator(service.home), wanted).secret
    return {"Authorization": f"Bearer {secret}"}


def test_people_are_enrolled_found_and_withdrawn_while_others_are_looked_for(
    directory: Path, photo_of: Photo
) -> None:
    with served(directory, ServiceSettings(waiting=_SOME)) as (service, client):
        admin = _admin(service)
        made = {
            who: enrol(
                client, admin, photo_of(who, "neutral"), subject=who, modes="identify"
            ).json()
            for who in ("001", "003")
        }

        def look(_: int) -> tuple[int, str]:
            answer = client.post(
                "/v1/identifications",
                params={"purpose": PURPOSE},
                content=photo_of("001"),
                headers=admin | {"Content-Type": "image/jpeg"},
            )
            return answer.status_code, answer.json()["faces"][0]["decision"]

        assert look(0) == (200, "match")
        with ThreadPoolExecutor(4) as pool:
            looks = pool.map(look, range(_SOME))
            gone = client.delete(f"/v1/subjects/{made['001']['subject_id']}", headers=admin)
            assert {status for status, _ in looks} == {200}
        assert gone.json()["key_destroyed"]
        assert look(0) == (200, "unknown")
        log_check.verify(service.home)
