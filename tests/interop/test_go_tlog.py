"""Go's own code for signed notes and tree proofs verifies what Chiso writes, and refuses less."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.account.bundles import KEY, WITNESS, bundle_of, small_log

from chiso.account.bundle import bundle_bytes
from chiso.account.checkpoint import vkey_text

_GOPATH = Path("/usr/share/gocode")  # where Debian's golang-golang-x-mod-dev puts its source
_PACKAGE = _GOPATH / "src/golang.org/x/mod/sumdb/tlog"
_SOURCE = Path(__file__).parent / "verify.go"

Document = dict[str, Any]


@pytest.fixture(scope="module")
def go_verify(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built from Debian's copy of golang.org/x/mod: nothing is fetched."""
    go = shutil.which("go")
    if go is None or not _PACKAGE.is_dir():
        pytest.skip("no Go with golang.org/x/mod: install golang-go golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": str(_GOPATH),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    words = [go, "build", "-o", str(folder / "verify"), str(_SOURCE)]
    subprocess.run(words, env=environment, check=True, capture_output=True, cwd=folder)
    return folder / "verify"


def _told(program: Path, file: Path, key: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, file, key], capture_output=True, text=True, check=False)


def _made(tmp_path: Path, size: int) -> Path:
    """A bundle of every leaf and every earlier checkpoint of a log of `size` leaves."""
    file = tmp_path / f"{size}.json"
    file.write_bytes(bundle_bytes(bundle_of(small_log(size), range(size), range(1, size))))
    return file


def test_go_verifies_every_note_and_proof_of_logs_of_many_sizes(
    go_verify: Path, tmp_path: Path
) -> None:
    for size in (1, 2, 3, 7, 8, 9, 21, 64, 65):
        told = _told(go_verify, _made(tmp_path, size), vkey_text(KEY))
        assert told.stdout == f"{size} {size - 1} {size}\n", told.stderr


def _flipped(text: str) -> str:
    """The hex text with its first digit changed."""
    return ("1" if text[0] == "0" else "0") + text[1:]


def _flip_in(said: Document, name: str) -> None:
    said[name][0] = _flipped(said[name][0])


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (lambda said: said["leaves"][3].update(payload="{}"), "leaf 3"),
        (lambda said: said["leaves"][3].update(salt=_flipped(said["leaves"][3]["salt"])), "leaf 3"),
        (lambda said: said["leaves"][3].update(seq=4), "leaf 4"),
        (lambda said: _flip_in(said["leaves"][3], "inclusion"), "leaf 3"),
        (lambda said: said["leaves"][3]["inclusion"].pop(), "leaf 3"),
        (lambda said: _flip_in(said["earlier"][4], "consistency"), "consistency from 5"),
        (lambda said: said["earlier"][4]["consistency"].pop(), "consistency from 5"),
        (
            lambda said: said.update(checkpoint=said["checkpoint"].replace("\n13\n", "\n12\n")),
            "the checkpoint",
        ),
        (
            lambda said: said.update(checkpoint=small_log(12).note(12)),
            "consistency from 1",
        ),
    ],
)
def test_go_refuses_what_was_altered(
    go_verify: Path, tmp_path: Path, alter: Callable[[Document], object], words: str
) -> None:
    file = _made(tmp_path, 13)
    said = json.loads(file.read_bytes())
    alter(said)
    file.write_text(json.dumps(said))
    told = _told(go_verify, file, vkey_text(KEY))
    assert told.returncode == 1
    assert words in told.stderr


def test_go_refuses_a_note_by_another_key(go_verify: Path, tmp_path: Path) -> None:
    file = _made(tmp_path, 3)
    told = _told(go_verify, file, vkey_text(WITNESS))
    assert told.returncode == 1
