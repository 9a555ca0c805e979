"""Fitting a threshold to photos of people who agreed, as `make starter` does."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from chiso import wiring
from chiso.compare.open_set import REFERENCES
from chiso.compare.threshold import parse_record
from chiso.core.settings import CaptureSettings
from chiso.evaluate.fit import Policy
from chiso.interfaces.cli.main import main
from chiso.interfaces.cli.study import read_study
from chiso.services.fit import fit
from chiso.services.threshold_record import Wanted


def test_the_shipped_starter_record_is_what_the_command_makes(london: Path) -> None:
    shipped = wiring.starter_record("offline")
    assert shipped is not None
    engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
    study = read_study(london, london / "README.md", "ethnicity")
    assert shipped.target_fpir is not None
    wanted = Wanted(shipped.target_fmr, Policy(shipped.policy), shipped.target_fpir)
    made = fit(engine, study, wanted, wiring.clock().now())
    assert made.refused == []
    assert made.record.groups == shipped.groups
    # Another processor rounds another way; the last digits, and so the name, may differ.
    assert made.record.value == pytest.approx(shipped.value, abs=1e-4)
    assert made.record.interval == pytest.approx(shipped.interval, abs=1e-3)
    assert [each.references for each in made.record.at_scale] == list(REFERENCES)
    for ours, theirs in zip(made.record.tails, shipped.tails, strict=True):
        assert (ours.group, ours.people, ours.comparisons) == (
            theirs.group,
            theirs.people,
            theirs.comparisons,
        )
        assert ours.mean_rad == pytest.approx(theirs.mean_rad, abs=1e-4)
        assert ours.deviation_rad == pytest.approx(theirs.deviation_rad, abs=1e-4)
    alike = {"record_id": "", "made": "", "groups": (), "value": 0.0, "interval": (0.0, 0.0)}
    same = {**alike, "calibration": shipped.calibration, "tails": (), "at_scale": ()}
    assert replace(made.record, **same) == replace(shipped, **same)  # type: ignore[arg-type]


@pytest.fixture
def small_study(london: Path, tmp_path: Path) -> Path:
    """Eight people of the London Set, with their self-reports."""
    folder = tmp_path / "study"
    folder.mkdir()
    lines = (london / "people.csv").read_text().splitlines()[:9]
    (folder / "people.csv").write_text("\n".join(lines) + "\n")
    for line in lines[1:]:
        subject = line.split(",")[0]
        for photo in london.glob(f"{subject}_*.jpg"):
            shutil.copy(photo, folder)
    (folder / "signed.txt").write_text("what they signed")
    return folder


def test_a_record_fitted_in_a_home_decides_only_when_told_to(
    small_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path / "home"), "--json"]
    assert main(["init", *home]) == 0
    starter = json.loads(capsys.readouterr().out)["threshold"]
    fitting = ["threshold", "fit", "--from", str(small_study), "--by", "gender"]
    consent = ["--consent", str(small_study / "signed.txt"), "--target-fmr", "0.01"]
    assert main([*fitting, *consent, *home]) == 0
    fitted = json.loads(capsys.readouterr().out)
    assert fitted["people"] == 8
    assert {group["group"] for group in fitted["groups"]} == {"everyone", "female", "male"}
    assert _in_use(home, capsys) == starter
    assert main(["threshold", "use", fitted["record_id"], *home]) == 0
    capsys.readouterr()
    assert _in_use(home, capsys) == fitted["record_id"]
    assert main(["log", "verify", *home]) == 0


def _in_use(home: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["threshold", "list", *home]) == 0
    known = json.loads(capsys.readouterr().out)["thresholds"]
    (used,) = [each["record_id"] for each in known if each["in_use"]]
    return str(used)


def test_a_photo_that_cannot_be_used_is_named_and_left_out(
    small_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = sorted(small_study.glob("*.jpg"))[0]
    broken.write_bytes(b"no photo")
    out = tmp_path / "record.json"
    arguments = ["--from", str(small_study), "--consent", str(small_study / "signed.txt")]
    assert main(["threshold", "fit", *arguments, "--out", str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["refused"] == [broken.name]
    assert parse_record(out.read_bytes()).people == 8


@pytest.mark.parametrize(
    ("spoil", "code", "status"),
    [
        (lambda folder: (folder / "people.csv").unlink(), "file-missing", 6),
        (lambda folder: (folder / "people.csv").write_text("name\nx\n"), "bad-manifest", 2),
        (lambda folder: [photo.unlink() for photo in folder.glob("*.jpg")], "data-missing", 6),
        (lambda folder: (folder / "signed.txt").unlink(), "file-missing", 6),
    ],
    ids=["no list of people", "no subjects in it", "no photos", "no word of what they signed"],
)
def test_a_study_that_is_not_one_is_refused(
    spoil: object,
    code: str,
    status: int,
    small_study: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert callable(spoil)
    spoil(small_study)
    arguments = ["--from", str(small_study), "--consent", str(small_study / "signed.txt")]
    out = ["--out", str(tmp_path / "record.json"), "--json"]
    assert main(["threshold", "fit", *arguments, *out]) == status
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    assert not (tmp_path / "record.json").exists()
