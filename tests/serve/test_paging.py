"""Every list of the API comes in pages that follow each other and hold all of it once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.serve.conftest import PURPOSE
from tests.serve.test_people import enrol

from chiso.core.access import Role
from chiso.core.canonical import JsonValue
from chiso.core.events import Event, EventType
from chiso.services import thresholds
from chiso.services.log import record
from chiso.services.serving.service import Service

Photo = Callable[..., bytes]
Key = Callable[..., dict[str, str]]


@pytest.fixture
def pages(client: TestClient) -> Callable[..., list[list[Any]]]:
    """`pages(path, headers, limit)`: what each page of a list has, from the first to the last."""

    def follow(path: str, headers: dict[str, str], limit: int) -> list[list[Any]]:
        found: list[list[Any]] = []
        params: dict[str, Any] = {"limit": limit}
        while True:
            answer = client.get(path, params=params, headers=headers)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            (items,) = (each for each in page.values() if isinstance(each, list))
            found.append(items)
            if page["next"] is None:
                return found
            params["cursor"] = page["next"]

    return follow


Pages = Callable[..., list[list[Any]]]


def _is_paged(pages: Pages, path: str, headers: dict[str, str], count: int) -> list[Any]:
    """The whole list, of which there are `count`."""
    (whole,) = pages(path, headers, 200)
    assert len(whole) == count
    assert pages(path, headers, 1) == [[each] for each in whole]
    assert pages(path, headers, count - 1) == [whole[:-1], whole[-1:]]
    return whole


def test_references(client: TestClient, key_of: Key, photo_of: Photo, pages: Pages) -> None:
    desk = key_of(Role.ENROLLER)
    photos = [photo_of("006", face) for face in ("neutral", "smiling")]
    made = enrol(client, desk, photos[0]).json()
    enrol(client, desk, photos[1])
    enrol(client, desk, photos[0], purpose="school gate")
    path = f"/v1/subjects/{made['subject_id']}/references"
    whole = _is_paged(pages, path, desk, 3)
    assert [each["added"] for each in whole] == sorted(each["added"] for each in whole)
    door = key_of(Role.ENROLLER, purposes=frozenset([PURPOSE]))
    (hers,) = pages(path, door, 200)
    assert {each["receipt"] for each in hers} == {made["receipt"]}


def test_keys(key_of: Key, pages: Pages) -> None:
    for role in (Role.VERIFIER, Role.AUDITOR):
        key_of(role)
    whole = _is_paged(pages, "/v1/keys", key_of(Role.ADMIN), 3)
    assert len({each["id"] for each in whole}) == 3


def test_a_key_that_is_made_meanwhile_comes_at_the_end(
    client: TestClient, key_of: Key, service: Service
) -> None:
    admin = key_of(Role.ADMIN)
    key_of(Role.AUDITOR)
    first = client.get("/v1/keys?limit=1", headers=admin).json()
    with service.home.store.writing() as transaction:
        one = transaction.api_keys()[0]
        later = replace(one, key_id="0" + one.key_id[1:], created=one.created + timedelta(hours=1))
        transaction.put_api_key(replace(later, name="A", secret_sha256=b"0" * 32))
    rest = client.get("/v1/keys", params={"cursor": first["next"]}, headers=admin).json()
    assert len(rest["keys"]) == 2
    assert (rest["keys"][-1]["name"], rest["next"]) == ("A", None)


def test_thresholds(key_of: Key, pages: Pages, service: Service) -> None:
    ((starter, _),) = thresholds.records(service.home)
    for name in ("laxer", "also"):
        thresholds.add(service.home, replace(starter, record_id=name))
    whole = _is_paged(pages, "/v1/thresholds", key_of(Role.ADMIN), 3)
    assert [each["id"] for each in whole] == [starter.record_id, "laxer", "also"]


def test_audits(key_of: Key, pages: Pages, service: Service) -> None:
    for verdict in ("fail", "undecided", "pass"):
        facts: dict[str, JsonValue] = {"kind": "scores", "verdict": verdict}
        facts |= {"input_sha256": "0", "report_sha256": {}}
        event = Event(EventType.AUDIT_RECORDED, service.home.clock.now(), None, facts)
        with service.home.store.writing() as transaction:
            record(service.home, transaction, [event])
    whole = _is_paged(pages, "/v1/audits", key_of(Role.AUDITOR), 3)
    assert [each["verdict"] for each in whole] == ["pass", "undecided", "fail"]


def test_check_ins(client: TestClient, key_of: Key, photo_of: Photo, pages: Pages) -> None:
    door = key_of(Role.VERIFIER, station="front") | {"Content-Type": "image/jpeg"}
    for number in ("001", "003", "005"):
        params = {"purpose": PURPOSE, "subject": number}
        client.post("/v1/verifications", params=params, content=photo_of(number), headers=door)
    whole = _is_paged(pages, "/v1/check-ins", door, 3)
    assert [each["subject"] for each in whole] == ["005", "003", "001"]


@pytest.mark.parametrize("path", ["keys", "thresholds", "audits", "check-ins"])
def test_a_cursor_of_something_else_is_refused(client: TestClient, key_of: Key, path: str) -> None:
    admin = key_of(Role.ADMIN, station="front")
    for cursor in ("x", "W10", "WzFlOTk5LCJ4Il0"):
        refused = client.get(f"/v1/{path}", params={"cursor": cursor}, headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad-argument")
