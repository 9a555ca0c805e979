"""The README's tour does what it says, word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_README = Path(__file__).parent.parent / "README.md"


def _tour() -> list[tuple[str, int]]:
    """Commands of the tour, each with the status that its comment promises (0 if it says none)."""
    section = _README.read_text().split("## A tour of five minutes")[1].split("\n## ")[0]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    lines = block.group(1).replace("\\\n", " ").splitlines()
    commands = []
    for line in lines:
        command, _, remark = line.partition("#")
        if command.strip():
            said = re.search(r"status (\d+)", remark)
            commands.append((command.strip(), int(said.group(1)) if said else 0))
    return commands


@pytest.fixture
def desk(london: Path, tmp_path: Path) -> Path:
    """A folder with the files that the tour names."""
    for name, photo in (
        ("rudo.jpg", "001_neutral.jpg"),
        ("rudo-today.jpg", "001_smiling.jpg"),
        ("stranger.jpg", "003_neutral.jpg"),
    ):
        shutil.copy(london / photo, tmp_path / name)
    (tmp_path / "signed-form.pdf").write_bytes(b"%PDF-1.4 a form")
    return tmp_path


def test_every_command_of_the_tour_ends_as_it_says(desk: Path) -> None:
    environment = {
        **os.environ,
        "CHISO_HOME": str(desk / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    tour = _tour()
    assert len(tour) == 14
    for command, status in tour:
        done = subprocess.run(
            ["bash", "-c", command], cwd=desk, env=environment, capture_output=True, text=True
        )
        assert done.returncode == status, f"{command}\n{done.stdout}{done.stderr}"


def test_the_tour_names_every_exit_status_that_there_is() -> None:
    from chiso.interfaces.cli.exits import Exit

    listed = {int(status) for status in re.findall(r"^\| (\d+) \|", _README.read_text(), re.M)}
    assert listed == {int(status) for status in Exit}
