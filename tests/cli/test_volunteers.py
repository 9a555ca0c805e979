"""`chiso volunteers render` as people run it: answers, refusals, Ctrl-C, a full disk."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import PROCESS_LIMIT_S, Outcome, assert_error, ended
from tests.services.drawn_studio import (
    DrawnStudio,
    open_drawn_studio,
    open_missing_studio,
)

from chiso import wiring
from chiso.interfaces.cli.main import main
from chiso.interfaces.cli.study import read_people
from chiso.interfaces.cli.volunteers import read_folder

_REPOSITORY = Path(__file__).parent.parent.parent
_SMALL = ("--people", "3", "--captures", "2", "--size", "64", "--jobs", "2")

# chiso with another studio.
_WITH_STUDIO = """
import sys
from chiso import wiring
from tests.services import drawn_studio
wiring.studio_opener = lambda: drawn_studio.{opener}
from chiso.interfaces.cli.main import main
sys.exit(main())
"""

Render = Callable[..., Outcome]


@pytest.fixture
def render(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Render:
    """`chiso volunteers render`, with a studio that draws."""
    monkeypatch.setattr(wiring, "studio_opener", lambda: open_drawn_studio)

    def run(*words: str | Path) -> Outcome:
        capsys.readouterr()
        status = main(["volunteers", "render", *map(str, words)])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return run


def _started(
    *words: str | Path, opener: str, before: Callable[[], object] = lambda: None
) -> subprocess.Popen[str]:
    """A process in a group of its own, as a terminal starts one."""

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        before()

    code = _WITH_STUDIO.format(opener=opener)
    return subprocess.Popen(
        [sys.executable, "-c", code, "volunteers", "render", *map(str, words)],
        cwd=_REPOSITORY,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=prepare,
    )


def test_photos_are_a_folder_that_other_commands_read(render: Render, tmp_path: Path) -> None:
    made = tmp_path / "made"
    done = render(*_SMALL, "--tones", "1,5,10", "--one-tone", "--out", made, "--json")
    assert done.status == 0, done
    document = done.document
    assert document["seconds"] > 0
    assert document["per_hour"] == pytest.approx(6 / document["seconds"] * 3600, rel=0.01)
    exact = {name: document[name] for name in document if name not in ("seconds", "per_hour")}
    assert exact == {
        "photos": 6,
        "rendered": 6,
        "skipped": 0,
        "processes": 2,
        "size_px": 64,
        "out": str(made),
        "studio": DrawnStudio.digest,
    }
    people = read_people(made)
    assert [each.row["tone"] for each in people] == ["1", "5", "10"]
    assert [path.name for path in people[1].photos] == ["002_tone05_01.jpg", "002_tone05_02.jpg"]
    assert read_folder(made).left_out == ()


def test_of_several_tones_the_demo_takes_two_captures_at_one(
    render: Render, tmp_path: Path
) -> None:
    assert render(*_SMALL, "--tones", "10,1", "--out", tmp_path / "made").status == 0
    shown = read_folder(tmp_path / "made").volunteers[0]
    assert (shown.reference.name, shown.probe.name) == ("001_tone01_01.jpg", "001_tone01_02.jpg")


def test_a_run_says_what_it_made_and_how_fast(render: Render, tmp_path: Path) -> None:
    made = tmp_path / "made"
    first = render(*_SMALL, "--tones", "5", "--out", made)
    assert f"6 photos of 3 people in {made}" in first.stdout
    assert "an hour with 2 processes." in first.stdout
    assert first.stderr == ""
    again = render(*_SMALL, "--tones", "5", "--out", made)
    assert "All of it was there already." in again.stdout


def test_chips_are_counted_by_the_hour(render: Render, tmp_path: Path) -> None:
    words = ("--people", "2", "--captures", "3", "--shards", "--per-shard", "5", "--jobs", "2")
    said = render(*words, "--out", tmp_path / "chips").stdout
    assert "12 chips of 2 people" in said
    assert "3 shards, chips-000000.tar to chips-000002.tar." in said
    assert "at 150×150 (from portraits of 256 px)" in said
    again = render(*words, "--out", tmp_path / "chips", "--json").document
    assert (again["chips"], again["rendered"], again["skipped"]) == (12, 0, 12)
    assert (again["per_hour"], again["shards"], again["chip_px"]) == (None, 3, 150)


def test_chips_that_were_enlarged_are_told_of(render: Render, tmp_path: Path) -> None:
    words = ("--people", "1", "--captures", "1", "--shards", "--size", "64", "--jobs", "1")
    said = render(*words, "--out", tmp_path / "chips")
    assert "2 chips of these had fewer pixels" in said.stderr
    assert "all in chips-000000.tar" in said.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--people", "0"), "one person"),
        (("--captures", "0"), "one capture"),
        (("--tones", ""), "tones"),
        (("--tones", "1,x"), "1,x"),
        (("--tones", "0,5"), "0,5"),
        (("--tones", "11"), "11"),
        (("--tones", "5,5"), "once"),
        (("--size", "63"), "--size"),
        (("--size", "2049"), "--size"),
        (("--jobs", "0"), "--jobs"),
        (("--chip-px", "112"), "--shards"),
        (("--per-shard", "10"), "--shards"),
        (("--tones-per-capture", "2"), "--shards"),
        (("--shards", "--one-tone"), "--one-tone"),
        (("--shards", "--chip-px", "31"), "--chip-px"),
        (("--shards", "--tones", "1,5", "--tones-per-capture", "3"), "--tones-per-capture"),
        (("--shards", "--per-shard", "1"), "shard of 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_rendered_is_refused_before_anything_is(
    render: Render, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    needed = ("--people", "1", "--captures", "1", "--out", tmp_path / "made")
    assert_error(render(*needed, *words, "--json"), 2, "bad-argument", said)
    assert not (tmp_path / "made").exists()


def test_other_arguments_for_a_folder_are_refused_with_what_differs(
    render: Render, tmp_path: Path
) -> None:
    words = ("--people", "1", "--captures", "1", "--tones", "5", "--jobs", "1")
    assert render(*words, "--size", "64", "--out", tmp_path / "made").status == 0
    refused = render(*words, "--size", "96", "--out", tmp_path / "made", "--json")
    assert_error(refused, 2, "bad-argument", "size_px was 64, not 96", "--out")


def test_without_a_renderer_it_says_how_to_get_one(
    render: Render, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "studio_opener", lambda: open_missing_studio)
    refused = render(*_SMALL, "--out", tmp_path / "made", "--json")
    assert_error(refused, 6, "data-missing", "Install it.")
    assert not (tmp_path / "made").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_refused(render: Render, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    refused = render(*_SMALL, "--out", tmp_path / "made", "--json")
    assert_error(refused, 6, "file-unreadable", "--out")


@pytest.mark.parametrize("shards", [False, True], ids=["photos", "shards"])
def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(
    render: Render, tmp_path: Path, shards: bool
) -> None:
    made = tmp_path / "made"
    words: tuple[str | Path, ...] = ("--people", "10", "--captures", "4", "--tones", "5")
    words = (*words, "--size", "64", "--jobs", "2", "--out", made, "--json")
    pattern = "*.jpg"
    if shards:
        words, pattern = (*words, "--shards", "--per-shard", "4"), "*.tar"
    working = _started(*words, opener="open_slow_studio")
    _wait_for(lambda: len(list(made.glob(pattern))) >= 3, working)
    os.killpg(working.pid, signal.SIGINT)  # to everyone, as a terminal does
    stopped = ended(working)

    assert stopped.status == 130, stopped
    assert stopped.stdout == ""
    assert "Traceback" not in stopped.stderr
    assert "Run the same command again to go on from there." in stopped.stderr
    _wait_for(lambda: not _processes_of_group(working.pid))
    kept = len(list(made.glob(pattern))) * (4 if shards else 1)
    assert kept < 40  # what was yet to be rendered is not waited for
    # Ctrl-C may come between a photo's getting its name and its being counted.
    told = [f"Stopped. {count} {'chip' if shards else 'photo'}s of 40" for count in _near(kept)]
    assert any(each in stopped.stderr for each in told), (kept, stopped.stderr)

    document = render(*words).document
    assert document["chips" if shards else "photos"] == 40
    assert kept - 4 <= document["skipped"] <= kept
    assert not list(made.glob(".*"))
    assert render(*words).document["rendered"] == 0


def test_a_process_killed_goes_on_from_whole_photos(render: Render, tmp_path: Path) -> None:
    made = tmp_path / "made"
    words: tuple[str | Path, ...] = ("--people", "6", "--captures", "2", "--tones", "5")
    words = (*words, "--size", "64", "--jobs", "2", "--out", made, "--json")
    working = _started(*words, opener="open_slow_studio")
    _wait_for(lambda: len(list(made.glob("*.jpg"))) >= 3, working)
    working.kill()
    assert ended(working).status == -signal.SIGKILL
    _wait_for(lambda: not _processes_of_group(working.pid))
    document = render(*words).document
    assert document["skipped"] >= 2
    assert render("--out", tmp_path / "again", *words[:-3], "--json").status == 0
    assert _contents(made) == _contents(tmp_path / "again")


def test_a_file_that_may_not_grow_is_a_full_disk(render: Render, tmp_path: Path) -> None:
    made = tmp_path / "made"
    words: tuple[str | Path, ...] = ("--people", "4", "--captures", "2", "--tones", "5")
    words = (*words, "--size", "64", "--jobs", "1", "--out", made, "--json")
    stopped = ended(
        _started(
            *words,
            opener="open_drawn_studio",
            before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1700, 1700)),
        )
    )
    error: dict[str, Any] = json.loads(stopped.stdout)["error"]
    assert (stopped.status, error["code"]) == (6, "store-full"), stopped
    assert "goes on from there" in error["hint"]
    assert render(*words).document["photos"] == 8


def _contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def _near(count: int) -> tuple[int, ...]:
    return tuple(range(count - 4, count + 1))


def _processes_of_group(group: int) -> list[str]:
    """Processes of a group that still run, from /proc."""
    alive = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after_name[2]) == group and after_name[0] != "Z":
            alive.append(status.parent.name)
    return alive


def _wait_for(ready: Callable[[], bool], working: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + PROCESS_LIMIT_S
    while not ready():
        assert working is None or working.poll() is None, working
        assert time.monotonic() < deadline
        time.sleep(0.01)
