"""Nothing goes out, and nothing is left lying to go out later."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_RECOGNISE = """
import sys, time
from pathlib import Path
from chiso import wiring
from chiso.core.settings import CaptureSettings
from chiso.core.samples import BiometricSample
import numpy as np
engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
engine.detector.detect(np.zeros((224, 224, 3), np.uint8))
engine.embedder.embed([np.zeros((150, 150, 3), np.uint8)])
time.sleep(float(sys.argv[1]))
"""
_LONGER_THAN_A_REPORT_WAITS_S = 12.0


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "TELEMETRY" not in name}
    return kept | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}


def test_a_recognition_leaves_nothing_in_the_users_folders_but_its_own_models(
    tmp_path: Path,
) -> None:
    environment = _environment(tmp_path) | {"CHISO_MODELS": str(tmp_path / "models")}
    subprocess.run([sys.executable, "-c", _RECOGNISE, "0"], env=environment, check=True)
    left = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert left == {"models"}


def test_a_recognition_opens_no_socket(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: on Debian, apt install strace")
    log = tmp_path / "calls"
    trace = ["strace", "-f", "-e", "trace=socket,connect,sendto,sendmsg", "-o", str(log)]
    words = [sys.executable, "-c", _RECOGNISE, str(_LONGER_THAN_A_REPORT_WAITS_S)]
    environment = _environment(tmp_path) | {"CHISO_MODELS": str(tmp_path / "models")}
    subprocess.run([*trace, *words], env=environment, check=True)
    calls = [line for line in log.read_text().splitlines() if "AF_INET" in line]
    assert calls == []
