"""`chiso witness` as people run it: answers, Ctrl-C, and a process killed at the worst moment."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.witness.logs import MadeUpLog

from chiso import wiring_witness
from chiso.account.tlog_witness import parse_size_body
from chiso.adapters.witness.link import HttpWitnessLink
from chiso.core.errors import ChisoError
from chiso.interfaces.cli.main import main

_LIMIT_S = 30.0
_KILLED_BEFORE_ANSWERING = """
import os, signal, sys
from pathlib import Path
from chiso import wiring_witness
from chiso.adapters.witness.server import WitnessServer
from chiso.services.witness import add_checkpoint

witness = wiring_witness.open_witness(Path(sys.argv[1]))
def answer(body):
    reply = add_checkpoint(witness, body)
    assert reply.status == 200, reply
    os.kill(os.getpid(), signal.SIGKILL)
server = WitnessServer("127.0.0.1", 0, answer, print)
print('{"url": "' + server.url + '"}', flush=True)
server.serve_forever()
"""


def _chiso(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = main([*map(str, words), "--json"])
    return status, json.loads(capsys.readouterr().out)


@contextmanager
def _running(*words: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that listens, and where; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        process.kill()
        process.communicate(timeout=_LIMIT_S)


def test_a_witness_is_made_serves_a_log_and_ends_with_ctrl_c(
    folder: Path, log: MadeUpLog, capsys: pytest.CaptureFixture[str]
) -> None:
    status, made = _chiso(capsys, "witness", "init", "--dir", folder, "--name", "w.example/1")
    assert (status, made["vkey"][:12]) == (0, "w.example/1+")
    status, served = _chiso(capsys, "witness", "trust", "--dir", folder, log.vkey)
    assert (status, served["origin"], served["size"]) == (0, log.origin, 0)
    words = ("-m", "chiso", "witness", "serve", "--dir", folder, "--port", "0", "--json")
    with _running(*words) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert HttpWitnessLink().ask(url, log.request(0)).status == 200
        assert HttpWitnessLink().ask(url, log.request(0)).status == 409
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=_LIMIT_S)
    assert process.returncode == 0
    first, second, last = told.splitlines()
    assert first == f"200 {log.origin} at 7 leaves: cosigned"
    assert second.startswith("409 ")
    assert last == "Stopped. What was seen is on disk."
    status, listed = _chiso(capsys, "witness", "logs", "--dir", folder)
    assert status == 0
    assert listed["vkey"] == made["vkey"]
    assert [(each["size"], each["checkpoint"]) for each in listed["logs"]] == [(7, log.note())]


def test_a_witness_killed_between_remembering_and_answering_has_lost_nothing(
    folder: Path, log: MadeUpLog, capsys: pytest.CaptureFixture[str]
) -> None:
    _chiso(capsys, "witness", "init", "--dir", folder, "--name", "w.example/1")
    _chiso(capsys, "witness", "trust", "--dir", folder, log.vkey)
    with (
        _running("-c", _KILLED_BEFORE_ANSWERING, folder) as (process, url),
        pytest.raises(ChisoError, match="does not answer"),
    ):
        HttpWitnessLink().ask(url, log.request(0))
    assert process.returncode == -signal.SIGKILL
    words = ("-m", "chiso", "witness", "serve", "--dir", folder, "--port", "0", "--json")
    with _running(*words) as (_, url):
        fork = log.forked(4).grow(3, "lie")
        assert HttpWitnessLink().ask(url, fork.request(0)).status == 409
        again = HttpWitnessLink().ask(url, log.request(0))
        assert (again.status, parse_size_body(again.body)) == (409, 7)
        assert HttpWitnessLink().ask(url, log.request(7)).status == 200


def test_a_log_that_showed_two_histories_is_shown_with_status_5(
    folder: Path, log: MadeUpLog, capsys: pytest.CaptureFixture[str]
) -> None:
    _chiso(capsys, "witness", "init", "--dir", folder, "--name", "w.example/1")
    _chiso(capsys, "witness", "trust", "--dir", folder, log.vkey)
    witness = wiring_witness.open_witness(folder)
    server = wiring_witness.witness_server(witness, "127.0.0.1", 0, lambda _: None)
    fork = log.forked(4).grow(3, "lie")
    for body in (log.request(0), fork.request(7)):
        server.answer(body)
    server.server_close()
    status, listed = _chiso(capsys, "witness", "logs", "--dir", folder)
    assert status == 5
    (shown,) = listed["logs"]
    assert shown["checkpoint"] == log.note()
    assert shown["refused"]["is_proof"] is True
    assert shown["refused"]["checkpoint"] == fork.note()
    capsys.readouterr()
    assert main(["witness", "logs", "--dir", str(folder)]) == 5
    assert "TWO HISTORIES" in capsys.readouterr().out


def test_a_witness_with_an_edited_state_does_not_begin_to_serve(
    folder: Path, log: MadeUpLog, capsys: pytest.CaptureFixture[str]
) -> None:
    _chiso(capsys, "witness", "init", "--dir", folder, "--name", "w.example/1")
    _chiso(capsys, "witness", "trust", "--dir", folder, log.vkey)
    with closing(sqlite3.connect(folder / "state.sqlite3")) as file, file:
        file.execute("UPDATE logs SET vkey = 'another'")
    status, said = _chiso(capsys, "witness", "serve", "--dir", folder, "--port", "0")
    assert (status, said["error"]["code"]) == (5, "witness-damaged")


def test_a_folder_without_a_witness_is_said_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = _chiso(capsys, "witness", "logs", "--dir", folder)
    assert (status, said["error"]["code"]) == (6, "witness-missing")
