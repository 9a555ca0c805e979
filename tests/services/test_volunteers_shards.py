"""Shards of aligned chips: the same bytes always, whole, with the truth about each chip."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.services.drawn_studio import open_drawn_studio

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.services.volunteers.chips import scaled
from chiso.services.volunteers.outcome import Rendered, Standing
from chiso.services.volunteers.plan import ChipPlan
from chiso.services.volunteers.shards import render_shards
from chiso.volunteers.portraits import TONES

PLAN = ChipPlan(
    seed=7,
    people=3,
    captures=3,
    tones=TONES,
    tones_per_capture=2,
    chip_px=150,
    per_shard=9,
    size_px=256,
)
GEOMETRY = wiring.chip_geometry()


def _render(folder: Path, plan: ChipPlan = PLAN, jobs: int = 1) -> Rendered:
    return render_shards(plan, folder, GEOMETRY, open_drawn_studio, jobs, lambda _: None)


def _files(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def _samples(folder: Path) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """Every sample of every shard, by key, as WebDataset pairs them: neighbours of one stem."""
    samples: dict[str, tuple[bytes, dict[str, Any]]] = {}
    for path in sorted(folder.glob("chips-*.tar")):
        with tarfile.open(path) as archive:
            files = [(entry.name, archive.extractfile(entry)) for entry in archive]
            contents = [(name, file.read()) for name, file in files if file is not None]
        for (name, jpeg), (beside, document) in zip(contents[::2], contents[1::2], strict=True):
            key = name.removesuffix(".jpg")
            assert beside == f"{key}.json"
            assert key not in samples
            samples[key] = (jpeg, json.loads(document))
    return samples


@pytest.fixture(scope="session")
def rendered_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards") / "chips"
    _render(folder)
    return folder


@pytest.fixture
def chips(rendered_once: Path, tmp_path: Path) -> Path:
    """A folder that PLAN filled, to spoil."""
    shutil.copytree(rendered_once, tmp_path / "chips")
    return tmp_path / "chips"


def test_shards_hold_every_chip_once_with_what_is_known_of_it(chips: Path) -> None:
    assert set(_files(chips)) == {
        "render.json",
        "chips-000000.tar",
        "chips-000001.tar",
        "chips-000002.tar",
    }
    samples = _samples(chips)
    assert len(samples) == PLAN.count == 18
    for place in range(9):
        sitting = PLAN.sitting(place)
        for tone in sitting.tones:
            key = f"{sitting.person_number:07d}_{sitting.capture_number:04d}_{tone:02d}"
            known = samples[key][1]
            assert (known["person"], known["capture"]) == (sitting.person, sitting.capture)
            assert known["tone"] == tone
            assert set(known["person_traits"]) == {"hair", "age_years"}
            assert set(known["capture_traits"]) == {"light", "yaw_deg"}


def test_a_chip_shows_the_face_where_the_embedder_wants_it(chips: Path) -> None:
    for jpeg, known in _samples(chips).values():
        with Image.open(io.BytesIO(jpeg)) as picture:
            chip = np.asarray(picture.convert("L")).astype(int)
        assert chip.shape == (150, 150)
        landmarks = np.array(known["landmarks"])
        # The drawing has other proportions than a face; on average its points lie as wanted.
        assert np.allclose(landmarks.mean(axis=0), np.mean(GEOMETRY.points, axis=0), atol=0.01)
        assert np.abs(landmarks - np.array(GEOMETRY.points)).max() < 15
        for x, y in landmarks.round().astype(int):
            assert chip[y, x] < 60  # a black dot
            assert chip[y, x] < chip[y, x + 12] - 30  # on skin
        assert 0.5 < known["chip_px_per_portrait_px"] < 1


def test_the_same_arguments_give_the_same_shards_with_any_number_of_processes(
    chips: Path, tmp_path: Path
) -> None:
    assert _render(tmp_path / "again", jobs=3).now == 18
    assert _files(tmp_path / "again") == _files(chips)


def test_shards_tell_nothing_of_who_made_them_and_when(chips: Path) -> None:
    with tarfile.open(chips / "chips-000000.tar") as archive:
        for entry in archive:
            assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) == (
                0,
                0,
                0,
                "",
                "",
            )


def test_a_second_run_renders_only_the_shards_that_are_missing(chips: Path) -> None:
    before = _files(chips)
    (chips / "chips-000001.tar").unlink()
    (chips / ".chips-000001.tar.part").write_bytes(b"half a shard")
    told: list[Standing] = []
    done = render_shards(PLAN, chips, GEOMETRY, open_drawn_studio, 2, told.append)
    assert (done.count, done.now) == (18, 8)
    assert _files(chips) == before
    assert [each.done for each in told] == [10, 12, 14, 16, 18]
    assert [each.kept for each in told] == [10, 10, 10, 10, 18]


def test_more_people_join_and_the_shard_that_was_not_full_is_filled(
    chips: Path, tmp_path: Path
) -> None:
    larger = replace(PLAN, people=4)
    assert _render(chips, larger).now == 8
    assert _render(tmp_path / "at once", larger).now == 24
    assert _files(chips) == _files(tmp_path / "at once")


@pytest.mark.parametrize(
    "other", [{"captures": 4}, {"chip_px": 112}, {"tones_per_capture": 3}, {"people": 2}], ids=str
)
def test_other_arguments_in_the_same_folder_are_refused(chips: Path, other: dict[str, int]) -> None:
    before = _files(chips)
    with pytest.raises(ChisoError) as caught:
        _render(chips, replace(PLAN, **other))  # type: ignore[arg-type]
    assert caught.value.code is Code.BAD_ARGUMENT
    assert next(iter(other)) in caught.value.message
    assert _files(chips) == before


def test_chips_that_had_to_be_enlarged_are_counted(tmp_path: Path) -> None:
    small = replace(PLAN, people=1, captures=2, size_px=64)
    assert _render(tmp_path / "chips", small).enlarged == 4


def test_geometry_scales_about_the_corner_of_the_first_pixel() -> None:
    double = scaled(GEOMETRY, 300)
    for (x, y), (wide, high) in zip(GEOMETRY.points, double.points, strict=True):
        assert (wide + 0.5, high + 0.5) == pytest.approx((2 * (x + 0.5), 2 * (y + 0.5)))
    assert scaled(GEOMETRY, 150).points == pytest.approx(np.array(GEOMETRY.points))
