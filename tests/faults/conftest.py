"""The kit that faults are tried on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.kit import Kit, make_kit

from chiso.core.ports import Detector, Embedder


@pytest.fixture(scope="session")
def kit(
    tmp_path_factory: pytest.TempPathFactory,
    rendered_volunteers: Path,
    detector: Detector,
    embedder: Embedder,
) -> Kit:
    """A small home to copy. Nobody may work in it."""
    return make_kit(tmp_path_factory.mktemp("kit"), rendered_volunteers, detector, embedder)
