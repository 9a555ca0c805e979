"""A witness's HTTP server: one request, `POST /add-checkpoint`, under limits of size and time."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from typing import Any, cast

from chiso.account.tlog_witness import MAX_BODY_BYTES, PATH, Reply
from chiso.core.errors import ChisoError, Code

Answer = Callable[[bytes], Reply]
"""A request's body → what the witness says to it."""
Tell = Callable[[str], None]
"""Called with one line a request, printable ASCII."""

_SILENCE_MAX_S = 10.0
_CONNECTION_MAX_S = 60.0
_CONNECTIONS_MAX = 64
_HEAD_MAX_BYTES = 128 * 1024
"""A request's first lines, which Python's server would let grow to six megabytes."""
_TOLD_MAX = 200


class WitnessServer(ThreadingHTTPServer):
    """Listens from construction on; answers while `serve_forever` runs.

    A connection may say nothing for 10 s and last 60 s; of more than 64 at once, the last are
    closed unheard. Ending the process at any moment loses nothing: what was seen is on disk before
    it is signed.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, answer: Answer, tell: Tell) -> None:
        self.answer = answer
        self.tell = tell
        self._seats = threading.BoundedSemaphore(_CONNECTIONS_MAX)
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), _Desk)
        except (OSError, OverflowError) as error:
            raise ChisoError(
                Code.BAD_ARGUMENT,
                f"This machine cannot listen at {host}, port {port} ({error}).",
                "Choose another with --port (0 for any that is free), or --host.",
            ) from error

    @property
    def url(self) -> str:
        """Where it listens: the submission prefix that logs are given."""
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if self.address_family == socket.AF_INET6 else host
        return f"http://{name!s}:{port}"

    def server_bind(self) -> None:
        """Take the port. HTTPServer's own would ask the name service who this machine is."""
        socketserver.TCPServer.server_bind(self)
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), int(port)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, while there are seats."""
        if not self._seats.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._seats.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection's requests until it ends, or its time is over."""
        ending = threading.Timer(_CONNECTION_MAX_S, _cut, [request])
        ending.daemon = True
        ending.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            ending.cancel()
            self._seats.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A connection broke off, mostly: nobody to answer to, and no reason to stop."""
        cause = type(sys.exception()).__name__
        self.tell(f"--- {client_address[0]}: the connection broke off ({cause})")


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself


class _Desk(BaseHTTPRequestHandler):
    """Reads one request after another from a connection."""

    protocol_version = "HTTP/1.1"
    server_version = "chiso-witness"
    sys_version = ""
    timeout = _SILENCE_MAX_S
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(code)d %(message)s\n"

    def setup(self) -> None:
        """Take the connection, and count what comes as lines."""
        super().setup()
        self.rfile = self._lines = _BoundedLines(self.rfile.detach())

    def handle_one_request(self) -> None:
        """Answer one request, whose lines are counted from nought."""
        self._lines.left_bytes = _HEAD_MAX_BYTES
        super().handle_one_request()

    def do_POST(self) -> None:
        """Answer `add-checkpoint`."""
        if self.path != PATH:
            self.send_error(HTTPStatus.NOT_FOUND, f"this witness answers POST {PATH} alone")
            return
        body = self._body()
        if body is None:
            return
        try:
            reply = self._server.answer(body)
        except ChisoError as error:
            self._server.tell(f"500 {ascii(error.message)[1:-1]} {ascii(error.hint)[1:-1]}")
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, "this witness cannot sign now")
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self._server.tell(f"{int(reply.status)} {ascii(reply.remark)[1:-1]}")

    @property
    def _server(self) -> WitnessServer:
        return cast(WitnessServer, self.server)

    def _body(self) -> bytes | None:
        """The request's body; None where it was refused instead."""
        text = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not (text.isascii() and text.isdecimal()):
            self.send_error(HTTPStatus.LENGTH_REQUIRED, "say Content-Length")
            return None
        if len(text) > len(str(MAX_BODY_BYTES)) or int(text) > MAX_BODY_BYTES:
            self.send_error(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {MAX_BODY_BYTES} bytes"
            )
            return None
        body = self.rfile.read(int(text))
        if len(body) < int(text):
            raise ConnectionAbortedError
        return body

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the line about a request is told with what was decided."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """One line about a request that was no request."""
        said = ascii((format % args)[:_TOLD_MAX])[1:-1]
        self._server.tell(f"--- {self.client_address[0]}: {said}")


class _BoundedLines(BufferedReader):
    """What a connection sends; reading lines fails once there are more than a request may have."""

    left_bytes = _HEAD_MAX_BYTES

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line. Raises ConnectionAbortedError past the limit."""
        most = self.left_bytes + 1
        line = super().readline(most if size is None or size < 0 else min(size, most))
        self.left_bytes -= len(line)
        if self.left_bytes < 0:
            raise ConnectionAbortedError
        return line
