"""What normalisers are compared on: templates as the matcher makes them, references as enrolled."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from bench.london_embedded import embedded

from chiso import wiring
from chiso.core.settings import CaptureSettings
from chiso.services.engine import single_face


def test_references_are_made_as_an_enrolment_makes_them(
    london: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (london / "people.csv").read_text("utf-8").splitlines(keepends=True)[:3]
    (tmp_path / "people.csv").write_text("".join(lines), "utf-8")
    people = [line.split(",")[0] for line in lines[1:]]
    for name in people:
        for photo in london.glob(f"{name}_*.jpg"):
            shutil.copy(photo, tmp_path)
    monkeypatch.setenv("CHISO_LONDON", str(tmp_path))
    found = embedded(1)
    engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
    for name, reference in zip(people, found.references, strict=True):
        first = min(tmp_path.glob(f"{name}_*.jpg"))
        face = single_face(engine, first.read_bytes(), engine.capture.enrolment)
        (enrolled,) = engine.embedder.embed_references([face.aligned.chip])  # type: ignore[union-attr]
        np.testing.assert_allclose(reference, enrolled.vector, atol=1e-6)
