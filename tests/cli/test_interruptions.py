"""Ctrl-C, kill -9, a full disk, two at once: nothing is half-written, and work goes on after."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.running import (
    FAR_AWAY,
    PROCESS_LIMIT_S,
    PURPOSE,
    Chiso,
    assert_error,
    assert_whole,
    ended,
    enrolment,
    write_manifest,
)

from chiso.interfaces.cli.output import counted

Volunteer = Callable[..., Path]
SmallPhotos = list[tuple[str, Path, Path]]
PAGE_BYTES = 4096
DISK_BYTES = 2 * 1024 * 1024

# chiso with one step replaced by the death of the process.
KILLED_AT = """
import os, signal, sys
from chiso.{module} import {owner}
{owner}.{step} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from chiso.interfaces.cli.main import main
sys.exit(main())
"""


@pytest.fixture
def manifest(tmp_path: Path, small_photos: SmallPhotos) -> Path:
    """Both photos of every volunteer: about two seconds of work."""
    rows = [(subject, photo, PURPOSE) for subject, *photos in small_photos for photo in photos]
    return write_manifest(tmp_path / "people.csv", rows)


def test_ctrl_c_in_a_manifest_keeps_the_rows_that_landed(
    run: Chiso, manifest: Path, small_photos: SmallPhotos
) -> None:
    working = run.started("enrol", "--manifest", manifest)
    _wait_for_references(run, working, 5)
    working.send_signal(signal.SIGINT)
    stopped = ended(working)

    landed = run.holdings().references
    assert stopped.status == 130
    assert stopped.stdout == ""
    # Ctrl-C may come between a row's commit and its being counted.
    told = [f"Stopped. {counted(number, 'photo')} enrolled" for number in (landed, landed - 1)]
    assert any(each in stopped.stderr for each in told)
    assert "Run the same command again" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert 5 <= landed < 2 * len(small_photos)
    assert_whole(run)
    _assert_a_second_run_completes(run, manifest, landed, small_photos)


def test_a_process_killed_in_a_manifest_leaves_whole_rows(
    run: Chiso, manifest: Path, small_photos: SmallPhotos
) -> None:
    working = run.started("enrol", "--manifest", manifest)
    _wait_for_references(run, working, 5)
    working.kill()
    assert ended(working).status == -signal.SIGKILL

    landed = run.holdings().references
    assert 5 <= landed < 2 * len(small_photos)
    assert run.process("log", "verify").status == 0
    assert_whole(run, was_killed=True)
    _assert_a_second_run_completes(run, manifest, landed, small_photos, was_killed=True)


@pytest.mark.parametrize(
    ("module", "owner", "step"),
    [
        ("adapters.keystore", "FileKeystore", "create"),
        ("adapters.store.transaction", "SqlTransaction", "add_reference"),
        ("adapters.store.transaction", "SqlTransaction", "set_log_head"),
    ],
    ids=["before the key", "between key and rows", "before the commit"],
)
def test_a_process_killed_while_it_enrols_leaves_nothing_of_the_person(
    peopled: Chiso, volunteer: Volunteer, module: str, owner: str, step: str
) -> None:
    before = peopled.holdings()
    words = enrolment(peopled.home, "006", volunteer("006"), PURPOSE, "verify", FAR_AWAY)
    code = KILLED_AT.format(module=module, owner=owner, step=step)
    assert peopled.process(*words, python=("-c", code)).status == -signal.SIGKILL
    assert peopled.process("log", "verify").status == 0  # whoever opens the home next tidies up
    assert peopled.holdings() == before
    assert_whole(peopled)
    assert peopled(*words).document["references"] == 1


@pytest.mark.parametrize(
    ("module", "owner", "step"),
    [
        ("adapters.keystore", "FileKeystore", "destroy"),
        ("adapters.store.sqlite", "SqliteStore", "scrub"),
        ("adapters.store.transaction", "SqlTransaction", "key_destroyed"),
    ],
    ids=["before the key goes", "before the scrub", "before it is noted"],
)
def test_a_withdrawal_that_was_killed_is_finished_by_the_next_command(
    peopled: Chiso, module: str, owner: str, step: str
) -> None:
    before = peopled.holdings()
    code = KILLED_AT.format(module=module, owner=owner, step=step)
    assert peopled.process("withdraw", "001", python=("-c", code)).status == -signal.SIGKILL
    assert peopled.process("log", "verify").status == 0
    after = peopled.holdings()
    assert len(after.subjects) == len(after.keys) == len(before.subjects) - 1
    assert after.references == before.references - 1
    assert_whole(peopled)


def test_a_withdrawal_killed_before_its_commit_has_not_happened(peopled: Chiso) -> None:
    before = peopled.holdings()
    code = KILLED_AT.format(
        module="adapters.store.transaction",
        owner="SqlTransaction",
        step="schedule_key_destruction",
    )
    assert peopled.process("withdraw", "001", python=("-c", code)).status == -signal.SIGKILL
    assert peopled.holdings() == before
    assert_whole(peopled)


def test_two_processes_enrol_at_once(run: Chiso, tmp_path: Path, small_photos: SmallPhotos) -> None:
    people = small_photos[:24]
    neutral = [(subject, photo, PURPOSE) for subject, photo, _ in people]
    smiling = [(subject, photo, PURPOSE) for subject, _, photo in people]
    shared = neutral[:4]  # rows that both have: one of the two enrols them
    manifests = (
        write_manifest(tmp_path / "one.csv", neutral),
        write_manifest(tmp_path / "other.csv", [*smiling, *shared]),
    )
    working = [run.started("enrol", "--manifest", each) for each in manifests]
    done = [ended(each) for each in working]

    assert [each.status for each in done] == [0, 0], done
    assert sum(each.document["enrolled"] for each in done) == 48
    assert sum(each.document["already_enrolled"] for each in done) == 4
    held = run.holdings()
    assert (len(held.subjects), held.receipts, held.references) == (24, 24, 48)
    assert_whole(run)


def test_two_processes_that_enrol_the_same_photo_enrol_it_once(
    run: Chiso, volunteer: Volunteer
) -> None:
    words = enrolment(run.home, "Rudo", volunteer("001"), PURPOSE, "verify", FAR_AWAY)
    working = [run.started(*words) for _ in range(3)]
    done = [ended(each) for each in working]
    assert [each.status for each in done] == [0, 0, 0], done
    assert sorted(each.document["references"] for each in done) == [0, 0, 1]
    held = run.holdings()
    assert (len(held.subjects), held.receipts, held.references) == (1, 1, 1)
    assert_whole(run)


# Where along an enrolment space runs out. The store's index of its log takes 32 KiB at once.
@pytest.mark.parametrize("most_bytes", [8_000, 42_000, 50_000])
def test_a_file_that_may_not_grow_stops_an_enrolment_whole(
    peopled: Chiso, volunteer: Volunteer, most_bytes: int
) -> None:
    before = peopled.holdings()
    words = enrolment(peopled.home, "006", volunteer("006"), PURPOSE, "verify", FAR_AWAY)
    limits = (most_bytes, most_bytes)
    stopped = peopled.process(
        *words, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    )
    assert_error(stopped, 6, "store-full", "nothing was changed", "Free some space")
    assert peopled.process("log", "verify").status == 0
    assert peopled.holdings() == before
    assert_whole(peopled)
    assert peopled(*words).document["references"] == 1
    assert_whole(peopled)


@pytest.fixture
def disk(peopled: Chiso, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of two mebibytes, to which the home has moved."""
    mount = tmp_path / "disk"
    mount.mkdir()
    size = f"size={DISK_BYTES}"
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", mount], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("there is no `mount` here to make a small disk with")
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be made here: {mounted.stderr.strip()}")
    try:
        shutil.move(peopled.home, mount / "home")
        shutil.copy(tmp_path / "form.pdf", mount)
        peopled.home = mount / "home"
        monkeypatch.setenv("CHISO_HOME", str(peopled.home))
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", mount], check=True)


@pytest.mark.parametrize("pages_left", [1, 12, 18])
def test_a_full_disk_stops_an_enrolment_whole(
    peopled: Chiso, disk: Path, volunteer: Volunteer, pages_left: int
) -> None:
    before = peopled.holdings()
    words = enrolment(peopled.home, "006", volunteer("006"), PURPOSE, "verify", FAR_AWAY)
    free = shutil.disk_usage(disk).free
    (disk / "filler").write_bytes(bytes(free - pages_left * PAGE_BYTES))

    stopped = peopled.process(*words)
    assert_error(stopped, 6, "store-full", "nothing was changed", "Free some space")
    (disk / "filler").unlink()
    assert peopled.process("log", "verify").status == 0
    assert peopled.holdings() == before
    assert_whole(peopled)
    assert peopled.process(*words).document["references"] == 1
    assert_whole(peopled)


def test_a_full_disk_in_a_manifest_keeps_the_rows_that_landed(
    peopled: Chiso, disk: Path, small_photos: SmallPhotos
) -> None:
    manifest = write_manifest(
        disk / "people.csv",
        [(subject, photo, PURPOSE) for subject, photo, _ in small_photos[3:15]],
    )
    before = peopled.holdings()
    free = shutil.disk_usage(disk).free
    (disk / "filler").write_bytes(bytes(free - 45 * PAGE_BYTES))

    stopped = peopled.process("enrol", "--manifest", manifest)
    assert_error(stopped, 6, "store-full", "nothing was changed")
    (disk / "filler").unlink()
    landed = peopled.holdings().references - before.references
    assert f"Stopped. {counted(landed, 'photo')} enrolled, and kept" in stopped.stderr
    assert 0 < landed < 12
    again = peopled.process("enrol", "--manifest", manifest).document
    assert (again["enrolled"], again["already_enrolled"]) == (12 - landed, landed)
    assert_whole(peopled)


def _wait_for_references(chiso: Chiso, working: subprocess.Popen[str], count: int) -> None:
    deadline = time.monotonic() + PROCESS_LIMIT_S
    while chiso.holdings().references < count:
        assert working.poll() is None, ended(working)
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _assert_a_second_run_completes(
    chiso: Chiso,
    manifest: Path,
    landed: int,
    people: SmallPhotos,
    *,
    was_killed: bool = False,
) -> None:
    again = chiso("enrol", "--manifest", manifest)
    assert again.status == 0
    assert again.document["already_enrolled"] == landed
    assert again.document["enrolled"] == 2 * len(people) - landed
    held = chiso.holdings()
    assert len(held.subjects) == len(held.keys) == held.receipts == len(people)
    assert_whole(chiso, was_killed=was_killed)


# chiso with Ctrl-C pressed as some module is looked for, or in place of some step.
CTRL_C_ON_IMPORT = """
import os, signal, sys
class Pressed:
    def find_spec(name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Pressed)
from chiso.interfaces.cli.main import main
sys.exit(main())
"""
CTRL_C_AT = """
import os, signal, sys
import {module} as module
module.{step} = lambda *_: os.kill(os.getpid(), signal.SIGINT)
from chiso.interfaces.cli.main import main
sys.exit(main())
"""
# Python empties its modules last of all, when it no longer runs anyone's own signal handlers.
CTRL_C_AT_THE_END = """
import os, signal, sys
class Late:
    def __del__(self, kill=os.kill, us=os.getpid(), number=signal.SIGINT):
        kill(us, number)
late = Late()
from chiso.interfaces.cli.main import main
sys.exit(main())
"""


@pytest.fixture
def scores(tmp_path: Path) -> tuple[str | Path, ...]:
    """What audits a table of six people's scores."""
    rows = [
        f"p{a},p{b},{0.9 if a == b else 0.1 + 0.01 * a},{'xy'[a % 2]},{'xy'[b % 2]}"
        for a in range(6)
        for b in range(a, 6)
    ]
    table = tmp_path / "scores.csv"
    table.write_text("\n".join(["subject_a,subject_b,score,group_a,group_b", *rows]) + "\n")
    return "audit", "scores", table, "--threshold", "0.5", "--out", tmp_path / "report"


@pytest.mark.parametrize(
    "code",
    [
        CTRL_C_ON_IMPORT.format(module="threading"),
        CTRL_C_ON_IMPORT.format(module="chiso.interfaces.cli.command"),
        CTRL_C_ON_IMPORT.format(module="typer"),
        CTRL_C_ON_IMPORT.format(module="numpy"),
        CTRL_C_ON_IMPORT.format(module="numpy._core._multiarray_umath"),
        CTRL_C_ON_IMPORT.format(module="polars"),
        CTRL_C_AT.format(module="chiso.services.audit.scores", step="distinct_comparisons"),
    ],
    ids=["heeding it", "ours", "typer", "numpy", "compiled", "polars", "working"],
)
def test_ctrl_c_ends_an_audit_with_one_line_and_leaves_no_report(
    run: Chiso, tmp_path: Path, scores: tuple[str | Path, ...], code: str
) -> None:
    stopped = run.process(*scores, python=("-c", code))
    assert stopped.status == 130, stopped
    assert stopped.stdout == ""
    assert stopped.stderr.splitlines()[-1].startswith("Interrupted.")
    assert "Traceback" not in stopped.stderr
    assert not (tmp_path / "report").exists()


def test_ctrl_c_after_the_answer_changes_nothing(
    run: Chiso, scores: tuple[str | Path, ...]
) -> None:
    done = run.process(*scores, python=("-c", CTRL_C_AT_THE_END))
    assert done.status == 0
    assert done.document["verdict"]
    assert "Interrupted" not in done.stderr
