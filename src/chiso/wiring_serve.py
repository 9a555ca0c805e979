"""The composition root of a server: an opened home, its models shared by threads, and uvicorn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn

from chiso import wiring
from chiso.adapters.credentials import system_credentials
from chiso.adapters.models.batching import BatchingEmbedder
from chiso.services.home import Engine
from chiso.services.serving.service import Service, ServiceSettings, service_of

_MOST_CHIPS_AT_ONCE = 8


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


def server(app: Any, host: str, port: int, tls: tuple[Path, Path] | None) -> uvicorn.Server:
    """A server of this application; it stops on Ctrl-C or SIGTERM when all it took is done."""
    certificate, key = (str(tls[0]), str(tls[1])) if tls else (None, None)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_level="warning",
        access_log=False,  # addresses of calls may name people
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=30,
        timeout_keep_alive=10,
        h11_max_incomplete_event_size=64 * 1024,
    )
    return uvicorn.Server(config)


def say_when_ready(server: uvicorn.Server, ready: Callable[[str], None]) -> None:
    """Call `ready` with the server's address once it listens."""
    startup = server.startup

    async def started(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        for each in server.servers:
            for socket in each.sockets:
                host, port = socket.getsockname()[:2]
                scheme = "https" if server.config.is_ssl else "http"
                ready(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
                return

    server.startup = started  # type: ignore[method-assign]
