"""The composition root of a server: an opened home, its models shared by threads, and uvicorn."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import h11
import uvicorn
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from chiso import wiring
from chiso.adapters.credentials import system_credentials
from chiso.adapters.models.batching import BatchingEmbedder
from chiso.core.errors import ChisoError, Code
from chiso.services.home import Engine
from chiso.services.serving.service import Service, ServiceSettings, service_of

_MOST_CHIPS_AT_ONCE = 8
HEADERS_WITHIN_S = 10.0
"""From when a caller connects, or goes on after an answer, to the end of its headers."""


def open_service(directory: Path, settings: ServiceSettings, *, is_secure: bool) -> Service:
    """Open a home to serve it: models are loaded once, and probes of several callers batched."""
    home = wiring.open_home(directory)

    @cache
    def engine() -> Engine:
        loaded = home.engine()
        return replace(loaded, embedder=BatchingEmbedder(loaded.embedder, _MOST_CHIPS_AT_ONCE))

    credentials = system_credentials(home.randomness)
    return service_of(
        replace(home, engine=engine),
        settings,
        credentials,
        wiring.report_shelf(home),
        is_secure=is_secure,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens here. Raises BAD_ARGUMENT where none can: taken, or not ours."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # Named as TCP, which `socket.create_server` leaves out: only then does asyncio send small
        # answers at once, instead of 40 ms later.
        listening = socket.socket(family, kind, socket.IPPROTO_TCP)
        try:
            if os.name == "posix":  # a port that was left just now may be taken again
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen()
        except OSError:
            listening.close()
            raise
        return listening
    except OSError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"Nothing can listen at {host}, port {port}: {error.strerror or error}.",
            "Another server may be there: stop it, or give another --port (0 takes any).",
        ) from error


def server(app: Any, tls: tuple[Path, Path] | None, not_http: Response) -> uvicorn.Server:
    """A server of this application; it stops on Ctrl-C or SIGTERM when all it took is done.

    `not_http` answers what is no HTTP, which the application never sees. Raises BAD_ARGUMENT where
    certificate and key are none, or not of each other.
    """

    class Connection(_Connection):
        of_no_http = not_http

    certificate, key = (str(tls[0]), str(tls[1])) if tls else (None, None)
    config = uvicorn.Config(
        app,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_level="warning",
        access_log=False,  # addresses of calls may name people
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=30,
        timeout_keep_alive=10,
        http=Connection,
        h11_max_incomplete_event_size=64 * 1024,
    )
    try:
        config.load()
    except (OSError, ValueError) as error:  # ssl's errors are OSErrors
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The certificate or its key cannot be used ({error}).",
            "Give the certificate with its chain and the key that belongs to it, both as PEM.",
        ) from error
    return uvicorn.Server(config)


def say_when_ready(server: uvicorn.Server, ready: Callable[[str], None]) -> None:
    """Call `ready` with the server's address once it listens."""
    startup = server.startup

    async def started(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        for each in server.servers:
            for listening in each.sockets:
                host, port = listening.getsockname()[:2]
                scheme = "https" if server.config.is_ssl else "http"
                ready(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
                return

    server.startup = started  # type: ignore[method-assign]


class _Connection(H11Protocol):
    """Closes a connection whose headers do not end in time; uvicorn would wait for them for ever.

    Bodies have a limit of their own (`interfaces.serve.body_limits`). What is no HTTP is answered
    as every other error is, and not in uvicorn's words.
    """

    of_no_http: Response
    _too_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Wait on, or no longer."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._stop()

    def send_400_response(self, msg: str) -> None:
        """Say that this was no HTTP, where nothing was answered yet, and close."""
        del msg
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = self.of_no_http
            headers = [*answer.raw_headers, (b"connection", b"close")]
            with suppress(h11.LocalProtocolError):  # an answer to HEAD has no body
                for event in (
                    h11.Response(status_code=answer.status_code, headers=headers),
                    h11.Data(data=bytes(answer.body)),
                    h11.EndOfMessage(),
                ):
                    self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop()
        elif self._too_late is None:
            self._too_late = self.loop.call_later(HEADERS_WITHIN_S, self.transport.close)

    def _stop(self) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None
