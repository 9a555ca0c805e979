"""Fixtures that tests of several packages share."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests import postgres

from chiso import wiring
from chiso.adapters.models.model_store import ModelStore
from chiso.adapters.models.opening import open_detector, open_embedder
from chiso.core.ports import Detector, Embedder

# How long an example takes says how busy the machine is, not whether Chiso is right.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_REPOSITORY = Path(__file__).parent.parent
_NO_LONDON = "no London photos"
_NO_RENDERED = "no rendered volunteers"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that little was shown where most tests had no photos to run on."""
    skipped: Sequence[pytest.TestReport] = terminalreporter.getreports("skipped")
    remedies = {
        _NO_LONDON: "What passed shows little. Set CHISO_LONDON to a folder of them; "
        "`chiso demo --fetch` fetches them (49 MB, CC BY 4.0) into the user's cache, on Linux "
        "~/.cache/chiso/london.",
        _NO_RENDERED: "`make volunteer-set` renders them into the package.",
    }
    counts = {what: sum(what in str(report.longrepr) for report in skipped) for what in remedies}
    if not any(counts.values()):
        return
    terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
    for what, count in counts.items():
        if count:
            terminalreporter.line(
                f"{count} tests were skipped: there are {what}. {remedies[what]}",
                red=True,
                bold=True,
            )


@pytest.fixture(scope="session")
def london() -> Path:
    """The folder of London Set photos: `<subject>_neutral.jpg`, `<subject>_smiling.jpg`."""
    folder = Path(os.environ.get("CHISO_LONDON", _REPOSITORY.parent / "shared/data/london"))
    if not (folder / "people.csv").is_file():
        pytest.skip(f"{_NO_LONDON} in {folder}; set CHISO_LONDON to their folder")
    return folder


@pytest.fixture(scope="session")
def rendered_volunteers() -> Path:
    """The folder of rendered people that Chiso carries: people.csv, photos.csv, photos."""
    folder = wiring.shipped_volunteers()
    if not (folder / "people.csv").is_file():
        pytest.skip(f"{_NO_RENDERED} in {folder}; `make volunteer-set` renders them")
    return folder


@pytest.fixture(scope="session")
def yunet_file() -> Path:
    """YuNet as its publisher offers it."""
    file = _REPOSITORY.parent / "shared/models/face_detection_yunet_2023mar.onnx"
    if not file.is_file():
        pytest.skip(f"no YuNet at {file}")
    return file


@pytest.fixture(scope="session")
def model_store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """A store that keeps the graphs it has built until the tests end."""
    return ModelStore(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def detector(model_store: ModelStore) -> Detector:
    """The offline pack's detector."""
    return open_detector(model_store, "centerface")


@pytest.fixture(scope="session")
def embedder(model_store: ModelStore) -> Embedder:
    """The offline pack's embedder."""
    return open_embedder(model_store, "dlib-resnet-v1")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """The folder of the socket of a PostgreSQL server; skips where none is installed."""
    with postgres.server() as folder:
        yield folder
