"""`chiso purge --every`: what it says, and what it looks after between two purges."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
from tests.cli.running import Chiso

from chiso.interfaces.cli import purge


@pytest.mark.parametrize(
    ("every", "words"), [("1800s", "30 min"), ("90s", "90 s"), ("24h", "1 d"), ("36h", "36 h")]
)
def test_the_time_between_purges_is_said_in_a_persons_units(
    peopled: Chiso, monkeypatch: pytest.MonkeyPatch, every: str, words: str
) -> None:
    def stop_at_once(*_: object) -> list[object]:
        signal.raise_signal(signal.SIGTERM)
        return []

    monkeypatch.setattr(purge, "purge_due", stop_at_once)
    done = peopled("purge", "--every", every)
    assert done.status == 0
    assert f"Purging every {words}." in done.stderr


def test_a_folder_that_went_between_two_purges_is_there_before_the_next_erases(
    peopled: Chiso, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[bool] = []

    def looking(*_: object) -> list[object]:
        found.append((tmp_path / "c").is_dir())
        shutil.rmtree(tmp_path / "c", ignore_errors=True)
        if len(found) == 2:
            signal.raise_signal(signal.SIGTERM)
        return []

    monkeypatch.setattr(purge, "purge_due", looking)
    assert peopled("purge", "--every", "1s", "--out", tmp_path / "c").status == 0
    assert found == [True, True]
