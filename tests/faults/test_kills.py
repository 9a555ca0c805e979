"""kill -9 at any moment: what was acknowledged stays, what was not is there whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults.acts import Kind
from tests.faults.kit import Kit

_RUNS = int(os.environ.get("CHISO_KILLS", "500"))
_SEED = int(os.environ.get("CHISO_KILLS_SEED", "20261125"))
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_REPOSITORY = Path(__file__).parents[2]


def test_nothing_is_lost_or_half_written_when_chiso_is_killed_at_random_moments(
    kit: Kit, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "tests.faults.kills", kit.folder, tmp_path, _RUNS, _SEED]
    done = subprocess.run(
        [str(each) for each in words],
        cwd=_REPOSITORY,
        env=os.environ | _ONE_THREAD,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    tally = json.loads(done.stdout)
    assert not tally["failures"], "\n\n".join(tally["failures"][:3])
    assert tally["runs"] == _RUNS
    # The test bites: most kills hit between the beginning of an act and its acknowledgement, in
    # every kind of act, and some of those acts had landed and some had not.
    middle = tally["in_the_middle"]
    assert sum(middle.values()) >= _RUNS / 3
    assert sum(middle.values()) + tally["too_late"] == _RUNS
    assert set(middle) == set(Kind)
    assert 0 < tally["undone"] < sum(middle.values())
    assert tally["mending_killed"] > 0
