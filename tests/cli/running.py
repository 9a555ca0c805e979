"""Runs chiso as people run it, and looks at what it left in the home."""

from __future__ import annotations

import csv
import gc
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chiso.interfaces.cli.main import main

PURPOSE = "clinic door"
FAR_AWAY = "2099-12-31"
STORE, KEYSTORE = "store.sqlite3", "keystore.sqlite3"
REPORTS = "reports"
"""Pages of recorded audits, which tell of nobody."""
HOME_FILES = frozenset({"home.json", "operator.key", "log.note", STORE, KEYSTORE})
UNFINISHED_NOTE = ".log."
"""How the name of a note begins that was being written when chiso was killed: whoever writes one
later removes it."""
# Files of SQLite while some process (this one, where a test runs chiso in process) has it open.
OPEN_STORE_FILES = frozenset({f"{STORE}-wal", f"{STORE}-shm"})
PROCESS_LIMIT_S = 180.0

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended, and what it said."""

    status: int
    stdout: str
    stderr: str

    @property
    def documents(self) -> list[Document]:
        """Every line of standard output; fails where one is not a JSON object."""
        parsed = [json.loads(line) for line in self.stdout.splitlines()]
        assert all(isinstance(each, dict) for each in parsed), self.stdout
        return parsed

    @property
    def document(self) -> Document:
        """The one object on standard output."""
        (document,) = self.documents
        return document


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a home holds, read from its files without chiso."""

    subjects: frozenset[str]
    receipts: int
    references: int
    leaves: int
    keys: frozenset[str]
    referenced: frozenset[str]
    """Ids of the subjects who have references."""


class Chiso:
    """chiso, working in one home. Calling it runs a command in this process, with --json."""

    def __init__(self, home: Path, models: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.models = models
        self._capsys = capsys

    def in_copy_of(self, home: Path) -> Chiso:
        """The same, with a copy of another home in the place of its own."""
        shutil.rmtree(self.home)
        shutil.copytree(home, self.home)
        return self

    def __call__(self, *words: str | Path) -> Outcome:
        self._capsys.readouterr()
        status = main([*map(str, words), "--json"])
        said = self._capsys.readouterr()
        return Outcome(status, said.out, said.err)

    def started(
        self,
        *words: str | Path,
        python: Sequence[str] = ("-m", "chiso"),
        before: Callable[[], object] = lambda: None,
    ) -> subprocess.Popen[str]:
        """A process of its own. `before` runs in it, ahead of Python."""

        def prepare() -> None:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a job in the background ignores it
            before()

        return subprocess.Popen(
            [sys.executable, *python, *map(str, words), "--json"],
            env=os.environ | {"CHISO_HOME": str(self.home), "CHISO_MODELS": str(self.models)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=prepare,
        )

    def process(
        self,
        *words: str | Path,
        python: Sequence[str] = ("-m", "chiso"),
        before: Callable[[], object] = lambda: None,
    ) -> Outcome:
        """As calling, in a process of its own, whose end is also checked for leftovers."""
        return ended(self.started(*words, python=python, before=before))

    def enrol(
        self,
        subject: str,
        *photos: Path,
        purpose: str = PURPOSE,
        modes: str = "verify,identify",
        expires: str = FAR_AWAY,
    ) -> Outcome:
        """Enrol with everything that is required."""
        return self(*enrolment(self.home, subject, *photos, purpose, modes, expires))

    def holdings(self) -> Holdings:
        """Counts and ids, straight from SQLite."""
        with self.database(STORE) as store, self.database(KEYSTORE) as keystore:
            return Holdings(
                subjects=frozenset(_column(store, "SELECT id FROM subjects")),
                receipts=_count(store, "receipts"),
                references=_count(store, "reference_templates"),
                leaves=_count(store, "log_leaves"),
                keys=frozenset(_column(keystore, "SELECT subject_id FROM person_keys")),
                referenced=frozenset(_column(store, "SELECT subject_id FROM reference_templates")),
            )

    @contextmanager
    def database(self, name: str) -> Iterator[sqlite3.Connection]:
        """One of the home's two databases, opened behind chiso's back; commits at the end."""
        with closing(sqlite3.connect(self.home / name, timeout=10.0)) as connection, connection:
            yield connection


def enrolment(home: Path, subject: str, *photos_and_terms: str | Path) -> list[str | Path]:
    """Words of `chiso enrol`; the last three of `photos_and_terms`: purpose, modes, expires."""
    *photos, purpose, modes, expires = photos_and_terms
    words: list[str | Path] = ["enrol", subject, *photos, "--purpose", purpose, "--modes", modes]
    return [*words, "--expires", expires, "--evidence", home.parent / "form.pdf"]


def run_alone(home: Path, models: Path, *words: str | Path) -> None:
    """Run a command that must succeed, in a process of its own: it leaves no open file behind."""
    subprocess.run(
        [sys.executable, "-m", "chiso", *map(str, words), "--json"],
        env=os.environ | {"CHISO_HOME": str(home), "CHISO_MODELS": str(models)},
        check=True,
        capture_output=True,
    )


def write_manifest(path: Path, rows: Iterable[tuple[str, Path, str]]) -> Path:
    """A manifest at `path` of (subject, photo, purpose), agreeing to everything until far away."""
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["subject", "photo", "purpose", "modes", "expires", "evidence"])
        for subject, photo, purpose in rows:
            table.writerow([subject, photo, purpose, "verify,identify", FAR_AWAY, "form.pdf"])
    return path


def ended(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a process; one that does not end is a defect, and is killed."""
    try:
        out, err = process.communicate(timeout=PROCESS_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Outcome(process.returncode, out, err)


def assert_error(outcome: Outcome, status: int, code: str, *words: str) -> None:
    """The command failed so, in JSON and in words that name what and what to do."""
    assert outcome.status == status, outcome
    error = outcome.document["error"]
    assert error["code"] == code
    _assert_says_what_to_do(outcome, error["message"], error["hint"], *words)


def assert_refused(outcome: Outcome, status: int, code: str, *words: str) -> None:
    """As `assert_error`, for `chiso verify`, whose refusal is an answer."""
    assert outcome.status == status, outcome
    document = outcome.document
    assert (document["decision"], document["reason"]) == ("refused", code)
    assert (document["score"], document["llr"]) == (None, None)
    assert_error(outcome, status, code, *words)


def _assert_says_what_to_do(outcome: Outcome, message: str, hint: str, *words: str) -> None:
    assert message.endswith(".")
    assert hint.endswith(".")
    assert message in outcome.stderr
    assert hint in outcome.stderr
    for word in words:
        assert word in f"{message} {hint}"


def assert_whole(chiso: Chiso, *, was_killed: bool = False) -> None:
    """Nothing is half-written, nothing lies about, and the log verifies.

    `was_killed`: at a moment that the test did not choose; then a note may be unfinished.
    """
    verified = chiso("log", "verify")
    assert verified.status == 0, verified
    held = chiso.holdings()
    assert verified.document["size"] == held.leaves
    assert held.keys <= held.subjects, "a key whose owner is not there"
    assert held.referenced <= held.keys, "references that nobody can open"
    gc.collect()
    lying = {path.name for path in chiso.home.iterdir()} - OPEN_STORE_FILES - {REPORTS}
    if was_killed:
        lying = {name for name in lying if not name.startswith(UNFINISHED_NOTE)}
    assert lying == HOME_FILES
    around = {path.name for path in chiso.home.parent.iterdir()}
    assert not [name for name in around if name.endswith((".part", ".making"))]


def assert_untouched(chiso: Chiso, before: Holdings) -> None:
    """The home holds what it held."""
    assert chiso.holdings() == before
    assert_whole(chiso)


def _column(database: sqlite3.Connection, query: str) -> list[Any]:
    return [row[0] for row in database.execute(query)]


def _count(database: sqlite3.Connection, table: str) -> int:
    return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
