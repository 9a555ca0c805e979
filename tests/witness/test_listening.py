"""A real witness on a real port: what it answers, and what it does not put up with."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse

import pytest
from tests.witness.logs import MadeUpLog
from tests.witness.running import Listening

from chiso import wiring_witness
from chiso.account.checkpoint import parse_note
from chiso.account.cosignature import cosigned_at
from chiso.account.tlog_witness import MAX_BODY_BYTES, PATH
from chiso.adapters.witness.link import HttpWitnessLink
from chiso.core.errors import ChisoError, Code
from chiso.services.witness import trust


def _raw(listening: Listening, sent: bytes) -> bytes:
    """All that comes back to these bytes before the connection ends."""
    host, port = listening.server.server_address[:2]
    with socket.create_connection((str(host), int(port)), timeout=5.0) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(4096):
            received += piece
    return received


def _post(connection: HTTPConnection, body: bytes) -> tuple[HTTPResponse, bytes]:
    connection.request("POST", PATH, body)
    response = connection.getresponse()
    return response, response.read()


def test_a_growing_log_is_cosigned_over_one_connection(
    listening: Listening, log: MadeUpLog
) -> None:
    witness = listening.witness
    trust(witness, log.vkey)
    host, port = listening.server.server_address[:2]
    connection = HTTPConnection(str(host), int(port), timeout=5.0)
    for old, new in [(0, 2), (2, 7)]:
        response, body = _post(connection, log.request(old, new))
        assert response.status == 200
        note = parse_note(log.note(new) + body.decode())
        assert cosigned_at(note, witness.key, witness.verify) is not None
    response, body = _post(connection, log.request(2, 7))
    assert (response.status, response.getheader("Content-Type")) == (409, "text/x.tlog.size")
    assert body == b"7\n"
    connection.close()
    assert [line[:3] for line in listening.told] == ["200", "200", "409"]


def test_the_link_brings_a_witnesss_answers_back(listening: Listening, log: MadeUpLog) -> None:
    link = HttpWitnessLink()
    assert link.ask(listening.server.url, log.request(0)).status == 404
    trust(listening.witness, log.vkey)
    assert link.ask(listening.server.url + "/", log.request(0)).status == 200


def test_a_witness_that_does_not_listen_is_silent(listening: Listening, log: MadeUpLog) -> None:
    url = listening.server.url
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    for where in (nobody, "http://127.0.0.1:1/prefix"):
        with pytest.raises(ChisoError, match="does not answer") as caught:
            HttpWitnessLink().ask(where, log.request(0))
        assert caught.value.code is Code.WITNESS_SILENT
    assert HttpWitnessLink().ask(url, b"").status == 400


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /add-checkpoint HTTP/1.1\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
            b"413",
        ),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"413"),
        (b"POST /elsewhere HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"404"),
        (b"GET /add-checkpoint HTTP/1.1\r\n\r\n", b"501"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
    ],
)
def test_a_request_out_of_bounds_is_refused_and_the_witness_goes_on(
    listening: Listening, log: MadeUpLog, sent: bytes, status: bytes
) -> None:
    assert status in _raw(listening, sent).partition(b"\r\n")[0]
    trust(listening.witness, log.vkey)
    assert HttpWitnessLink().ask(listening.server.url, log.request(0)).status == 200


def test_a_request_that_breaks_off_is_not_answered_as_if_whole(
    listening: Listening, log: MadeUpLog
) -> None:
    trust(listening.witness, log.vkey)
    body = log.request(0)
    head = b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1)
    assert _raw(listening, head + body) == b""
    assert HttpWitnessLink().ask(listening.server.url, body).status == 200


def test_a_request_of_endless_headers_is_cut_off(listening: Listening) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 60_000) for number in range(4))
    try:
        answer = _raw(listening, b"POST /add-checkpoint HTTP/1.1\r\n" + lines + b"\r\n")
    except ConnectionError:
        answer = b""
    assert answer == b""
    assert HttpWitnessLink().ask(listening.server.url, b"").status == 400


def test_many_requests_of_one_connection_have_headers_of_their_own(listening: Listening) -> None:
    head = b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 0\r\nX: %s\r\n\r\n" % (b"a" * 60_000)
    assert _raw(listening, head * 4).count(b"HTTP/1.1 400 ") == 4


def test_a_line_about_nonsense_is_short(listening: Listening) -> None:
    _raw(listening, b"\xff" * 60_000 + b" / HTTP/1.1\r\n\r\n")
    assert [len(line) < 1000 for line in listening.told] == [True]


@pytest.mark.parametrize("size", [b"-5", b"-1", b"zz"])
def test_a_witness_whose_answer_has_an_odd_size_is_silent(size: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\n"
    sent: list[int] = []

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            for _ in range(200):
                connection.sendall(bytes(100_000))
                sent.append(100_000)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        with pytest.raises(ChisoError, match="does not answer") as caught:
            HttpWitnessLink().ask(f"http://127.0.0.1:{server.getsockname()[1]}", b"")
        thread.join()
    assert caught.value.code is Code.WITNESS_SILENT
    assert sum(sent) < 20_000_000


def test_a_connection_that_drips_is_cut_off(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chiso.adapters.witness.server._CONNECTION_MAX_S", 0.2)
    host, port = listening.server.server_address[:2]
    with socket.create_connection((str(host), int(port)), timeout=5.0) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nX-Slow: ")
        assert connection.recv(1) == b""


def test_more_connections_than_seats_are_closed_and_their_end_frees_seats(
    listening: Listening, log: MadeUpLog
) -> None:
    host, port = listening.server.server_address[:2]
    idle = [socket.create_connection((str(host), int(port)), timeout=5.0) for _ in range(64)]
    try:
        with pytest.raises(ChisoError, match="does not answer"):
            HttpWitnessLink().ask(listening.server.url, log.request(0))
    finally:
        for each in idle:
            each.close()
    for _ in range(100):
        try:
            answer = HttpWitnessLink().ask(listening.server.url, log.request(0))
            break
        except ChisoError:
            continue
    assert answer.status == 404


def test_a_port_that_is_taken_is_said_so(listening: Listening) -> None:
    port = int(listening.server.server_address[1])
    with pytest.raises(ChisoError, match="cannot listen") as caught:
        wiring_witness.witness_server(listening.witness, "127.0.0.1", port, lambda _: None)
    assert caught.value.code is Code.BAD_ARGUMENT


def test_an_edited_state_is_an_error_of_the_witness_and_not_of_the_log(
    listening: Listening, log: MadeUpLog
) -> None:
    trust(listening.witness, log.vkey)
    (known,) = listening.witness.state.logs()
    listening.witness.state.replace(known, replace(known, seal=b"no"))
    answer = HttpWitnessLink().ask(listening.server.url, log.request(0))
    assert answer.status == 500
    assert listening.told[0].startswith("500 What this witness remembers")
