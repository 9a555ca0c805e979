"""`chiso audit tone` as people run it, and the page, numbers and rows that it leaves."""

from __future__ import annotations

import csv
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.services.recoloured_studio import open_recoloured_studio

from chiso import wiring
from chiso.interfaces.cli.main import main
from chiso.interfaces.tone_report.figures import Line, Plot, Point, Series, draw
from chiso.interfaces.tone_report.names import (
    Unit,
    interval_text,
    margin_text,
    name_of,
    signed_text,
    size_text,
    value_text,
)

TRIAL = ("--people", "3", "--captures", "2", "--size", "256", "--jobs", "2")
MOST_BYTES = 1_500_000


@pytest.fixture
def studio(london: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renders are recoloured photos; no home is named."""
    monkeypatch.setattr(wiring, "studio_opener", lambda: open_recoloured_studio)
    monkeypatch.delenv("CHISO_HOME", raising=False)


@pytest.fixture(scope="module")
def renders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("renders")


@pytest.fixture(scope="module")
def report(london: Path, renders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial's report."""
    out = tmp_path_factory.mktemp("tone") / "report"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wiring, "studio_opener", lambda: open_recoloured_studio)
        patched.delenv("CHISO_HOME", raising=False)
        assert main(["audit", "tone", "--out", str(out), "--cache", str(renders), *TRIAL]) == 0
    return out


class _Page(HTMLParser):
    """Every tag with its attributes, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page(report: Path) -> _Page:
    parsed = _Page()
    parsed.feed((report / "report.html").read_text())
    return parsed


def test_the_page_needs_nothing_but_itself(report: Path, page: _Page) -> None:
    source = (report / "report.html").read_text()
    assert len(source.encode()) < MOST_BYTES
    assert not {"script", "link", "iframe", "object"} & {name for name, _ in page.tags}
    addresses = [each.get(kind) for _, each in page.tags for kind in ("src", "href")]
    assert all(each.startswith("data:") for each in addresses if each)
    assert not re.search(r"url\(|@import|https?://", source)


def test_every_figure_says_in_words_what_it_shows(page: _Page) -> None:
    figures = [each for each in page.all("svg") if "aria-hidden" not in each]
    assert len(figures) > 8
    titles = {each["id"] for each in page.all("title") if "id" in each}
    descriptions = {each["id"] for each in page.all("desc")}
    for figure in figures:
        assert figure["role"] == "img"
        title, description = str(figure["aria-labelledby"]).split()
        assert title in titles
        assert description in descriptions
    named = [each["id"] for _, each in page.tags if "id" in each]
    assert len(named) == len(set(named))
    assert all(each["alt"] for each in page.all("img"))


def test_the_page_says_what_it_is_and_what_it_cannot_show(report: Path, page: _Page) -> None:
    text = " ".join(page.text.split())
    numbers = json.loads((report / "report.json").read_text())
    assert "A trial: 3 people in 2 captures" in text
    assert "What a render can and cannot show" in text
    assert "no difference among real people" in text
    assert "metered on the light and not on the face" in text
    assert "The margins are absolute" in text
    for told in (numbers["studio"], numbers["model"], numbers["threshold"]["record_id"]):
        assert told in text
    for stage in numbers["stages"]:
        assert stage["sentence"] in text


def test_the_numbers_hold_everything_and_nothing_that_is_no_number(report: Path) -> None:
    text = (report / "report.json").read_text()
    assert "NaN" not in text
    numbers = json.loads(text)
    assert numbers["design"]["portraits"] == 60
    assert len(numbers["design"]["capture_seeds"]) == 2
    assert [each["stage"] for each in numbers["stages"]] == ["detect", "quality", "embed", "decide"]
    measures = {each["name"]: each for each in numbers["measures"]}
    assert len(measures["false-match-rate"]["levels"]) == 10
    assert len(measures["false-match-rate"]["differences"]) == 9
    assert measures["moved-angle"]["levels"][4]["value"] is None
    assert measures["detection-rate"]["levels"][0]["events"] == 6
    assert numbers["rule"]
    assert numbers["detector_score_min"] == 0.25


def test_there_is_a_row_for_every_portrait(report: Path) -> None:
    with (report / "faces.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    assert {row["tone"] for row in rows} == {str(tone) for tone in range(1, 11)}
    assert all(row["found"] == "1" and float(row["contrast_levels"]) > 0 for row in rows)


def test_a_second_model_renders_nothing(
    studio: None, report: Path, renders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--out", str(tmp_path / "again"), "--cache", str(renders), *TRIAL, "--json"]
    assert main(["audit", "tone", "--detector", "centerface", *words]) == 0
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert answer["rendered"] == 0
    assert answer["is_trial"]
    assert set(answer["stages"]) == {"detect", "quality", "embed", "decide"}
    assert "A trial" in said.err


def test_a_homes_own_threshold_decides(
    studio: None, renders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(tmp_path / "home")
    assert main(["init", "--home", home]) == 0
    words = ["--out", str(tmp_path / "out"), "--cache", str(renders), *TRIAL]
    capsys.readouterr()
    assert main(["audit", "tone", *words, "--home", home, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["threshold"].startswith("london-")


def test_the_terminal_shows_each_stage(
    studio: None, renders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--out", str(tmp_path / "out"), "--cache", str(renders), *TRIAL]
    assert main(["audit", "tone", *words]) == 0
    said = capsys.readouterr().out
    for stage in ("Detect", "Quality", "Embed", "Decide", "cannot tell"):
        assert stage in said
    assert str(tmp_path / "out" / "report.html") in said.replace("\n", "")


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (("--people", "1"), "bad-argument", 2),
        (("--captures", "1"), "bad-argument", 2),
        (("--size", "32"), "bad-argument", 2),
        (("--detector", "magic"), "bad-argument", 2),
        (("--model", "centerface"), "bad-argument", 2),
        (("--model", "sface"), "model-missing", 6),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_probed_is_said_before_anything_is_rendered(
    studio: None,
    words: tuple[str, ...],
    code: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CHISO_MODELS", str(tmp_path / "models"))
    places = ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    assert main(["audit", "tone", *places, *words, "--json"]) == status
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "cache").exists()


def test_a_folder_with_something_in_it_is_left_alone(
    studio: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    assert main(["audit", "tone", "--out", str(tmp_path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "bad-argument"


# --- Small parts ----------------------------------------------------------------------------------


def test_values_are_written_as_people_read_them() -> None:
    nan = float("nan")
    assert value_text(0.975, Unit.RATE) == "97.5 %"
    assert value_text(nan, Unit.RATE) == "–"
    assert interval_text((-0.001, 0.02), Unit.ANGLE) == "0.0 to 0.0"
    assert interval_text((nan, nan), Unit.ANGLE) == "–"
    assert signed_text(-0.012, Unit.RATE) == "−1.2"
    assert signed_text(0.012, Unit.RATE) == "+1.2"
    assert signed_text(-0.00001, Unit.RATE) == "0.0"
    assert size_text(-0.042, Unit.RATE) == "4.2 points"
    assert margin_text(0.01, Unit.RATE) == "1 point"
    assert margin_text(0.05, Unit.SCORE) == "0.05"


def test_a_figure_draws_what_there_is_and_leaves_out_what_there_is_not() -> None:
    nan = float("nan")
    points = (Point(1, 0.5, (0.4, 0.6)), Point(5, nan, (nan, nan)), Point(10, 0.7, (0.6, 0.8)))
    plot = Plot("x", "A <title>", "words & all", Unit.RATE, (Series("", points),))
    svg = draw(plot, (1, 5, 10))
    assert svg.count('class="s0 dot"') == 2
    assert svg.count("swatch") == 3
    assert "A &lt;title&gt;" in svg
    assert "nan" not in svg


def test_the_published_pages_figures_are_what_its_published_numbers_draw() -> None:
    folder = Path(__file__).parents[2] / "docs" / "tone-audit"
    page = (folder / "report.html").read_text()
    numbers = json.loads((folder / "report.json").read_text())
    drawn = 0
    for measure in numbers["measures"]:
        name, unit = measure["name"], name_of(measure["name"]).unit
        shown = re.search(
            f'<title id="difference-{name}-t">(.*?)</title><desc id="[^"]*">(.*?)</desc>', page
        )
        if shown is None:
            continue
        points = tuple(
            Point(each["tone"], each["value"], tuple(each["simultaneous"]))
            for each in measure["differences"]
        )
        title, text = (unescape(each) for each in shown.groups())
        series = (Series("", points),)
        plot = Plot(f"difference-{name}", title, text, unit, series, margin=measure["margin"])
        assert draw(plot, numbers["design"]["tones"]) in page
        drawn += 1
    assert drawn >= 5


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0])
def test_a_figure_of_one_value_has_an_axis(value: float) -> None:
    plot = Plot("x", "t", "d", Unit.ANGLE, (Series("", (Point(1, value, (value, value)),)),))
    assert draw(plot, (1,)).count('class="tick"') >= 2


def test_a_limit_far_from_the_points_is_not_drawn() -> None:
    points = (Point(1, 50.0, (49.0, 51.0)), Point(5, 52.0, (51.0, 53.0)))
    near, far = Line("near", 47.0), Line("far", 3.0)
    plot = Plot("x", "t", "d", Unit.LEVELS, (Series("", points),), limits=(near, far))
    svg = draw(plot, (1, 5))
    assert "near 47.0" in svg
    assert "far" not in svg
