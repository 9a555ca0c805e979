"""Every call that docs/api.md prints works as printed, on a served home; so does its client."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.serve import conftest as serving
from tests.serve.listening import listening

from chiso import wiring_serve
from chiso.interfaces.serve.app import api_document
from chiso.services.serving.service import ServiceSettings

# The fixtures of the served home.
served_models, peopled_home = serving.served_models, serving.peopled_home
home_directory, photo_of = serving.home_directory, serving.photo_of

_DOCS = Path(__file__).parents[1] / "docs"
_PAGE = (_DOCS / "api.md").read_text(encoding="utf-8")
_CALLS = "\n".join(re.findall(r"```sh\n(.*?)```", _PAGE, re.DOTALL))


@pytest.fixture
def desk(
    tmp_path: Path, home_directory: Path, photo_of: Callable[..., bytes]
) -> tuple[Path, dict[str, str]]:
    """A folder with the files that the page names, and an environment with `chiso` in it."""
    folder = tmp_path / "desk"
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "chiso"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m chiso "$@"\n')
    program.chmod(0o755)
    (folder / "rudo.jpg").write_bytes(photo_of("006", "neutral"))
    (folder / "rudo-today.jpg").write_bytes(photo_of("006"))
    (folder / "form.pdf").write_bytes(b"signed")
    (folder / "notice.md").write_bytes(b"read")
    path = f"{program.parent}:{os.environ['PATH']}"
    return folder, {**os.environ, "PATH": path, "CHISO_HOME": str(home_directory)}


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_every_call_on_the_page_works_as_printed(
    desk: tuple[Path, dict[str, str]], home_directory: Path
) -> None:
    folder, environment = desk
    service = wiring_serve.open_service(home_directory, ServiceSettings(), is_secure=False)
    with listening(service) as url:
        script = "set -euo pipefail\n" + _CALLS.replace("http://127.0.0.1:8730", url)
        done = subprocess.run(
            ["bash", "-x", "-c", script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert '"decision":"match"' in done.stdout
    assert '"subject":"Rudo M."' in done.stdout
    assert (folder / "rudo.zip").read_bytes()[:2] == b"PK"


def test_the_page_calls_every_route_that_there_is() -> None:
    documented: Any = api_document()["paths"]
    calls = _CALLS.replace("$CHISO/v1", "/v1")
    printed = re.sub(r"\$[A-Z_]+|(?<=proofs/)0", "{}", calls)
    for path in documented:
        assert re.sub(r"\{\w+\}", "{}", path) in printed, path


def test_the_example_client_enrols_recognises_and_withdraws(
    desk: tuple[Path, dict[str, str]], home_directory: Path
) -> None:
    folder, environment = desk
    issue = ["chiso", "access", "key", "issue", "desk", "--role", "admin", "--expires=2099-01-01"]
    key = subprocess.run(
        issue, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()
    service = wiring_serve.open_service(home_directory, ServiceSettings(), is_secure=False)
    with listening(service) as url:
        client = [sys.executable, str(_DOCS / "examples" / "client.py"), url, key, "Rudo M."]
        done = subprocess.run(
            [*client, "rudo.jpg", "form.pdf"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1:] == [
        "Verified: match.",
        "Identified: ['Rudo M.'].",
        "4 people are enrolled.",
        "Withdrawn: 1 reference destroyed.",
    ]
