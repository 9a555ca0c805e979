"""Keys of the API: shown once, never wider than their maker, refused once revoked or over."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.json_schema import objections

from chiso.core.access import Role
from chiso.core.errors import ChisoError, Code
from chiso.core.events import EventType
from chiso.core.times import to_text
from chiso.interfaces.cli.log_schema import schema_text
from chiso.services import log_reading
from chiso.services.access.keys import machine_operator, revoke_key
from chiso.services.log_check import verify
from chiso.services.serving.service import Service

SCHEMA: dict[str, Any] = json.loads(schema_text())
Key = Callable[..., dict[str, str]]
_LATER = (datetime.now(UTC) + timedelta(days=10)).isoformat()


def test_a_secret_is_in_one_answer_and_in_no_file(
    client: TestClient, key_of: Key, service: Service
) -> None:
    wanted = {"name": "front door", "role": "verifier", "expires": _LATER}
    made = client.post("/v1/keys", json=wanted, headers=key_of(Role.ADMIN))
    assert made.status_code == 201
    secret = made.json()["secret"].encode()
    listed = client.get("/v1/keys", headers=key_of(Role.ADMIN))
    assert "front door" in listed.text
    assert secret not in listed.content
    for file in service.home.path.iterdir():
        assert secret not in file.read_bytes()


@pytest.mark.parametrize("role", [Role.ENROLLER, Role.VERIFIER, Role.AUDITOR])
def test_only_an_administrator_makes_keys(client: TestClient, key_of: Key, role: Role) -> None:
    wanted = {"name": "mine", "role": role, "expires": _LATER}
    refused = client.post("/v1/keys", json=wanted, headers=key_of(role))
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")


@pytest.mark.parametrize(
    "wider",
    [
        {"purposes": None},
        {"purposes": ["clinic door", "school gate"]},
        {"purposes": ["clinic door"], "scopes": ["scores"]},
        {"purposes": ["clinic door"], "expires": "2098-01-01T00:00:00Z"},
    ],
)
def test_no_key_makes_one_that_may_more(
    client: TestClient, key_of: Key, wider: dict[str, object]
) -> None:
    headers = key_of(Role.ADMIN, purposes=frozenset(["clinic door"]))
    wanted = {"name": "wider", "role": "admin", "expires": _LATER} | wider
    refused = client.post("/v1/keys", json=wanted, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    within = {"name": "w", "role": "admin", "expires": _LATER, "purposes": ["clinic door"]}
    assert client.post("/v1/keys", json=within, headers=headers).status_code == 201


def test_a_revoked_key_is_refused_at_its_next_call(client: TestClient, key_of: Key) -> None:
    admin = key_of(Role.ADMIN)
    wanted = {"name": "lost", "role": "auditor", "expires": _LATER}
    made = client.post("/v1/keys", json=wanted, headers=admin).json()
    lost = {"Authorization": f"Bearer {made['secret']}"}
    assert client.get("/v1/keys", headers=lost).status_code == 403
    assert client.delete(f"/v1/keys/{made['id']}", headers=admin).json()["revoked"]
    refused = client.get("/v1/keys", headers=lost)
    assert (refused.status_code, refused.json()["code"]) == (401, "not-signed-in")
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_that_is_over_is_refused(client: TestClient, key_of: Key, service: Service) -> None:
    admin = key_of(Role.ADMIN)
    assert client.get("/v1/keys", headers=admin).status_code == 200
    with service.home.store.writing() as transaction:
        for key in transaction.api_keys():
            transaction.put_api_key(replace(key, expires=datetime.now(UTC)))
    refused = client.get("/v1/keys", headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (401, "not-signed-in")


def test_what_no_route_takes_is_a_problem_too(client: TestClient, key_of: Key) -> None:
    admin = key_of(Role.ADMIN)
    for answer in (
        client.get("/v1/nowhere"),
        client.put("/v1/keys", headers=admin),
        client.post("/v1/keys", json={"name": "x"}, headers=admin),
        client.post("/v1/keys", content=b"{", headers=admin),
        client.delete("/v1/keys/none", headers=admin),
    ):
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert 400 <= answer.status_code < 500
        assert set(answer.json()) == {"type", "title", "status", "detail", "code", "hint"}


def test_the_log_says_where_a_key_stands_and_until_when_it_lasts(
    key_of: Key, service: Service
) -> None:
    key_of(Role.VERIFIER, station="front door")
    key_of(Role.AUDITOR)
    with service.home.store.reading() as view:
        keys = view.api_keys()
    assert len(keys) == 2
    for key in keys:
        revoke_key(service.home, machine_operator(service.home), key.key_id)
    leaves = log_reading.read(service.home, None, EventType.ACCESS_CHANGED, 10).leaves
    told = [each.said for each in leaves if each.said is not None]
    for key in keys:
        hers = [said for said in told if said["key"] == key.key_id]
        assert {said["change"] for said in hers} == {"key-issued", "key-revoked"}
        for said in hers:
            assert (said["station"], said["expires"]) == (key.station, to_text(key.expires))
            assert objections(said, SCHEMA["$defs"]["access-changed"], SCHEMA) == []


@pytest.mark.parametrize("column", ["expires = expires + 86400", "station = 'back door'"])
def test_a_key_that_was_made_to_last_longer_or_to_stand_elsewhere_is_found(
    key_of: Key, service: Service, column: str
) -> None:
    key_of(Role.VERIFIER, station="front door")
    verify(service.home)
    with closing(sqlite3.connect(service.home.path / "store.sqlite3")) as store, store:
        store.execute(f"UPDATE api_keys SET {column}")  # noqa: S608 - ours
    with pytest.raises(ChisoError, match="is not what the log says") as found:
        verify(service.home)
    assert found.value.code is Code.LOG_BROKEN
