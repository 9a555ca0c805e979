"""A station may fail only so often, whomever it asks for; what is no failure is not counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from tests.serve.conftest import PURPOSE, served

from chiso.core.access import Role
from chiso.services.access.keys import WantedKey, issue_key, machine_operator
from chiso.services.access.links import new_person_link
from chiso.services.cards.issue import issue_from_reference
from chiso.services.people import subjects
from chiso.services.serving.limits import Limit
from chiso.services.serving.service import Service, ServiceSettings

PhotoOf = Callable[..., bytes]
_FEW = Limit(3, timedelta(minutes=10))
_JPEG = {"Content-Type": "image/jpeg"}
_NEVER = datetime(2099, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Door:
    """A server on which a station may fail three times, and calls of stations."""

    service: Service
    client: TestClient
    photo_of: PhotoOf

    def key(self, station: str | None = "front", name: str = "a key") -> dict[str, str]:
        """Headers with a new key of a station."""
        home = self.service.home
        wanted = WantedKey(name, Role.VERIFIER, None, frozenset(), station, _NEVER)
        made = issue_key(home, machine_operator(home), wanted)
        return {"Authorization": f"Bearer {made.secret}"}

    def ask(self, key: dict[str, str], subject: str, photo: bytes) -> Response:
        """Verify by name."""
        params = {"purpose": PURPOSE, "subject": subject}
        answer: Response = self.client.post(
            "/v1/verifications", params=params, content=photo, headers=key | _JPEG
        )
        return answer

    def show(self, key: dict[str, str], code: str, photo: bytes) -> Response:
        """Verify by card."""
        answer: Response = self.client.post(
            "/v1/card-verifications",
            params={"purpose": PURPOSE},
            data={"card": code},
            files={"photo": ("p.jpg", photo, "image/jpeg")},
            headers=key,
        )
        return answer

    def search(self, key: dict[str, str], photo: bytes) -> Response:
        """Identify."""
        answer: Response = self.client.post(
            "/v1/identifications", params={"purpose": PURPOSE}, content=photo, headers=key | _JPEG
        )
        return answer

    def code(self, label: str) -> str:
        """The code of a new card of hers; her templates stay."""
        home = self.service.home
        return issue_from_reference(home, label, PURPOSE, keep_references=True).code

    def fail(self, key: dict[str, str]) -> list[int]:
        """Ask for three people with a photo of a fourth: how each was answered."""
        stranger = self.photo_of("006")
        return [self.ask(key, each, stranger).status_code for each in ("001", "003", "005")]


@pytest.fixture
def door(home_directory: Path, photo_of: PhotoOf) -> Iterator[Door]:
    """The peopled home behind that limit."""
    settings = replace(ServiceSettings(), per_station=_FEW, refused_after_s=0.05)
    with served(home_directory, settings) as (service, client):
        yield Door(service, client, photo_of)


def test_a_station_fails_only_so_often_over_all_people_and_is_told_when_it_may_again(
    door: Door,
) -> None:
    front = door.key()
    assert door.fail(front) == [200, 200, 200]
    for key in (front, door.key(name="another key")):  # of the same station
        refused = door.ask(key, "001", door.photo_of("001"))
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-attempts")
        assert 0 < int(refused.headers["Retry-After"]) <= 600
    assert door.search(front, door.photo_of("001")).status_code == 200
    elsewhere = door.ask(door.key("back"), "001", door.photo_of("001"))
    assert elsewhere.json()["decision"] == "match"


def test_failures_by_name_and_by_card_are_counted_together(door: Door) -> None:
    front, code = door.key(), door.code("001")
    assert door.ask(front, "003", door.photo_of("006")).json()["decision"] == "no-match"
    for _ in range(2):
        assert door.show(front, code, door.photo_of("006")).json()["decision"] == "no-match"
    assert door.show(front, code, door.photo_of("001")).status_code == 429
    assert door.ask(front, "005", door.photo_of("005")).status_code == 429


def test_nothing_but_a_face_that_does_not_match_is_counted(door: Door) -> None:
    front, code = door.key(), door.code("001")
    for _ in range(4):
        assert door.ask(front, "001", door.photo_of("001")).json()["decision"] == "match"
        assert door.show(front, code, door.photo_of("001")).json()["decision"] == "match"
        assert door.ask(front, "001", b"no photo").json()["decision"] == "refused"
        assert door.ask(front, "Nobody", door.photo_of("001")).status_code == 403
        assert door.show(front, "CHISO", door.photo_of("001")).status_code >= 400
        stranger: dict[str, Any] = door.search(front, door.photo_of("006")).json()
        assert [each["decision"] for each in stranger["faces"]] == ["unknown"]
    assert door.service.per_station.kept == 0
    assert door.fail(front) == [200, 200, 200]


def test_one_person_who_is_tried_too_often_costs_her_station_no_more(door: Door) -> None:
    front, limit = door.key(), door.service.settings.per_subject.count
    for _ in range(limit):
        door.service.per_subject.note(("front", "001"), door.service.home.clock.now())
    for _ in range(4):
        assert door.ask(front, "001", door.photo_of("006")).status_code == 429
    assert door.service.per_station.kept == 0
    assert door.ask(front, "003", door.photo_of("003")).json()["decision"] == "match"


def test_many_at_once_are_no_way_around(door: Door) -> None:
    front = door.key()
    people, stranger = ("001", "003", "005") * 3, door.photo_of("006")
    with ThreadPoolExecutor(len(people)) as pool:
        answers = list(pool.map(lambda each: door.ask(front, each, stranger).status_code, people))
    assert sorted(answers) == [200] * 3 + [429] * 6


def test_people_who_open_their_own_pages_do_not_shut_each_other_out(door: Door) -> None:
    home = door.service.home
    links = {
        each.subject.label: new_person_link(home, machine_operator(home), each.subject.subject_id)
        for each in subjects(home)
    }
    headers = _JPEG | {"Sec-Fetch-Site": "same-origin"}

    def look(label: str, photo: bytes) -> str:
        path = f"{links[label]}/look"
        answer: dict[str, str] = door.client.post(path, content=photo, headers=headers).json()
        return answer["answer"]

    for _ in range(2):
        assert look("001", door.photo_of("006")) == look("003", door.photo_of("006")) == "not-you"
    assert look("005", door.photo_of("005")) == "you"
