"""Eight processes at once on one home: no error but *busy*, and nothing out of step afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults.acts import Kind
from tests.faults.kit import Kit

_LASTS_S = float(os.environ.get("CHISO_CONCURRENCY_S", "12"))
_SEED = 20261125
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_REPOSITORY = Path(__file__).parents[2]


def test_eight_processes_that_enrol_identify_and_withdraw_at_once_keep_every_promise(
    kit: Kit, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "tests.faults.crowd", kit.folder, tmp_path, _LASTS_S, _SEED]
    done = subprocess.run(
        [str(each) for each in words],
        cwd=_REPOSITORY,
        env=os.environ | _ONE_THREAD,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert not found["failures"], "\n".join(found["failures"][:10])
    assert found["looks"] > 0
    for kind in Kind:
        assert found["outcomes"].get(f"{kind}: done", 0) > 0, found
