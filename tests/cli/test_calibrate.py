"""`chiso volunteers calibrate`: real people of the studio, few and small."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.running import Outcome, assert_error
from tests.services.drawn_studio import open_missing_studio

from chiso import wiring
from chiso.interfaces.cli import calibrate as command
from chiso.interfaces.cli.main import main
from chiso.volunteers.monk import swatch_hex
from chiso.volunteers.portraits import TONES

Calibrate = Callable[..., Outcome]


@pytest.fixture
def calibrate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Calibrate:
    """`chiso volunteers calibrate`, on one person a panel, 64 px a side."""
    monkeypatch.setattr(command, "SIZE_PX", 64)

    def run(*words: str | Path) -> Outcome:
        capsys.readouterr()
        status = main(["volunteers", "calibrate", "--people", "1", "--jobs", "2", *map(str, words)])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return run


def test_albedos_are_fitted_to_some_people_and_measured_on_others(
    calibrate: Calibrate, tmp_path: Path
) -> None:
    out = tmp_path / "albedo.json"
    done = calibrate("--out", out, "--json")
    assert done.status == 0, done
    document = done.document
    assert (document["people"], document["fitted"], document["out"]) == (1, True, str(out))
    tones = document["tones"]
    assert [each["swatch"] for each in tones] == [swatch_hex(tone) for tone in TONES]
    fitted_to = [each["panel"]["delta_e"] for each in tones]
    assert all(error < 1.0 for error in fitted_to[:8]), fitted_to
    assert all(each["panel"]["delta_e"] != each["unseen"]["delta_e"] for each in tones)
    written = json.loads(out.read_text())["albedo"]
    assert written == {str(each["tone"]): each["albedo"] for each in tones}


def test_without_out_the_albedos_that_chiso_carries_are_measured(calibrate: Calibrate) -> None:
    tones = calibrate("--json").document["tones"]
    assert {each["tone"]: tuple(each["albedo"]) for each in tones} == wiring.skin_albedos()
    assert all(each["unseen"]["delta_e"] < 10.0 for each in tones)


def test_the_table_says_how_many_people_a_figure_is_of(calibrate: Calibrate) -> None:
    said = calibrate().stdout
    assert all(swatch_hex(tone) in said for tone in TONES)
    assert "Medians over 1 + 1 people; no fit has seen the second panel." in said


def test_a_place_that_cannot_be_written_to_is_refused_before_any_work(
    calibrate: Calibrate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "sittings_opener", lambda: pytest.fail("it worked"))
    refused = calibrate("--out", tmp_path / "nowhere" / "albedo.json", "--json")
    assert_error(refused, 2, "bad-argument", "--out")


def test_without_a_renderer_it_says_how_to_get_one_and_writes_nothing(
    calibrate: Calibrate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "sittings_opener", lambda: open_missing_studio)
    refused = calibrate("--out", tmp_path / "albedo.json", "--json")
    assert_error(refused, 6, "data-missing", "Install it.")
    assert not (tmp_path / "albedo.json").exists()
