"""A PostgreSQL server of the tests' own, where Debian's package is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_BINARIES = Path("/usr/lib/postgresql")
_ACCOUNT = "postgres"


def _binaries() -> Path:
    """The folder of initdb and pg_ctl; skips the test where there is none."""
    named = shutil.which("initdb")
    if named is not None:
        return Path(named).resolve().parent
    for folder in sorted(_BINARIES.glob("*/bin"), reverse=True):
        if (folder / "initdb").is_file():
            return folder
    pytest.skip("no PostgreSQL server here; Debian's package is postgresql")


def _run(*words: str | Path) -> None:
    """As who runs the tests, but for root, whom the server refuses: then as Debian's account."""
    before = ("runuser", "-u", _ACCOUNT, "--") if os.geteuid() == 0 else ()
    subprocess.run([*before, *map(str, words)], check=True, capture_output=True, cwd="/")


@contextmanager
def server() -> Iterator[Path]:
    """Starts a server that only a socket in a folder of its own leads to; yields the folder."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="chiso-pg-"))
    folder.chmod(0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, _ACCOUNT)
    data = folder / "data"
    try:
        _run(binaries / "initdb", "-D", data, "-U", _ACCOUNT, "--auth=trust", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        _run(binaries / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start")
        try:
            yield folder
        finally:
            _run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(folder: Path, name: str, copy_of: str | None = None) -> str:
    """Make an empty database, or a copy of the one at this address, and say where it is."""
    template = "template1" if copy_of is None else copy_of.split("@/")[1].split("?")[0]
    _run(_binaries() / "createdb", "-h", folder, "-U", _ACCOUNT, "-T", template, name)
    return f"postgresql://{_ACCOUNT}@/{name}?host={folder}"
