"""A witness that listens on a free port, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chiso import wiring_witness
from chiso.account.checkpoint import vkey_text
from chiso.adapters.witness.server import WitnessServer
from chiso.services.witness import Witness


@dataclass(frozen=True, slots=True)
class Listening:
    """A witness that listens, and the lines that it told."""

    witness: Witness
    server: WitnessServer
    told: list[str]

    @property
    def address(self) -> tuple[str, str]:
        """What a home names it by: where it listens, and its key."""
        return self.server.url, vkey_text(self.witness.key)


@contextmanager
def listens(witness: Witness) -> Iterator[Listening]:
    """The witness listens while the block runs."""
    told: list[str] = []
    server = wiring_witness.witness_server(witness, "127.0.0.1", 0, told.append)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Listening(witness, server, told)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
