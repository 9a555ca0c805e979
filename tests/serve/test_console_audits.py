"""Audits in the console: run on a folder of the home, recorded, shown as the log has them."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.serve.conftest import served
from tests.serve.console import Console, Page

from chiso import wiring
from chiso.core.access import Role
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.console import audits
from chiso.services.audit.measuring import Watcher
from chiso.services.serving.audit_runs import AuditRuns
from chiso.services.serving.service import Service, ServiceSettings

_PATIENCE_S = 120


@pytest.fixture
def measuring(serving: tuple[Service, TestClient]) -> Console:
    """A home with a few rendered volunteers to measure with, and an administrator signed in."""
    console = Console(*serving)
    shipped = wiring.shipped_volunteers()
    folder = console.service.home.path / "studies" / "volunteers"
    folder.mkdir(parents=True)
    rows = (shipped / "people.csv").read_text().splitlines(keepends=True)
    kept = [row for row in rows[1:] if row.split(",")[2] in ("1", "2")]
    (folder / "people.csv").write_text("".join([rows[0], *kept]))
    for row in kept:
        for photo in shipped.glob(f"{row.split(',')[0]}_*.jpg"):
            shutil.copy(photo, folder)
    (folder / "consent.md").write_text("Nobody is in these photos.")
    console.sign_in(Role.ADMIN)
    return console


def _wait(console: Console) -> dict[str, object]:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        said: dict[str, object] = console.client.get("/audits/progress").json()
        if said["over"]:
            return said
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_an_audit_is_run_recorded_and_shown_in_a_sandbox(measuring: Console) -> None:
    fields = {"folder": "volunteers", "column": "tone"}
    assert measuring.post("/audits/run", **fields).status_code == 303
    assert measuring.post("/audits/run", **fields).status_code == 429
    _wait(measuring)
    done = measuring.service.audit_runs.last
    assert done is not None
    assert done.error is None
    shown = measuring.get(f"/audits/{done.seq}")
    (frame,) = Page(shown.text).all("iframe")
    assert frame["sandbox"] in (None, "")
    report = measuring.client.get(frame["src"] or "")
    assert "sandbox" in report.headers["Content-Security-Policy"]
    assert "volunteers" in report.text
    assert "Last audit" in measuring.get("/").text


def test_a_report_that_was_changed_is_not_shown(measuring: Console) -> None:
    measuring.post("/audits/run", folder="volunteers", column="tone")
    _wait(measuring)
    done = measuring.service.audit_runs.last
    assert done is not None
    (kept,) = (measuring.service.home.path / "reports").iterdir()
    page = kept.read_bytes()
    kept.write_bytes(page + b" ")
    assert "iframe" not in measuring.get(f"/audits/{done.seq}").text
    assert measuring.client.get(f"/audits/{done.seq}/report").status_code == 404
    assert _offer(measuring, f"/audits/{done.seq}/report", page + b" ") == 400
    assert _offer(measuring, f"/audits/{done.seq}/report", page) == 303
    assert "iframe" in measuring.get(f"/audits/{done.seq}").text


def test_without_what_people_signed_nothing_is_measured(measuring: Console) -> None:
    folder: Path = measuring.service.home.path / "studies" / "volunteers"
    (folder / "consent.md").unlink()
    assert "is missing" in measuring.get("/audits").text
    measuring.post("/audits/run", folder="volunteers", column="tone")
    _wait(measuring)
    assert "does not say what its people signed" in measuring.get("/audits").text
    assert "None is recorded yet" in measuring.get("/audits").text


def test_only_folders_of_this_home_are_measured(measuring: Console) -> None:
    for name in ("..", "../..", "/", str(wiring.shipped_volunteers())):
        assert measuring.post("/audits/run", folder=name, column="tone").status_code == 404


def test_a_run_that_stops_gives_its_place_away(console: Console) -> None:
    runs = AuditRuns(console.service.home.clock)
    runs.begin("first")
    with pytest.raises(ChisoError) as refused:
        runs.begin("second")
    assert refused.value.code is Code.BUSY

    def stops(_: object) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        runs.run(stops)
    assert runs.last is not None
    assert runs.last.error is not None
    runs.begin("third")


def test_a_server_that_stops_does_not_wait_for_an_audit(console: Console) -> None:
    runs = AuditRuns(console.service.home.clock)
    runs.begin("long")

    def lasts(watch: Watcher) -> int:
        watch("Looking at photos", 1, 1_000_000)
        runs.stop()
        watch("Looking at photos", 2, 1_000_000)
        raise AssertionError("it went on")

    runs.run(lasts)
    assert runs.last is not None
    assert runs.last.error is not None
    assert runs.last.error.code is Code.BUSY


def test_a_station_goes_on_while_an_audit_runs(
    home_directory: Path, photo_of: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, enough = threading.Event(), threading.Event()

    def lasts(*_: object) -> int:
        begun.set()
        assert enough.wait(_PATIENCE_S)
        return 0

    monkeypatch.setattr(audits, "_measure", lasts)
    with served(home_directory, ServiceSettings(workers=1, waiting=0)) as serving:
        console = Console(*serving)
        (console.service.home.path / "studies" / "some").mkdir(parents=True)
        (console.service.home.path / "studies" / "some" / "people.csv").write_text("")
        console.sign_in(Role.ADMIN)
        assert console.post("/audits/run", folder="some", column="tone").status_code == 303
        assert begun.wait(_PATIENCE_S)
        files, own = {"photo": photo_of("001")}, {"Sec-Fetch-Site": "same-origin"}
        looked = console.client.post("/v1/detections", files=files, headers=own)
        enough.set()
        assert looked.status_code == 200


def _offer(console: Console, path: str, page: bytes) -> int:
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    files = {"report": ("report.html", page, "text/html")}
    answer = console.client.post(path, files=files, headers=headers, follow_redirects=False)
    return int(answer.status_code)
