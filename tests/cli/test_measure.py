"""`chiso volunteers measure`: what it says of rendered people, and of folders that hold none."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.running import Document, Outcome, assert_error
from tests.services.drawn_studio import open_drawn_studio

from chiso import wiring
from chiso.core.decisions import ThresholdRecord
from chiso.core.samples import Refusal
from chiso.core.settings import PROBE_LIMITS, CaptureSettings
from chiso.evaluate.intervals import wilson_by_people
from chiso.interfaces.cli.main import main
from chiso.services.engine import single_face
from chiso.services.volunteers.photos import render_photos
from chiso.services.volunteers.plan import PhotoPlan

PEOPLE, CAPTURES = 3, 2
ONE_PHOTO = 0.995
"""One photo as a reference and as a probe is more alike than this; two photos of one person less.

The templates of one photo differ a little: a reference is averaged over copies, a probe denoised.
"""

Measure = Callable[..., Outcome]
Row = dict[str, str]


@pytest.fixture
def measure(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Measure:
    """`chiso volunteers measure`."""
    monkeypatch.setenv("CHISO_MODELS", str(models))

    def run(*words: str | Path) -> Outcome:
        capsys.readouterr()
        status = main(["volunteers", "measure", *map(str, words)])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return run


@pytest.fixture
def few(rendered_volunteers: Path, tmp_path: Path) -> Path:
    """The first three of the set, two photos each, in a folder of their own."""
    folder = tmp_path / "few"
    folder.mkdir()
    shutil.copy(rendered_volunteers / "render.json", folder)
    people = _rows(rendered_volunteers / "people.csv")[:PEOPLE]
    _write(folder / "people.csv", people)
    chosen: list[Row] = []
    for each in people:
        photos = _rows(rendered_volunteers / "photos.csv")
        chosen += [row for row in photos if row["subject"] == each["subject"]][:CAPTURES]
    _write(folder / "photos.csv", chosen)
    for row in chosen:
        shutil.copy(rendered_volunteers / row["photo"], folder)
    return folder


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Two people in two captures, drawn: nobody finds a face in them."""
    folder = tmp_path / "drawn"
    plan = PhotoPlan(seed=1, people=2, captures=2, tones=(1, 10), one_tone=True, size_px=64)
    render_photos(plan, folder, open_drawn_studio, 1, lambda _standing: None)
    return folder


def _rows(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)


def _repaint(folder: Path, place: int, content: bytes, scale: float = 1.0) -> str:
    """Put another picture in a photo's place, as if it had been rendered; the photo's name."""
    rows = _rows(folder / "photos.csv")
    row = rows[place]
    (folder / row["photo"]).write_bytes(content)
    row["sha256"] = hashlib.sha256(content).hexdigest()
    for column in row:
        if column.endswith(("_x_px", "_y_px")):
            row[column] = str((float(row[column]) + 0.5) * scale - 0.5)
    _write(folder / "photos.csv", rows)
    return row["photo"]


def _copy(folder: Path, source: int, target: int) -> str:
    """Show in one photo's place what another shows; the photo's name."""
    rows = _rows(folder / "photos.csv")
    one, other = rows[source], rows[target]
    shutil.copy(folder / one["photo"], folder / other["photo"])
    shown = [each for each in one if each.endswith(("_x_px", "_y_px", "sha256"))]
    rows[target] = other | {each: one[each] for each in shown}
    _write(folder / "photos.csv", rows)
    return other["photo"]


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _decide_at(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    """Let the starter threshold be this."""
    record = wiring.starter_record("offline")
    assert record is not None
    at_value: ThresholdRecord = replace(record, value=value)
    monkeypatch.setattr(wiring, "starter_record_of", lambda _model: at_value)


def _measured(measure: Measure, folder: Path, *words: str) -> Document:
    done = measure(folder, *words, "--json")
    assert done.status == 0, done
    return done.document


def test_every_photo_is_counted_and_every_two_are_compared_both_ways(
    measure: Measure, few: Path
) -> None:
    document = _measured(measure, few)
    overall = document["overall"]
    assert (overall["people"], overall["photos"]) == (PEOPLE, PEOPLE * CAPTURES)
    assert overall["found"] == {
        "events": 6,
        "trials": 6,
        "rate": 1.0,
        "interval": list(wilson_by_people(1.0, PEOPLE)),
    }
    assert overall["rank_one"]["trials"] == 6
    assert (overall["genuine"]["count"], overall["false"]["count"]) == (6, 24)
    assert (overall["fnmr"]["trials"], overall["fmr"]["trials"]) == (6, 24)
    spread = overall["genuine"]
    assert spread["lowest"] <= spread["tenth"] <= spread["median"]
    assert spread["median"] <= spread["ninetieth"] <= spread["highest"] <= 1.0 + 1e-6
    assert document["studio"] == json.loads((few / "render.json").read_text())["studio"]


def test_a_score_is_of_a_reference_with_a_probe(measure: Measure, few: Path) -> None:
    """Of one person's two photos: each as the reference, as enrolment and recognition have them."""
    overall = _measured(measure, few)["tones"][0]["genuine"]
    engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
    faces = [
        single_face(engine, (few / row["photo"]).read_bytes(), PROBE_LIMITS)
        for row in _rows(few / "photos.csv")[:CAPTURES]
    ]
    chips = [each.aligned.chip for each in faces if not isinstance(each, Refusal)]
    one, other = engine.embedder.embed_references(chips)
    shown, sought = engine.embedder.embed(chips)
    expected = sorted([float(one.vector @ sought.vector), float(other.vector @ shown.vector)])
    assert [overall["lowest"], overall["highest"]] == pytest.approx(expected, abs=1e-5)
    assert expected[0] != pytest.approx(expected[1], abs=1e-4)


def test_a_tone_s_figures_are_of_its_own_photos(measure: Measure, few: Path) -> None:
    tones = _measured(measure, few)["tones"]
    assert [each["tone"] for each in tones] == [1, 2, 3]
    for each in tones:
        assert (each["people"], each["photos"], each["found"]["trials"]) == (1, 2, 2)
        assert each["genuine"]["count"] == 2
        assert each["false"] is None  # only one person is at it
        assert (each["fmr"]["trials"], each["fmr"]["interval"]) == (0, [0.0, 1.0])


def test_two_tones_of_one_capture_are_not_compared(measure: Measure, few: Path) -> None:
    rows = _rows(few / "photos.csv")
    for row in rows[:2]:
        row["capture"] = rows[0]["capture"]
    _write(few / "photos.csv", rows)
    overall = _measured(measure, few)["overall"]
    assert overall["genuine"]["count"] == 2 * (PEOPLE - 1)
    assert overall["rank_one"]["trials"] == 2 * (PEOPLE - 1)


def test_people_with_the_same_face_are_named(
    measure: Measure, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _decide_at(monkeypatch, ONE_PHOTO)
    first = _rows(few / "photos.csv")[0]
    twin = _copy(few, 0, 2)
    document = _measured(measure, few)
    (pair,) = document["confused"]
    assert (pair["one"], pair["other"]) == ("001", "002")
    assert (pair["matches"], pair["comparisons"]) == (2, 8)
    assert ONE_PHOTO <= pair["score"] < 1.0
    assert document["overall"]["fmr"]["events"] == 2
    lost = {each["name"]: each for each in document["lost"]}
    assert lost[first["photo"]]["nearest"] == "002"
    assert lost[twin]["nearest"] == "001"
    assert lost[twin]["refusals"] == []
    assert document["overall"]["rank_one"]["events"] == 6 - len(lost)
    weak = {each["subject"]: each for each in document["weak"]}
    assert {name: (each["missed"], each["comparisons"]) for name, each in weak.items()} == {
        "001": (2, 2),
        "002": (2, 2),
        "003": (2, 2),
    }
    assert document["overall"]["fnmr"]["rate"] == 1.0

    said = measure(few).stdout
    assert f"nearer to 002: {pair['score']:.4f}" in said
    assert "Taken for each other" in said
    assert first["photo"] in said


def test_people_who_are_told_apart_are_not_named(
    measure: Measure, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _decide_at(monkeypatch, ONE_PHOTO)
    for place in range(0, PEOPLE * CAPTURES, CAPTURES):
        _copy(few, place, place + 1)
    document = _measured(measure, few)
    assert (document["confused"], document["weak"], document["lost"]) == ([], [], [])
    assert document["overall"]["rank_one"]["rate"] == 1.0
    assert "No two people are taken for each other" in measure(few).stdout


def test_a_refused_photo_is_a_failure_and_not_left_out(measure: Measure, few: Path) -> None:
    with Image.open(few / _rows(few / "photos.csv")[0]["photo"]) as photo:
        side = photo.width // 6
        small = photo.resize((side, side), Image.Resampling.LANCZOS)
        scale = side / photo.width
    grey = np.full((256, 256, 3), 127, np.uint8)
    too_small = _repaint(few, 0, _jpeg(small), scale)
    blank = _repaint(few, 2, _jpeg(Image.fromarray(grey)))
    document = _measured(measure, few)
    overall = document["overall"]
    assert (overall["found"]["events"], overall["refused"]) == (5, 2)
    assert overall["refusals"]["no-face"] == 1
    assert overall["refusals"]["face-too-small"] == 1
    # Two are refused, and two have no second photo but these.
    assert overall["rank_one"]["trials"] == 6
    assert overall["rank_one"]["events"] <= 2
    assert (overall["genuine"]["count"], overall["false"]["count"]) == (2, 10)
    lost = {each["name"]: each for each in document["lost"]}
    assert "face-too-small" in lost[too_small]["refusals"]
    assert lost[blank]["refusals"] == ["no-face"]
    weak = {each["subject"]: each for each in document["weak"]}
    assert (weak["001"]["refused"], weak["001"]["lost"]) == (1, 2)
    said = measure(few).stdout
    assert "Refused at probe limits" in said
    assert "face-too-small" in said


def test_the_tables_fit_eighty_columns(
    measure: Measure, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _decide_at(monkeypatch, 0.0)  # everybody matches everybody
    said = measure(few)
    assert said.status == 0, said
    rows = [line for line in said.stdout.splitlines() if line.startswith(" ")]
    assert len(rows) > 20
    assert max(map(len, rows)) <= 80
    assert "24 of 24" in said.stdout


def test_without_a_starter_threshold_nothing_is_decided(
    measure: Measure, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "starter_record_of", lambda _model: None)
    document = _measured(measure, few)
    assert (document["threshold"], document["confused"]) == (None, None)
    assert (document["overall"]["fnmr"], document["overall"]["fmr"]) == (None, None)
    assert document["overall"]["genuine"]["count"] == 6
    assert "nothing is decided" in measure(few).stdout


def test_the_volunteers_that_chiso_carries_are_what_is_measured_by_default(
    measure: Measure, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "shipped_volunteers", lambda: few)
    assert measure("--json").document["folder"] == str(few)


def test_faces_that_nobody_finds_are_counted_as_such(measure: Measure, drawn: Path) -> None:
    document = _measured(measure, drawn)
    overall = document["overall"]
    assert overall["found"]["events"] + overall["refusals"]["no-face"] == 4
    assert overall["refused"] == 4
    assert (overall["rank_one"]["events"], overall["rank_one"]["trials"]) == (0, 4)
    assert (overall["genuine"], overall["false"]) == (None, None)
    assert overall["fnmr"]["rate"] is None
    assert [each["subject"] for each in document["weak"]] == ["001", "002"]
    assert measure(drawn).status == 0


@pytest.mark.parametrize("name", ["render.json", "people.csv", "photos.csv"])
def test_a_folder_without_its_lists_is_refused(measure: Measure, drawn: Path, name: str) -> None:
    (drawn / name).unlink()
    assert_error(measure(drawn, "--json"), 6, "data-missing", name, "chiso volunteers render")


def test_a_folder_that_is_not_there_is_refused(measure: Measure, tmp_path: Path) -> None:
    refused = measure(tmp_path / "nowhere", "--json")
    assert_error(refused, 6, "data-missing", "nowhere", "chiso volunteers render")


def test_a_photo_that_is_missing_is_named(measure: Measure, drawn: Path) -> None:
    (drawn / "002_tone10_01.jpg").unlink()
    assert_error(measure(drawn, "--json"), 6, "file-missing", "002_tone10_01.jpg", "again")


def test_a_photo_that_was_not_rendered_is_refused(measure: Measure, drawn: Path) -> None:
    """A real person's photo must not be measured under a statement that nobody is in it."""
    (drawn / "001_tone01_01.jpg").write_bytes((drawn / "001_tone01_02.jpg").read_bytes())
    assert_error(measure(drawn, "--json"), 5, "digest-mismatch", "001_tone01_01.jpg")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("photo", "../secret.jpg"),
        ("tone", "eleven"),
        ("tone", "11"),
        ("nose_x_px", "nan"),
        ("capture", ""),
        ("capture", str(2**63)),
        ("subject", "009"),
        ("photo", "001_tone01_02.jpg"),
    ],
)
def test_a_list_of_photos_that_is_none_is_refused(
    measure: Measure, drawn: Path, column: str, value: str
) -> None:
    rows = _rows(drawn / "photos.csv")
    rows[0][column] = value
    if (column, value) == ("photo", "001_tone01_02.jpg"):
        rows[0]["sha256"] = rows[1]["sha256"]
    _write(drawn / "photos.csv", rows)
    assert_error(measure(drawn, "--json"), 2, "bad-manifest", "photos.csv")


def test_a_list_without_photos_or_terms_without_a_studio_are_refused(
    measure: Measure, drawn: Path
) -> None:
    whole = (drawn / "photos.csv").read_text()
    (drawn / "photos.csv").write_text(whole.splitlines()[0] + "\n")
    assert_error(measure(drawn, "--json"), 2, "bad-manifest", "no rows")
    (drawn / "photos.csv").write_text(whole)
    (drawn / "render.json").write_text("{}")
    assert_error(measure(drawn, "--json"), 2, "bad-manifest", "render.json")


def test_a_model_that_nobody_has_is_refused(measure: Measure, drawn: Path) -> None:
    refused = measure(drawn, "--model", "magic", "--json")
    assert_error(refused, 2, "bad-argument", "magic")
