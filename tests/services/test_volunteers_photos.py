"""Photos of rendered volunteers: the same files always, none rendered twice, none half written."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.services.drawn_studio import (
    DrawnStudio,
    open_drawn_studio,
    open_dying_studio,
    open_faulty_studio,
    open_missing_studio,
    open_other_studio,
)

from chiso.core.errors import ChisoError, Code
from chiso.services.volunteers.crew import OpenStudio
from chiso.services.volunteers.folder import held
from chiso.services.volunteers.outcome import Rendered, Standing
from chiso.services.volunteers.photos import render_photos
from chiso.services.volunteers.plan import PhotoPlan

PLAN = PhotoPlan(seed=7, people=3, captures=2, tones=(10, 1), one_tone=False, size_px=128)
NOT_PHOTOS = {"render.json", "render.jsonl", "people.csv", "photos.csv"}


def _render(
    folder: Path,
    plan: PhotoPlan = PLAN,
    open_studio: OpenStudio = open_drawn_studio,
    jobs: int = 1,
) -> Rendered:
    return render_photos(plan, folder, open_studio, jobs, lambda _: None)


def _files(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.fixture(scope="session")
def rendered_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered") / "made"
    _render(folder)
    return folder


@pytest.fixture
def made(rendered_once: Path, tmp_path: Path) -> Path:
    """A folder that PLAN filled, to spoil."""
    shutil.copytree(rendered_once, tmp_path / "made")
    return tmp_path / "made"


def test_a_folder_holds_what_the_studio_made_and_what_is_known_of_it(made: Path) -> None:
    files = _files(made)
    assert set(files) - NOT_PHOTOS == {
        f"00{person}_tone{tone}_0{capture}.jpg"
        for person in (1, 2, 3)
        for capture in (1, 2)
        for tone in ("01", "10")
    }
    (sitting, *_) = PLAN.sittings()
    ten, one = DrawnStudio().portraits(sitting.person, sitting.capture, (10, 1), 128)
    assert (files["001_tone10_01.jpg"], files["001_tone01_01.jpg"]) == (ten.jpeg, one.jpeg)

    with (made / "people.csv").open(newline="") as people:
        rows = list(csv.DictReader(people))
    assert [row["subject"] for row in rows] == ["001", "002", "003"]
    assert rows[0] == {
        "subject": "001",
        "person": str(sitting.person),
        "tone": "1 10",
        **one.person_traits,
    }
    with (made / "photos.csv").open(newline="") as photos:
        first, *others = csv.DictReader(photos)
    assert len(others) == 11
    assert (first["photo"], first["tone"]) == ("001_tone10_01.jpg", "10")
    assert (first["capture"], first["light"]) == (str(sitting.capture), "window")
    assert float(first["image_right_eye_y_px"]) == pytest.approx(ten.landmarks[1, 1], abs=1e-3)


def test_the_same_arguments_give_the_same_files_with_any_number_of_processes(
    made: Path, tmp_path: Path
) -> None:
    assert _render(tmp_path / "again", jobs=3) == Rendered(12, 12, DrawnStudio.digest)
    assert _files(tmp_path / "again") == _files(made)


def test_a_second_run_renders_nothing_and_changes_nothing(made: Path) -> None:
    before = _files(made)
    assert _render(made) == Rendered(12, 0, DrawnStudio.digest)
    assert _files(made) == before


@pytest.mark.parametrize("defect", ["gone", "cut short"])
def test_a_photo_that_is_not_as_it_was_written_is_rendered_anew(made: Path, defect: str) -> None:
    before = _files(made)
    photo = made / "002_tone01_02.jpg"
    if defect == "gone":
        photo.unlink()
    else:
        photo.write_bytes(before[photo.name][:100])
    assert _render(made).now == 2  # both tones of the capture: light is traced once for all
    assert _files(made) == before


def test_a_run_goes_on_where_a_killed_one_stopped(made: Path) -> None:
    before = _files(made)
    journal = before["render.jsonl"].splitlines(keepends=True)
    (made / "render.jsonl").write_bytes(b"".join(journal[:5]) + journal[5][:40])
    (made / ".003_tone01_01.jpg.part").write_bytes(b"half a photo")
    for name in ("people.csv", "photos.csv"):
        (made / name).unlink()
    assert _render(made).now == 8
    assert _files(made) == before


@pytest.mark.parametrize("line", [b"[]", b"7", b"{}", b'{"photo": "x"}', b"\xff\xfe", b""])
def test_a_line_of_the_journal_that_says_nothing_counts_for_nothing(
    made: Path, line: bytes
) -> None:
    before = _files(made)
    (made / "render.jsonl").write_bytes(line + b"\n" + before["render.jsonl"])
    assert _render(made).now == 0
    assert _files(made) == before


def test_more_people_and_captures_join_those_who_are_there(made: Path, tmp_path: Path) -> None:
    larger = replace(PLAN, people=4, captures=3)
    told: list[Standing] = []
    grown = render_photos(larger, made, open_drawn_studio, 2, told.append)
    assert (grown.count, grown.now) == (24, 12)
    assert [each.done for each in told] == [12, 14, 16, 18, 20, 22, 24]
    assert _render(tmp_path / "at once", larger).now == 24
    assert _files(made) == _files(tmp_path / "at once")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"seed": 8}, "seed was 7, not 8"),
        ({"tones": (10, 5)}, "tones was [10, 1], not [10, 5]"),
        ({"one_tone": True}, "one_tone"),
        ({"size_px": 64}, "size_px was 128, not 64"),
        ({"people": 2}, "people was 3, more than 2"),
        ({"people": 1000}, "subject_digits"),
    ],
    ids=str,
)
def test_other_arguments_in_the_same_folder_are_refused(
    made: Path, other: dict[str, object], said: str
) -> None:
    before = _files(made)
    with pytest.raises(ChisoError) as caught:
        _render(made, replace(PLAN, **other))  # type: ignore[arg-type]
    assert caught.value.code is Code.BAD_ARGUMENT
    assert said in caught.value.message
    assert "--out" in caught.value.hint
    assert _files(made) == before


def test_another_version_of_the_studio_does_not_mix_its_photos_in(made: Path) -> None:
    before = _files(made)
    with pytest.raises(ChisoError) as caught:
        _render(made, replace(PLAN, people=4), open_other_studio)
    assert caught.value.code is Code.BAD_ARGUMENT
    assert "another version of the studio" in caught.value.message
    assert _files(made) == before


@pytest.mark.parametrize("content", ["no JSON", "[]"])
def test_a_folder_whose_terms_cannot_be_read_is_refused(made: Path, content: str) -> None:
    (made / "render.json").write_text(content)
    with pytest.raises(ChisoError) as caught:
        _render(made)
    assert caught.value.code is Code.BAD_ARGUMENT


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("subject\nRudo\n")
    with pytest.raises(ChisoError) as caught:
        _render(tmp_path)
    assert caught.value.code is Code.BAD_ARGUMENT
    assert _files(tmp_path) == {"people.csv": b"subject\nRudo\n"}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "made").write_text("mine")
    for place in (tmp_path / "made", tmp_path / "made" / "inner"):
        with pytest.raises(ChisoError) as caught:
            _render(place)
        assert caught.value.code in (Code.BAD_ARGUMENT, Code.FILE_UNREADABLE)
    assert (tmp_path / "made").read_text() == "mine"


def test_a_folder_that_another_process_fills_is_left_to_it(made: Path) -> None:
    with held(made), pytest.raises(ChisoError) as caught:
        _render(made)
    assert caught.value.code is Code.STORE_BUSY


def test_a_studio_that_is_not_installed_says_so_and_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ChisoError) as caught:
        _render(tmp_path / "made", open_studio=open_missing_studio)
    assert (caught.value.code, caught.value.hint) == (Code.DATA_MISSING, "Install it.")
    assert not (tmp_path / "made").exists()


def test_a_process_that_dies_is_an_error_that_keeps_what_was_finished(tmp_path: Path) -> None:
    with pytest.raises(ChisoError) as caught:
        _render(tmp_path / "made", open_studio=open_dying_studio)
    assert caught.value.code is Code.STUDIO_FAILED
    assert "--jobs" in caught.value.hint
    assert _render(tmp_path / "made").now == 8


def test_a_bug_in_a_studio_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError, match="a bug"):
        _render(tmp_path / "made", open_studio=open_faulty_studio)


def test_landmarks_come_through_the_journal_as_they_were(made: Path) -> None:
    first = json.loads((made / "render.jsonl").read_text().splitlines()[0])
    (sitting, *_) = PLAN.sittings()
    (portrait,) = DrawnStudio().portraits(sitting.person, sitting.capture, (10,), 128)
    assert np.allclose(first["landmarks"], portrait.landmarks, atol=6e-4)
