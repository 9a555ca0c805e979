"""Signing in is limited by address and account, shuts no owner out, and keeps nobody waiting."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from tests.serve.console import BROWSER, PASSWORD, Console
from tests.serve.processes import post, server

from chiso.core.access import Role
from chiso.interfaces.serve.app import create_app

_WRONG = "not her password"
_HERE, _ELSEWHERE = "192.0.2.1", "192.0.2.2"


class _Waiting:
    """A hasher that is at work until the test lets it go."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Semaphore(0), threading.Event()

    def hash(self, password: str) -> str:
        raise AssertionError

    def verify(self, password_hash: str, password: str) -> bool:
        self.begun.release()
        self.go.wait(30)
        return False


@contextmanager
def _from(console: Console, address: str) -> Iterator[Console]:
    """The same server, called from this address."""
    app = create_app(console.service)
    yield Console(
        console.service,
        TestClient(app, base_url="http://127.0.0.1:8730", client=(address, 5000)),
    )


def _try(console: Console, name: str, password: str = _WRONG) -> Response:
    return console.post("/sign-in", name=name, password=password)


@pytest.mark.parametrize("name", ["Tendai", "nobody"])
def test_an_account_is_closed_to_the_address_that_failed_whether_or_not_there_is_one(
    console: Console, name: str
) -> None:
    console.account(Role.ENROLLER)
    for _ in range(console.service.settings.per_sign_in.count):
        assert _try(console, name).status_code == 401
    refused = _try(console, name, PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert "tried too often" in refused.text
    assert "Try again in 15 minutes" in refused.text


def test_whoever_knows_a_name_does_not_shut_its_owner_out(console: Console) -> None:
    name = console.account(Role.ENROLLER)
    with _from(console, _ELSEWHERE) as stranger, _from(console, _HERE) as owner:
        for _ in range(console.service.settings.per_sign_in.count):
            assert _try(stranger, name).status_code == 401
        assert _try(stranger, name).status_code == 429
        assert _try(owner, name, PASSWORD).status_code == 303


def test_the_right_password_forgives_the_wrong_ones_before_it(console: Console) -> None:
    name = console.account(Role.ENROLLER)
    for _ in range(3):
        assert _try(console, name).status_code == 401
        assert _try(console, name, PASSWORD).status_code == 303


def test_one_address_tries_so_many_names_and_no_more(console: Console) -> None:
    name = console.account(Role.ENROLLER)
    with _from(console, _ELSEWHERE) as stranger, _from(console, _HERE) as owner:
        for number in range(console.service.settings.per_door.count):
            assert _try(stranger, f"name {number}").status_code == 401
        refused = _try(stranger, name, PASSWORD)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        assert _try(owner, name, PASSWORD).status_code == 303


def test_addresses_that_one_household_may_choose_among_are_one(console: Console) -> None:
    for number in range(console.service.settings.per_door.count):
        with _from(console, f"2001:db8::{number:x}") as stranger:
            assert _try(stranger, f"name {number}").status_code == 401
    with _from(console, "2001:db8::ffff") as stranger:
        assert _try(stranger, "nobody").status_code == 429
    with _from(console, "2001:db8:0:1::1") as neighbour:
        assert _try(neighbour, "nobody").status_code == 401


def test_passwords_being_hashed_keep_no_other_work_waiting(console: Console) -> None:
    hasher = _Waiting()
    credentials = replace(console.service.credentials, hasher=hasher)
    console.sign_in(Role.ADMIN)
    service = replace(console.service, credentials=credentials)
    app = create_app(service)
    client = TestClient(app, base_url="http://127.0.0.1:8730", cookies=console.client.cookies)
    with client, ThreadPoolExecutor(20) as pool:
        fields = [{"name": f"name {number}", "password": "x"} for number in range(20)]
        tried = [
            pool.submit(client.post, "/sign-in", data=each, headers=BROWSER) for each in fields
        ]
        try:
            assert hasher.begun.acquire(timeout=30)
            refused = next(as_completed(tried, timeout=30)).result()
            assert refused.status_code == 429
            assert refused.headers["Retry-After"] == "1"
            assert client.get("/people", headers=BROWSER).status_code == 200
            assert not hasher.begun.acquire(blocking=False)  # one at a time
        finally:
            hasher.go.set()
    assert {each.result().status_code for each in tried} == {401, 429}


def test_behind_a_proxy_callers_are_told_apart_by_the_address_that_it_says(
    tmp_path: Path, nobodys_home: Path
) -> None:
    directory = Path(shutil.copytree(nobodys_home, tmp_path / "home"))
    with server(directory, tmp_path) as served:
        answers = []
        for address in [_HERE] * 6 + [_ELSEWHERE, f"{_ELSEWHERE}, {_HERE}"]:
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            headers = {**BROWSER, **form, "X-Forwarded-For": address}
            status, _ = post(served.connection(), "/sign-in", b"name=nobody&password=x", headers)
            answers.append(status)
    assert answers == [401] * 5 + [429, 401, 429]  # a caller's own word comes before the proxy's
