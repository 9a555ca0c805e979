"""A witness on disk, and one that listens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.witness.logs import MadeUpLog

from chiso import wiring_witness
from chiso.adapters.witness.server import WitnessServer
from chiso.services.witness import Witness


@dataclass(frozen=True, slots=True)
class Listening:
    """A witness that listens, and the lines that it told."""

    witness: Witness
    server: WitnessServer
    told: list[str]


@pytest.fixture
def log() -> MadeUpLog:
    return MadeUpLog().grow(7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "witness"


@pytest.fixture
def witness(folder: Path) -> Witness:
    return wiring_witness.make_witness(folder, "witness.example/w1")


@pytest.fixture
def listening(witness: Witness) -> Iterator[Listening]:
    told: list[str] = []
    server = wiring_witness.witness_server(witness, "127.0.0.1", 0, told.append)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Listening(witness, server, told)
    server.shutdown()
    server.server_close()
    thread.join()
