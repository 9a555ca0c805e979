"""A server that is stopped or killed under load: nothing that it acknowledged is lost."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.serve.conftest import ENROLLED, PURPOSE
from tests.serve.processes import Served, server
from tests.serve.test_people import enrol

from chiso import wiring
from chiso.core.access import Role
from chiso.core.events import EventType
from chiso.services import log_check
from chiso.services.access.keys import WantedKey, issue_key, machine_operator

_CALLERS = 6
_PATIENCE_S = 120
_PAUSE_S = 0.2
_WAITING = ("--workers", "2", "--waiting", "2")
_IDENTIFY = f"/v1/identifications?purpose={PURPOSE}"


class _Told:
    """What callers were told before nobody answered any more."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.done: Counter[str] = Counter()
        self.enrolled: list[str] = []
        """Receipts of enrolments that were acknowledged."""
        self.withdrawn: list[str] = []
        """Those of them whose withdrawal was acknowledged too."""
        self._lock = threading.Lock()

    def is_done(self, what: str, answer: httpx.Response) -> bool:
        """Count an answer; whether it says that this was done. Waits where there was no room."""
        with self._lock:
            self.statuses[answer.status_code] += 1
            self.done[what] += answer.is_success
        if answer.status_code == 429:
            time.sleep(_PAUSE_S)
        return answer.is_success


_Ask = Callable[[httpx.Client, int], None]
"""Calls the server; gets how often this caller did that before."""


class _Callers:
    """Callers that ask until nobody answers any more."""

    def __init__(self, served: Served, *asks: _Ask) -> None:
        self._threads = [
            threading.Thread(target=self._go_on, args=(served.url, asks[number % len(asks)]))
            for number in range(_CALLERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(timeout=180)
            assert not thread.is_alive()

    @staticmethod
    def _go_on(url: str, ask: _Ask) -> None:
        with suppress(httpx.TransportError), httpx.Client(base_url=url, timeout=_PATIENCE_S) as at:
            turn = 0
            while True:
                ask(at, turn)
                turn += 1


def _identifying(told: _Told, headers: Mapping[str, str], photo: bytes) -> _Ask:
    def ask(client: httpx.Client, _: int) -> None:
        kind = {"Content-Type": "image/jpeg"}
        told.is_done("search", client.post(_IDENTIFY, content=photo, headers={**headers, **kind}))

    return ask


def _enrolling(told: _Told, headers: dict[str, str], photo: bytes) -> _Ask:
    """Enrols someone new each time, and withdraws every other receipt that this made."""

    def ask(client: httpx.Client, turn: int) -> None:
        label = f"{threading.current_thread().name} {turn}"
        made = enrol(client, headers, photo, subject=label)
        if not told.is_done("enrolment", made):
            return
        receipt = made.json()["receipt"]
        told.enrolled.append(receipt)
        if len(told.enrolled) % 2 == 0:
            gone = client.delete(f"/v1/receipts/{receipt}", headers=headers)
            if told.is_done("withdrawal", gone):
                told.withdrawn.append(receipt)

    return ask


@pytest.fixture
def key_for(home_directory: Path) -> Callable[[Role], dict[str, str]]:
    """`key_for(Role.VERIFIER)`: headers with a key that is made before the home is served."""

    def issue(role: Role) -> dict[str, str]:
        home = wiring.open_home(home_directory)
        expires = datetime.now(UTC) + timedelta(days=1)
        wanted = WantedKey(role, role, None, frozenset(), None, expires)
        secret = issue_key(home, machine_operator(home), wanted).secret
        home.store.close()
        return {"Authorization": f"Bearer {secret}"}

    return issue


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _identified(directory: Path) -> int:
    """How many searches the log tells of; the log must verify."""
    home = wiring.open_home(directory)
    log_check.verify(home)
    with home.store.reading() as view:
        said = [payload.body for payload in view.payloads()]
    home.store.close()
    kind = f'"type":"{EventType.IDENTIFIED}"'.encode()
    return sum(kind in body for body in said)


def _receipts(client: httpx.Client, headers: Mapping[str, str]) -> dict[str, str]:
    """The state of every receipt that a server lists."""
    found: dict[str, str] = {}
    asked = {"limit": "200"}
    while True:
        page = client.get("/v1/receipts", params=asked, headers=headers).json()
        found |= {each["id"]: each["state"] for each in page["receipts"]}
        if page["next"] is None:
            return found
        asked["cursor"] = page["next"]


@pytest.mark.parametrize("stopped", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_what_was_answered_before_a_server_went_is_there_when_it_is_back(
    home_directory: Path,
    served_models: Path,
    key_for: Callable[[Role], dict[str, str]],
    photo_of: Callable[..., bytes],
    stopped: signal.Signals,
) -> None:
    told, station, desk = _Told(), key_for(Role.VERIFIER), key_for(Role.ENROLLER)
    identifying = _identifying(told, station, photo_of("001"))
    enrolling = _enrolling(told, desk, photo_of("006", "neutral"))
    with server(home_directory, served_models, *_WAITING) as served:
        callers = _Callers(served, identifying, enrolling)
        callers.start()
        _until(
            lambda: min(told.done["search"], told.done["enrolment"], 2 * len(told.withdrawn)) >= 4
        )
        served.process.send_signal(stopped)
        callers.wait()
        served.process.wait(timeout=60)
    assert set(told.statuses) <= {200, 201, 429}
    in_the_log = _identified(home_directory)
    assert in_the_log >= told.done["search"]
    if stopped is signal.SIGTERM:  # what was taken was finished, and its answer reached its caller
        assert in_the_log == told.done["search"]

    with (
        server(home_directory, served_models) as again,
        httpx.Client(base_url=again.url, timeout=_PATIENCE_S) as client,
    ):
        receipts = _receipts(client, desk)
        before = told.done["search"]
        identifying(client, 0)
        assert told.done["search"] == before + 1
    assert set(told.enrolled) <= set(receipts)
    gone = {receipt for receipt, state in receipts.items() if state == "withdrawn"}
    assert set(told.withdrawn) <= gone
    if stopped is signal.SIGTERM:
        assert len(receipts) == len(told.enrolled) + len(ENROLLED)
        assert gone == set(told.withdrawn)


def test_a_server_with_no_room_tells_callers_to_wait_and_goes_on(
    home_directory: Path,
    served_models: Path,
    key_for: Callable[[Role], dict[str, str]],
    photo_of: Callable[..., bytes],
) -> None:
    told = _Told()
    identifying = _identifying(told, key_for(Role.VERIFIER), photo_of("003"))
    with server(home_directory, served_models, "--workers", "1", "--waiting", "0") as served:
        callers = _Callers(served, identifying)
        callers.start()
        _until(lambda: told.statuses[429] > 0 and told.done["search"] > 2)
        served.process.send_signal(signal.SIGINT)
        callers.wait()
        assert served.process.wait(timeout=60) == 0
    assert set(told.statuses) == {200, 429}
    assert _identified(home_directory) == told.done["search"]
