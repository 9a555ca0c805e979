"""`chiso demo` on people who do not exist: what it shows, and that it says so."""

import csv
import hashlib
import json
import shutil
import socket
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.core.settings import DecodeLimits
from chiso.interfaces.cli.main import main
from chiso.interfaces.cli.volunteers import find_folder, read_folder

PEOPLE, CAPTURES, MAX_BYTES = 24, 4, 3_000_000
SHOWN = ("001", "002", "003", "004", "005")
DO_NOT_EXIST = "These people do not exist: their faces were rendered."
PROVE_NOTHING = "rendered faces prove nothing about real ones."


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No photos anywhere that the demo looks, and no network."""
    here = tmp_path / "work" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.delenv("CHISO_LONDON", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def refuse(*_arguments: object, **_named: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return here


@pytest.fixture
def five(rendered_volunteers: Path, tmp_path: Path) -> Path:
    """The first five of the set, in a folder of their own."""
    folder = tmp_path / "five"
    folder.mkdir()
    for name in ("README.md", "render.json"):
        shutil.copy(rendered_volunteers / name, folder)
    for name in ("people.csv", "photos.csv"):
        rows = _rows(rendered_volunteers / name)
        with (folder / name).open("w", newline="") as target:
            writer = csv.DictWriter(target, rows[0].keys())
            writer.writeheader()
            writer.writerows(row for row in rows if row["subject"] in SHOWN)
    for subject in SHOWN:
        for photo in rendered_volunteers.glob(f"{subject}_*.jpg"):
            shutil.copy(photo, folder)
    return folder


def test_the_set_is_what_the_demo_falls_back_to(
    bare_machine: Path, rendered_volunteers: Path
) -> None:
    assert find_folder(None, None) == rendered_volunteers


def test_asked_to_fetch_the_demo_fetches_real_photos_first(
    bare_machine: Path, tmp_path: Path
) -> None:
    assert find_folder(None, lambda: tmp_path) == tmp_path


def test_a_named_folder_without_a_list_is_not_replaced_by_the_set(tmp_path: Path) -> None:
    with pytest.raises(ChisoError) as caught:
        find_folder(tmp_path, None)
    assert caught.value.code is Code.DATA_MISSING


def test_a_photo_that_was_not_rendered_is_not_shown_as_one_of_nobody(five: Path) -> None:
    first = min(five.glob("001_*.jpg"))
    first.rename(five / "001_a.jpg")
    shutil.copy(five / "001_a.jpg", first)
    with pytest.raises(ChisoError, match="is none") as caught:
        read_folder(five)
    assert caught.value.code is Code.BAD_MANIFEST


def test_a_photo_swapped_for_another_is_refused(five: Path) -> None:
    one, other = sorted(five.glob("001_*.jpg"))[:2]
    shutil.copy(other, one)
    with pytest.raises(ChisoError) as caught:
        read_folder(five)
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_the_set_is_of_the_size_that_was_promised(rendered_volunteers: Path) -> None:
    photos = list(rendered_volunteers.glob("*.jpg"))
    assert len(photos) == PEOPLE * CAPTURES
    assert sum(photo.stat().st_size for photo in photos) <= MAX_BYTES


def test_the_ten_tones_are_spread_evenly_over_the_set(rendered_volunteers: Path) -> None:
    tones = Counter(row["tone"] for row in _rows(rendered_volunteers / "people.csv"))
    assert sorted(map(int, tones)) == list(range(1, 11))
    assert set(tones.values()) == {2, 3}


def test_the_list_of_photos_is_that_of_the_photos_which_are_there(
    rendered_volunteers: Path,
) -> None:
    listed = {row["photo"]: row["sha256"] for row in _rows(rendered_volunteers / "photos.csv")}
    assert listed == {
        photo.name: hashlib.sha256(photo.read_bytes()).hexdigest()
        for photo in rendered_volunteers.glob("*.jpg")
    }


def test_everyone_of_the_set_can_be_shown_and_is_grouped_by_tone(
    rendered_volunteers: Path,
) -> None:
    folder = read_folder(rendered_volunteers)
    assert folder.is_rendered
    assert not folder.is_london
    assert folder.left_out == ()
    assert {each.group for each in folder.volunteers} == {f"tone {n:02d}" for n in range(1, 11)}
    assert all(
        len(each.probe.content) < DecodeLimits().max_bytes and each.probe != each.reference
        for each in folder.volunteers
    )


def test_without_photos_the_demo_tells_its_story_on_the_set_and_says_so(
    bare_machine: Path, rendered_volunteers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["demo", "--json"])

    heard = capsys.readouterr()
    told = json.loads(heard.out)
    assert f"{DO_NOT_EXIST} They show how Chiso works; {PROVE_NOTHING}" in heard.err
    assert status == (0 if told["as_expected"] else 1)
    assert told["rendered"] is True
    assert told["people"] == PEOPLE
    assert told["log"]["verified"] is True
    assert told["other_purpose"] == "wrong-purpose"
    assert all(each["found_after"] == 0 for each in told["withdrawn"]["traces"])
    assert [each["group"] for each in told["groups"][1:]] == [f"tone {n:02d}" for n in range(1, 11)]
    assert _share(told["found"]) > 0.5
    assert _share(told["strangers_unknown"]) > 0.5


def test_page_and_terminal_say_that_nobody_is_pictured(
    five: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["demo", "--data", str(five), "--out", str(tmp_path / "out")])

    summary = " ".join(capsys.readouterr().out.split())
    page = (tmp_path / "out" / "report.html").read_text()
    for said in (summary, page):
        assert DO_NOT_EXIST in said
        assert PROVE_NOTHING in said
        assert "by the skin tone that people were rendered at" in said
        assert "tone 05" in said
    assert "5 volunteers who do not exist" in page
    assert "Nobody is in them" in page
    before_the_record, _ = page.split("<h2>What decided</h2>")  # it tells of those it was fitted to
    for of_real_people in ("of the London Set", "studio photos", "themselves", "self-reported"):
        assert of_real_people not in before_the_record


def test_a_folder_rendered_at_several_tones_is_grouped_by_all_of_them(five: Path) -> None:
    people = five / "people.csv"
    people.write_text(people.read_text().replace(",2,", ",1 2 10,", 1))
    groups = {each.subject: each.group for each in read_folder(five).volunteers}
    assert groups["002"] == "tone 01 02 10"


def test_the_set_lies_in_the_package() -> None:
    folder = wiring.shipped_volunteers()
    assert (folder / "README.md").read_text().startswith("# Volunteers who do not exist")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _share(count: dict[str, Any]) -> float:
    return float(count["right"] / count["of"])
