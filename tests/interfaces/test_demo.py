import csv
import json
import re
import shutil
import socket
from html.parser import HTMLParser
from pathlib import Path
from threading import Event

import pytest

from chiso.interfaces.cli.main import main

SUBJECTS = ("001", "003", "005", "006", "009", "011", "012", "014")


@pytest.fixture
def eight(london: Path, tmp_path: Path) -> Path:
    """Eight of the London volunteers, with their list and what they signed."""
    folder = tmp_path / "eight"
    folder.mkdir()
    shutil.copy(london / "README.md", folder)
    with (london / "people.csv").open(newline="") as source:
        rows = [row for row in csv.DictReader(source) if row["subject"] in SUBJECTS]
    with (folder / "people.csv").open("w", newline="") as target:
        writer = csv.DictWriter(target, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    for subject in SUBJECTS:
        for photo in london.glob(f"{subject}_*.jpg"):
            shutil.copy(photo, folder)
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes any attempt to reach another machine a failure."""

    def refuse(*_arguments: object, **_named: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nowhere that the demo looks has photos."""
    here = tmp_path / "work" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.delenv("CHISO_LONDON", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return here


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary homes go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


class Outline(HTMLParser):
    """What of a page matters to someone who cannot see it, or must not be tracked by it."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.scripts = 0
        self.outside: list[str] = []
        self.tables: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.scripts += tag == "script" or any(name.startswith("on") for name in given)
        if tag == "img":
            self.images.append(given)
        if tag == "table":
            self.tables.append(0)
        if tag == "th" and given.get("scope") == "col":
            self.tables[-1] += 1
        for name in ("src", "href"):
            if name in given and not (given[name] or "").startswith("data:"):
                self.outside.append(f"{tag} {given[name]}")


def test_the_whole_story_goes_as_it_should_and_leaves_no_home_behind(
    eight: Path,
    tmp_path: Path,
    temporary: Path,
    no_network: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"

    assert main(["demo", "--data", str(eight), "--out", str(out), "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["as_expected"] is True
    assert told["enrolled"] == told["found"] == {"right": 6, "of": 6}
    assert told["strangers_unknown"] == {"right": 2, "of": 2}
    assert told["group_picture"] == {"right": 8, "of": 8}
    assert told["other_purpose"] == "wrong-purpose"
    assert told["log"]["verified"] is True
    assert told["report"] == str(out / "report.html")
    assert [each.name for each in out.iterdir()] == ["report.html"]
    assert list(temporary.iterdir()) == []


def test_the_withdrawn_person_was_in_the_home_and_is_in_none_of_its_bytes_after(
    eight: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["demo", "--data", str(eight), "--out", str(tmp_path), "--json"])

    withdrawn = json.loads(capsys.readouterr().out)["withdrawn"]
    stored = {each["what"]: each for each in withdrawn["traces"] if each["stored"]}
    assert {"name", "template, encrypted", "key, wrapped"} <= stored.keys()
    assert all(each["found_before"] == each["pieces"] > 0 for each in stored.values())
    assert all(each["found_after"] == 0 for each in withdrawn["traces"])
    assert withdrawn["likeness_after"] < 0.9
    assert withdrawn["found_before"] is True
    assert withdrawn["unknown_after"] is True
    assert withdrawn["claim_refused"] == "no-consent"


def test_the_report_stands_alone_and_says_in_words_what_it_shows(
    eight: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--data", str(eight), "--out", str(tmp_path)]) == 0

    page = (tmp_path / "report.html").read_text()
    outline = Outline()
    outline.feed(page)
    assert outline.scripts == 0
    assert outline.outside == []
    assert not re.search(r"url\(|@import", page)
    assert len(outline.images) == 1 + len(SUBJECTS) + 2  # the group, everyone, before and after
    assert all(each["alt"] for each in outline.images)
    assert outline.tables
    assert all(headings > 1 for headings in outline.tables)
    assert "prefers-color-scheme: dark" in page
    assert "10.6084/m9.figshare.5047666" in page
    assert "Undecided" in page
    assert "0 of 6" in page
    summary = capsys.readouterr().out
    assert "6 of 6" in summary
    assert str(tmp_path / "report.html") in summary.replace("\n  ", "")


def test_what_did_not_go_as_it_should_is_said_everywhere_and_is_status_1(
    eight: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = eight / "001_smiling.jpg", eight / "003_smiling.jpg"
    photo = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(photo)

    assert main(["demo", "--data", str(eight), "--out", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["as_expected"] is False
    assert any("Volunteer 001" in each for each in told["unexpected"])
    assert any("Volunteer 003" in each for each in told["unexpected"])
    assert "Not everything went as it should" in (tmp_path / "report.html").read_text()

    assert main(["demo", "--data", str(eight), "--out", str(tmp_path)]) == 1
    assert "Not as it should be" in capsys.readouterr().out


def test_a_miss_that_the_threshold_record_foresees_is_counted_and_is_no_fault(
    london: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--data", str(london), "--out", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["as_expected"] is True
    assert told["found"]["of"] == 40
    assert told["found"]["right"] >= 36
    assert told["strangers_unknown"] == {"right": 13, "of": 13}


def test_more_misses_than_the_record_foresees_are_a_fault(
    eight: Path, london: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for subject, stranger in zip(SUBJECTS, ("018", "019", "022", "025", "027"), strict=False):
        shutil.copy(london / f"{stranger}_smiling.jpg", eight / f"{subject}_smiling.jpg")
    assert main(["demo", "--data", str(eight), "--out", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert any("was not recognised" in each for each in told["unexpected"])


def test_a_group_that_someone_reported_is_escaped_in_the_page(
    eight: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = eight / "people.csv"
    people.write_text(people.read_text().replace("west_asian", "<b onclick=x>&"))

    main(["demo", "--data", str(eight), "--out", str(tmp_path)])

    page = (tmp_path / "report.html").read_text()
    assert "<b onclick" not in page
    assert "&lt;b onclick=x&gt;&amp;" in page


def test_a_fetch_does_not_wait_for_a_name_server_that_never_answers(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    test_is_over, name_was_looked_up = Event(), Event()

    def hang(*_arguments: object, **_named: object) -> None:
        test_is_over.wait()  # as a name server that drops every question does
        name_was_looked_up.set()
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", hang)

    assert main(["demo", "--fetch", "--json"]) == 6

    assert not name_was_looked_up.is_set()
    test_is_over.set()
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no-network"


def test_a_folder_that_was_named_is_never_replaced_by_another(
    bare_machine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--data", str(tmp_path), "--json"]) == 6
    assert str(tmp_path) in json.loads(capsys.readouterr().out)["error"]["message"]


def test_three_people_are_too_few(
    eight: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for subject in SUBJECTS[3:]:
        for photo in eight.glob(f"{subject}_*.jpg"):
            photo.unlink()

    assert main(["demo", "--data", str(eight), "--out", str(tmp_path), "--json"]) == 6

    heard = capsys.readouterr()
    assert json.loads(heard.out)["error"]["code"] == "data-missing"
    assert f"{SUBJECTS[3]} has fewer than two photos" in heard.err


def test_a_report_that_cannot_be_written_is_known_before_the_story_begins(
    eight: Path, tmp_path: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")

    assert main(["demo", "--data", str(eight), "--out", str(occupied), "--json"]) == 6

    assert json.loads(capsys.readouterr().out)["error"]["code"] == "file-unreadable"
    assert list(temporary.iterdir()) == []


def test_an_interrupt_in_the_middle_leaves_neither_home_nor_report(
    eight: Path,
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_arguments: object) -> None:
        assert list(temporary.iterdir()), "the home should be there by now"
        raise KeyboardInterrupt

    monkeypatch.setattr("chiso.services.demo.story.verify", interrupt)
    out = tmp_path / "out"

    assert main(["demo", "--data", str(eight), "--out", str(out)]) == 130

    assert list(temporary.iterdir()) == []
    assert list(out.iterdir()) == []
