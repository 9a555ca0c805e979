"""A witness on disk, and one that listens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.witness.logs import MadeUpLog
from tests.witness.running import Listening, listens

from chiso import wiring_witness
from chiso.services.witness import Witness


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
    with listens(witness) as heard:
        yield heard
