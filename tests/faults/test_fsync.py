"""kill -9, or a fault of the disk, at each system call that makes something last."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.faults.kit import Kit

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_REPOSITORY = Path(__file__).parents[2]
_CALLS = ("?fsync", "?fdatasync", "?rename", "?renameat", "?renameat2", "?unlink", "?unlinkat")
_LEAST_SYNCS = 10
"""An enrolment, a search and a withdrawal make the disk keep more than so many things."""


@pytest.fixture(scope="session")
def strace() -> None:
    """Skips where no fault can be injected."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: on Debian, apt install strace")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as waiting:
        words = ["strace", "-qq", "-o", "/dev/null", "-p", str(waiting.pid)]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as tracing:
            try:
                _, said = tracing.communicate(timeout=0.5)
            except subprocess.TimeoutExpired:
                tracing.terminate()
                said = ""
        waiting.kill()
    if said:
        pytest.skip(f"a process may not be traced here: {said.strip()}")


def _tried(kit: Kit, folder: Path, fault: str) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.faults.faulted", kit.folder, folder, fault, "1", *_CALLS]
    done = subprocess.run(
        [str(each) for each in words],
        cwd=_REPOSITORY,
        env=os.environ | _ONE_THREAD,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert not found["failures"], "\n\n".join(found["failures"][:3])
    hit = found["hit"]
    assert hit.get("?fsync", 0) + hit.get("?fdatasync", 0) > _LEAST_SYNCS
    assert sum(count for call, count in hit.items() if "rename" in call) >= 1
    assert sum(count for call, count in hit.items() if "unlink" in call) >= 1
    return found


@pytest.mark.usefixtures("strace")
def test_nothing_is_lost_or_half_written_when_chiso_is_killed_at_any_call_that_makes_things_last(
    kit: Kit, tmp_path: Path
) -> None:
    assert _tried(kit, tmp_path, "signal=SIGKILL")["codes"] == {}


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("fault", ["error=EIO", "error=ENOSPC"])
def test_a_disk_that_fails_at_any_such_call_is_told_of_truly_and_loses_nothing(
    kit: Kit, tmp_path: Path, fault: str
) -> None:
    assert _tried(kit, tmp_path, fault)["codes"]
