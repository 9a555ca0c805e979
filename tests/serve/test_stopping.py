"""A server that is stopped or killed under load: nothing that it acknowledged is lost."""

from __future__ import annotations

import http.client
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.serve.conftest import PURPOSE
from tests.serve.processes import Served, post, server

from chiso import wiring
from chiso.core.access import Role
from chiso.core.events import EventType
from chiso.services import log_check
from chiso.services.access.keys import WantedKey, issue_key, machine_operator

_CALLERS = 6
_WAITING = ("--workers", "2", "--waiting", "2")
_IDENTIFY = f"/v1/identifications?purpose={quote(PURPOSE)}"


class _Callers:
    """Callers that ask until nobody answers any more, and remember what they were told."""

    def __init__(self, served: Served, headers: dict[str, str], photo: bytes) -> None:
        self.told: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask, args=(served, headers, photo))
            for _ in range(_CALLERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(timeout=180)
            assert not thread.is_alive()

    def _ask(self, served: Served, headers: dict[str, str], photo: bytes) -> None:
        connection = served.connection()
        with suppress(OSError, http.client.HTTPException):
            while True:
                status, _ = post(connection, _IDENTIFY, photo, headers)
                with self._lock:
                    self.told[status] += 1


@pytest.fixture
def headers(home_directory: Path) -> dict[str, str]:
    """A station's headers, its key made beforehand."""
    home = wiring.open_home(home_directory)
    expires = datetime.now(UTC) + timedelta(days=1)
    wanted = WantedKey("door", Role.VERIFIER, None, frozenset(), None, expires)
    secret = issue_key(home, machine_operator(home), wanted).secret
    home.store.close()
    return {"Authorization": f"Bearer {secret}", "Content-Type": "image/jpeg"}


def _identified(directory: Path) -> int:
    """How many searches the log tells of; the log must verify."""
    home = wiring.open_home(directory)
    log_check.verify(home)
    with home.store.reading() as view:
        said = [payload.body for payload in view.payloads()]
    home.store.close()
    kind = f'"type":"{EventType.IDENTIFIED}"'.encode()
    return sum(kind in body for body in said)


@pytest.mark.parametrize("stopped", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_what_was_answered_before_a_server_went_is_in_its_log(
    home_directory: Path,
    served_models: Path,
    headers: dict[str, str],
    photo_of: Callable[..., bytes],
    stopped: signal.Signals,
) -> None:
    with server(home_directory, served_models, *_WAITING) as served:
        callers = _Callers(served, headers, photo_of("001"))
        callers.start()
        deadline = time.monotonic() + 120
        while callers.told[200] < 6:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        served.process.send_signal(stopped)
        callers.wait()
        served.process.wait(timeout=60)
    assert set(callers.told) <= {200, 429}
    in_the_log = _identified(home_directory)
    assert in_the_log >= callers.told[200]
    if stopped is signal.SIGTERM:  # what was taken was finished, and its answer reached its caller
        assert in_the_log == callers.told[200]

    with server(home_directory, served_models) as again:
        status, _ = post(again.connection(), _IDENTIFY, photo_of("001"), headers)
        assert status == 200


def test_a_server_with_no_room_tells_callers_to_wait_and_goes_on(
    home_directory: Path,
    served_models: Path,
    headers: dict[str, str],
    photo_of: Callable[..., bytes],
) -> None:
    with server(home_directory, served_models, "--workers", "1", "--waiting", "0") as served:
        callers = _Callers(served, headers, photo_of("003"))
        callers.start()
        deadline = time.monotonic() + 120
        while not (callers.told[429] and callers.told[200] > 2):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        served.process.send_signal(signal.SIGINT)
        callers.wait()
        assert served.process.wait(timeout=60) == 0
    assert set(callers.told) == {200, 429}
    assert _identified(home_directory) == callers.told[200]
