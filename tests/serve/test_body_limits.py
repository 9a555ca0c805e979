"""Bodies that are too large, too slow, too many or too deep are refused while they arrive."""

from __future__ import annotations

import http.client
import json
import select
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest
from fastapi.testclient import TestClient
from tests.serve.listening import listening

from chiso import wiring_serve
from chiso.core.access import Role
from chiso.core.settings import DecodeLimits
from chiso.interfaces.serve import app as application
from chiso.interfaces.serve.body_limits import BodyLimit
from chiso.services.access.keys import machine_operator
from chiso.services.access.links import new_person_link
from chiso.services.people import subjects
from chiso.services.serving.service import Service

Photo = Callable[..., bytes]
Key = Callable[..., dict[str, str]]
JPEG = {"Content-Type": "image/jpeg"}


def test_a_photo_is_not_read_beyond_its_limit(
    client: TestClient, key_of: Key, service: Service
) -> None:
    limit = service.home.capture.decode.max_bytes

    def unannounced() -> Iterator[bytes]:
        for _ in range((limit >> 20) + 1):
            yield bytes(1 << 20)

    answer = client.post(
        "/v1/detections", content=unannounced(), headers=key_of(Role.VERIFIER) | JPEG
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_body_that_says_it_is_too_large_is_refused_unread(
    client: TestClient, key_of: Key
) -> None:
    headers = key_of(Role.ADMIN) | {"Content-Type": "application/json"}
    answer = client.post("/v1/keys", content=b" " * 70_000, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_json_is_not_parsed_deeper_than_it_makes_sense(client: TestClient, key_of: Key) -> None:
    headers = key_of(Role.ADMIN) | {"Content-Type": "application/json"}
    deep = b"[" * 10_000 + b"]" * 10_000
    answer = client.post("/v1/keys", content=deep, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-argument")
    assert "deeper" in answer.json()["detail"]
    text = json.dumps({"name": "[" * 100 + '\\"['}).encode()
    assert "deeper" not in client.post("/v1/keys", content=text, headers=headers).text


def test_what_is_sent_as_something_else_is_refused(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    admin, photo = key_of(Role.ADMIN), photo_of("001")
    for path, kind in (
        ("/v1/keys", "text/plain"),
        ("/v1/keys", "image/jpeg"),
        ("/v1/detections", "application/json"),
        ("/v1/detections", ""),
        ("/v1/receipts", "application/x-www-form-urlencoded"),
        ("/v1/receipts", "multipart/form-data"),
        ("/v1/receipts", "multipart/form-data; boundary=x; charset=idna"),
    ):
        headers = admin | {"Content-Type": kind}
        answer = client.post(path, content=photo[:60_000], headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-argument"), path


def test_no_photo_of_a_form_is_written_to_a_disk(
    client: TestClient, key_of: Key, photo_of: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a file was made")

    monkeypatch.setattr("tempfile.TemporaryFile", forbidden)
    large = photo_of("001") + bytes(3 << 20)
    answer = client.post(
        "/v1/detections", files={"photo": ("x", large)}, headers=key_of(Role.VERIFIER)
    )
    assert answer.status_code == 200
    for path in ("/sign-in", "/audits/1/report", "/enrol/done"):  # whoever sends it, and wherever
        headers = {"Sec-Fetch-Site": "same-origin"}
        refused = client.post(path, files={"photo": ("x", large)}, headers=headers)
        assert refused.status_code in (401, 413), path


def test_a_body_that_comes_too_slowly_is_sent_away_and_holds_up_nobody(
    service: Service, key_of: Key, photo_of: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = BodyLimit(1 << 20, 1 << 20, within_s=0.5, at_once=3)
    monkeypatch.setattr(application, "_body_limit", lambda _: limit)
    secret = key_of(Role.VERIFIER)["Authorization"]
    head = (
        "POST /v1/detections HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
        f"Content-Type: image/jpeg\r\nAuthorization: {secret}\r\n\r\n"
    ).encode()
    with listening(service) as url:
        port = int(url.rpartition(":")[2])
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
        for each in slow:
            each.sendall(head + b"x")
        statuses = sorted(each.recv(100_000).split(b" ")[1] for each in slow)
        assert statuses == [b"408", b"408", b"408", b"429"]
        assert service.photos.inside == 0
        for each in slow:
            each.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/sign-in", "multipart/form-data; boundary=b"),
        ("/enrol/done", "multipart/form-data; boundary=b"),
        ("/audits/1/report", "multipart/form-data; boundary=b"),
        ("/kiosk/look", "image/jpeg"),
        ("/v1/receipts", "multipart/form-data; boundary=b"),
        ("/v1/detections", "image/jpeg"),
        ("/me/card", "image/jpeg"),
        ("/me/card-look", "multipart/form-data; boundary=b"),
        ("/me/{link}/look", "image/jpeg"),
    ],
)
def test_whoever_is_not_known_takes_no_room_of_those_who_are(
    service: Service,
    key_of: Key,
    photo_of: Photo,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    kind: str,
) -> None:
    (her, *_) = subjects(service.home, "001")
    link = new_person_link(
        service.home, machine_operator(service.home), her.subject.subject_id
    ).removeprefix("/me/")
    limit = BodyLimit(1 << 20, 1 << 20, at_once=2, strangers_at_once=2, address_at_once=2)
    monkeypatch.setattr(application, "_body_limit", lambda _: limit)
    head = (
        f"POST {path.format(link=link)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n"
        f"Content-Type: {kind}\r\nSec-Fetch-Site: same-origin\r\n\r\n--b\r\n"
    ).encode()
    with listening(service) as url, httpx.Client(base_url=url) as client:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        stalled = [socket.create_connection(address) for _ in range(4)]
        for each in stalled:
            each.sendall(head)
        if path.startswith("/me/"):  # the room of strangers is full
            assert _first_answers(stalled, 2) == [b"429", b"429"]
        answer = client.post(
            "/v1/detections", content=photo_of("001"), headers=key_of(Role.VERIFIER) | JPEG
        )
        assert answer.status_code == 200
        for each in stalled:
            each.close()


def _first_answers(waiting: list[socket.socket], count: int) -> list[bytes]:
    """The statuses of the first connections that are answered."""
    left, statuses = list(waiting), list[bytes]()
    while len(statuses) < count:
        for each in select.select(left, [], [], 60)[0]:
            statuses.append(each.recv(100_000).split(b" ")[1])
            left.remove(each)
    return statuses


def test_a_form_without_files_is_small_however_it_is_sent(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    for path in ("/sign-in", "/kiosk"):
        fields = {"name": "x" * 10, "password": "x", "key": "x", "more": "x" * 60_000}
        files = {"photo": ("x", bytes(60_000))}
        refused = client.post(path, data=fields, files=files, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large"), path


def test_a_person_reads_on_a_page_that_her_form_was_too_large(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    refused = client.post("/enrol/photos", files={"form": bytes(70 << 20)}, headers=headers)
    assert refused.status_code == 413
    assert refused.headers["Content-Type"].startswith("text/html")
    assert "Send less" in refused.text


@pytest.mark.parametrize(
    ("kind", "begun"),
    [
        ("image/jpeg", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=photo"),
        ("application/json", b"{"),
    ],
)
def test_who_goes_away_while_she_sends_is_no_fault_of_the_server(
    service: Service, key_of: Key, kind: str, begun: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    secret = key_of(Role.ADMIN)["Authorization"]
    head = (
        "POST /v1/detections HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n"
        f"Content-Type: {kind}\r\nAuthorization: {secret}\r\n\r\n"
    ).encode()
    with listening(service) as url, httpx.Client(base_url=url) as client:
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as connection:
            connection.sendall(head + begun)
            while not client.get("/v1/health").is_success:
                pass
        deadline = time.monotonic() + 30
        while 'method="POST"' not in (
            metrics := client.get("/v1/metrics", headers={"Authorization": secret}).text
        ):
            assert time.monotonic() < deadline
    (counted,) = [
        line for line in metrics.splitlines() if line.startswith('chiso_calls_total{method="POST"')
    ]
    assert 'status="400"' in counted
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000,
        b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: a\r\n\r\n",
        b"\0\r\n\r\n",
        b"POST /v1/keys HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ],
    ids=["headers without end", "an unknown encoding", "no headers", "a broken chunk"],
)
def test_what_is_no_http_is_answered_as_every_other_error(service: Service, sent: bytes) -> None:
    with listening(service) as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        with socket.create_connection(address) as connection:
            connection.sendall(sent)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert answer.status == 400
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            problem = json.loads(answer.read())
            assert problem["code"] == "bad-argument"
            assert problem["hint"]


def test_an_answer_without_a_body_says_that_too(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(service) as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        with socket.create_connection(address) as connection:
            connection.sendall(
                b"HEAD /v1/health HTTP/1.1\r\nHost: localhost\r\n"
                b"Transfer-Encoding: chunked\r\n\r\nx\r\n"
            )
            answer = http.client.HTTPResponse(connection, method="HEAD")
            answer.begin()
            assert answer.status in (400, 405)
            assert connection.recv(1) == b""
    assert "Traceback" not in caplog.text


def test_headers_that_come_too_slowly_end_the_connection(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring_serve, "HEADERS_WITHIN_S", 0.5)
    with listening(service) as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        with socket.create_connection(address) as silent, socket.create_connection(address) as slow:
            whole = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
            slow.sendall(whole)
            answered = b""
            while not answered.endswith(b"}"):
                answered += slow.recv(100_000)
            slow.sendall(whole[:-1])
            assert slow.recv(1) == silent.recv(1) == b""


def test_limits_follow_what_a_photo_may_be(service: Service) -> None:
    capture = replace(service.home.capture, decode=DecodeLimits(max_bytes=7))
    smaller = replace(service, home=replace(service.home, capture=capture))
    assert application._body_limit(smaller).photo_bytes == 7
