"""An application behind a real server, on a port of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chiso import wiring_serve
from chiso.interfaces.serve.app import create_app
from chiso.interfaces.serve.problems import of_no_http
from chiso.services.serving.service import Service


@contextmanager
def listening(service: Service) -> Iterator[str]:
    """Serve this service until the block ends; its address."""
    addresses: list[str] = []
    server = wiring_serve.server(create_app(service), None, of_no_http())
    wiring_serve.say_when_ready(server, addresses.append)
    socket = wiring_serve.listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([socket],))
    thread.start()
    try:
        while not addresses:
            time.sleep(0.01)
        yield addresses[0]
    finally:
        server.should_exit = True
        thread.join()
        socket.close()
