"""A call that finds no room did nothing, wherever on its way it found none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.serve.conftest import PURPOSE
from tests.serve.console import PASSWORD, Console
from tests.serve.test_enrol_pages import Desk

from chiso.core.access import Role
from chiso.services.serving.service import Service
from chiso.services.serving.workroom import Workroom, busy

Photo = Callable[..., bytes]
Key = Callable[..., dict[str, str]]
_Made = TypeVar("_Made")
_MOST_STEPS = 12


class _RoomForSome(Workroom):
    """A workroom that is full once so many came, to it or to another with the same `left`."""

    def __init__(self, inner: Workroom, left: list[None]) -> None:
        super().__init__(1, 0)
        self._inner = inner
        self._left = left

    async def run(self, work: Callable[[], _Made]) -> _Made:
        """Do this work, unless it comes too late."""
        if not self._left:
            raise busy("This server has as much to do as it can.")
        self._left.pop()
        return await self._inner.run(work)


def _leaves(service: Service) -> int:
    with service.home.store.reading() as view:
        head = view.log_head()
    return 0 if head is None else head.size


@pytest.fixture
def once_there_is_room(
    serving: tuple[Service, TestClient],
) -> Callable[[Callable[[], httpx.Response]], httpx.Response]:
    """Makes a call with room for none of its steps, for one, for two, until it is answered.

    Each time that it is told to come again, the log must be as it was.
    """
    service, client = serving
    app = cast(FastAPI, client.app)

    def until_answered(call: Callable[[], httpx.Response]) -> httpx.Response:
        before = _leaves(service)
        for some in range(_MOST_STEPS):
            left: list[None] = [None] * some
            app.state.service = replace(
                service,
                desk=_RoomForSome(service.desk, left),
                photos=_RoomForSome(service.photos, left),
                passwords=_RoomForSome(service.passwords, left),
            )
            answer = call()
            app.state.service = service
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                assert _leaves(service) > before
                return answer
            assert _leaves(service) == before, f"refused after {some} steps, though it was done"
        raise AssertionError("it is never answered")

    return until_answered


Answered = Callable[[Callable[[], httpx.Response]], httpx.Response]


@pytest.fixture
def admin(serving: tuple[Service, TestClient]) -> Console:
    """A browser whose administrator is signed in."""
    console = Console(*serving)
    console.sign_in(Role.ADMIN)
    return console


def test_a_secret_that_was_made_is_shown(admin: Console, once_there_is_room: Answered) -> None:
    fields = {"name": "door", "role": "verifier", "expires": "2099-01-01"}
    made = once_there_is_room(lambda: admin.post("/access/keys", **fields))
    assert "chiso_key_" in made.text
    invited = once_there_is_room(lambda: admin.post("/access/accounts", role="auditor"))
    link = "/join/" + invited.text.partition("/join/")[2].partition("<")[0]
    fields = {"name": "Chipo", "password": PASSWORD, "again": PASSWORD}
    joined = once_there_is_room(lambda: admin.post(link, **fields))
    assert joined.headers["Location"] == "/"


def test_a_withdrawal_that_was_done_is_certified(
    client: TestClient,
    key_of: Key,
    id_of: Callable[[str], str],
    once_there_is_room: Answered,
) -> None:
    desk = key_of(Role.ENROLLER)
    params = {"subject_id": id_of("001")}
    (receipt,) = client.get("/v1/receipts", params=params, headers=desk).json()["receipts"]
    for path in (f"/v1/receipts/{receipt['id']}", f"/v1/subjects/{id_of('003')}"):
        done = once_there_is_room(partial(client.delete, path, headers=desk))
        assert done.json()["references"] == 1


def test_a_card_that_was_revoked_is_said_to_be(
    client: TestClient, key_of: Key, photo_of: Photo, once_there_is_room: Answered
) -> None:
    desk = key_of(Role.ENROLLER)
    made = client.post(
        "/v1/cards",
        files={"photo": photo_of("006"), "evidence": b"signed"},
        data={"subject": "006", "purpose": PURPOSE, "expires": "2099-01-01"},
        headers=desk,
    )
    path = f"/v1/cards/{made.json()['id']}"
    revoked = once_there_is_room(lambda: client.delete(path, headers=desk))
    assert revoked.json()["state"] == "revoked"


def test_who_was_enrolled_gets_her_link(
    admin: Console, photo_of: Photo, once_there_is_room: Answered
) -> None:
    desk = Desk(admin)
    review = desk.agreed(desk.agreement(PURPOSE), **{"mode-0": "verify", "until-0": "2099-01-01"})
    done = once_there_is_room(lambda: desk.done(review.text, photo_of("006")))
    assert "/me/chiso_me_" in done.text
