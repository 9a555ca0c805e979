"""What consent no longer covers is erased, on schedule, and nothing else is."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.clock import MovedClock
from tests.cli.running import (
    FAR_AWAY,
    KEYSTORE,
    PROCESS_LIMIT_S,
    PURPOSE,
    STORE,
    Chiso,
    Document,
    assert_error,
    assert_untouched,
    assert_whole,
    ended,
)

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.services import purge as purging
from chiso.services.purge import due, purge_due

Volunteer = Callable[..., Path]
NAME = "Tsitsi-Ruvarashe Dzvairo"
# chiso that dies, as by SIGKILL, at a step of a purge.
DYING = """
import os, sys
from chiso.interfaces.cli.main import main
from chiso.services import purge
purge.{step} = lambda *given: os._exit(9)
sys.exit(main())
"""


@pytest.fixture(scope="module")
def aged_home(
    tmp_path_factory: pytest.TempPathFactory,
    models: Path,
    empty_home: Path,
    volunteer: Volunteer,
) -> Path:
    """A home whose people enrolled two years ago; to copy.

    Tsitsi's consent was for a year. 001 has one that is over, and one in force. 003's is in force.
    """
    home = tmp_path_factory.mktemp("aged") / "home"
    shutil.copytree(empty_home, home)
    (home.parent / "form.pdf").write_bytes(b"I agree.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHISO_HOME", str(home))
        patch.setenv("CHISO_MODELS", str(models))
        patch.delenv("CHISO_OPERATOR_KEY", raising=False)
        then = datetime.now(UTC) - timedelta(days=730)
        MovedClock(patch).move(f"{then:%Y-%m-%d}")
        a_year_on = f"{then + timedelta(days=365):%Y-%m-%d}"
        _enrol(home, NAME, volunteer("006"), PURPOSE, a_year_on)
        _enrol(home, "001", volunteer("001"), "canteen", a_year_on)
        _enrol(home, "001", volunteer("001"), PURPOSE, FAR_AWAY)
        _enrol(home, "003", volunteer("003"), PURPOSE, FAR_AWAY)
    return home


def _enrol(home: Path, subject: str, photo: Path, purpose: str, expires: str) -> None:
    from tests.cli.running import enrolment

    from chiso.interfaces.cli.main import main

    words = enrolment(home, subject, photo, purpose, "verify,identify", expires)
    assert main([*map(str, words), "--json"]) == 0


@pytest.fixture
def aged(run: Chiso, aged_home: Path) -> Chiso:
    """chiso, today, in the home of those who enrolled two years ago."""
    return run.in_copy_of(aged_home)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovedClock:
    """The clock of chiso, at noon of 2027-03-01."""
    clock = MovedClock(monkeypatch)
    clock.move("2027-03-01")
    return clock


def _subjects(chiso: Chiso) -> list[str]:
    return [each["subject"] for each in chiso("subjects").document["subjects"]]


def _states(chiso: Chiso, subject: str) -> list[tuple[str, str, int]]:
    held = chiso("receipts", subject).document["receipts"]
    return sorted((each["purpose"], each["state"], each["references"]) for each in held)


def _named(chiso: Chiso, photo: Path) -> list[str]:
    (face,) = chiso("identify", photo, "--purpose", PURPOSE).document["faces"]
    return [each["subject"] for each in face["candidates"]]


def _leaves(chiso: Chiso) -> list[Document]:
    with chiso.database(STORE) as store:
        return [
            json.loads(body)
            for (body,) in store.execute("SELECT body FROM log_payloads ORDER BY seq")
        ]


def _all_bytes(home: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(home.rglob("*")) if file.is_file())


def test_an_expired_person_is_gone_from_every_byte_and_the_others_are_found(
    aged: Chiso, volunteer: Volunteer
) -> None:
    traces = _traces(aged, NAME)
    content = _all_bytes(aged.home)
    assert [what for what, trace in traces if trace not in content] == []

    done = aged.process("purge")

    assert done.status == 0, done
    content = _all_bytes(aged.home)
    assert [what for what, trace in traces if trace in content] == []
    assert _subjects(aged) == ["001", "003"]
    assert _states(aged, "001") == [("canteen", "expired", 0), (PURPOSE, "in force", 1)]
    for other in ("001", "003"):
        assert _named(aged, volunteer(other, "smiling")) == [other]
    assert_whole(aged)


def test_each_erasure_has_a_leaf_that_says_why_and_a_certificate_that_holds(
    aged: Chiso, tmp_path: Path
) -> None:
    purged = aged("purge").document["purged"]
    assert {(each["subject"], each["cause"]) for each in purged} == {
        (NAME, "expired"), ("001", "expired"),
    }  # fmt: skip
    by_name = {each["subject"]: each for each in purged}
    assert (by_name[NAME]["receipt"], by_name[NAME]["key_destroyed"]) == (None, True)
    assert (by_name["001"]["receipts_withdrawn"], by_name["001"]["key_destroyed"]) == (1, False)
    told = [each for each in _leaves(aged) if "erased_subject" in each]
    assert sorted((each["type"], each["cause"]) for each in told) == [
        ("erased", "expired"), ("receipt-withdrawn", "expired"),
    ]  # fmt: skip
    for number, each in enumerate(purged):
        file = tmp_path / f"{number}.json"
        wanted = ("subject", "certificate", "signature")
        file.write_text(json.dumps({name: each[name] for name in wanted}))
        assert aged("erasure", "verify", file, "--home", aged.home).status == 0
    assert_whole(aged)


def test_a_dry_run_says_what_is_due_and_erases_nothing(aged: Chiso) -> None:
    before = aged.holdings()
    found = aged("purge", "--dry-run").document["due"]
    assert sorted((each["subject"], each["receipt"] is None) for each in found) == [
        ("001", False), (NAME, True),
    ]  # fmt: skip
    assert_untouched(aged, before)


def test_where_nothing_is_due_nothing_is_written(peopled: Chiso) -> None:
    before = peopled.holdings()
    assert peopled("purge").document == {"purged": []}
    assert peopled("purge", "--dry-run").document == {"due": []}
    assert_untouched(peopled, before)


def test_a_second_purge_finds_nothing_left(aged: Chiso) -> None:
    aged("purge")
    before = aged.holdings()
    assert aged("purge").document == {"purged": []}
    assert_untouched(aged, before)


def test_certificates_go_to_a_folder_named_after_their_leaves(aged: Chiso, tmp_path: Path) -> None:
    purged = aged("purge", "--out", tmp_path / "c").document["purged"]
    files = sorted((tmp_path / "c").iterdir())
    assert len(files) == len(purged) == 2
    assert all(NAME not in file.name for file in files)
    for file in files:
        assert aged("erasure", "verify", file, "--home", aged.home).status == 0


def test_certificates_of_another_home_in_the_folder_stay_and_hers_are_written_beside(
    aged: Chiso, tmp_path: Path
) -> None:
    shutil.copytree(aged.home, tmp_path / "other")
    first = aged("purge", "--out", tmp_path / "c").document["purged"]
    shutil.rmtree(aged.home)
    (tmp_path / "other").rename(aged.home)
    second = aged("purge", "--out", tmp_path / "c").document["purged"]
    files = sorted((tmp_path / "c").iterdir())
    assert len(files) == len(first) + len(second) == 4
    for file in files:
        assert aged("erasure", "verify", file).status == 0


def test_a_folder_that_cannot_be_written_stops_the_purge_before_it_erases(
    aged: Chiso, tmp_path: Path
) -> None:
    before = aged.holdings()
    (tmp_path / "taken").write_text("a file")
    refused = aged("purge", "--out", tmp_path / "taken")
    assert_error(refused, 6, "file-unreadable", "Nothing was erased")
    assert_untouched(aged, before)


@pytest.mark.parametrize(
    "words",
    [
        ("--every", "soon"), ("--every", "0s"), ("--every", "400d"), ("--every", "5m"),
        ("--dry-run", "--every", "1h"), ("--dry-run", "--out", "c"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(run: Chiso, words: tuple[str, ...]) -> None:
    assert_error(run("purge", *words), 2, "bad-argument")


def test_a_receipt_is_due_from_the_second_that_it_expires(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run.enrol("001", volunteer("001"), expires="2027-03-31")
    clock.move("2027-03-31T23:59:58")
    assert run("purge", "--dry-run").document == {"due": []}
    clock.move("2027-03-31T23:59:59")
    (found,) = run("purge", "--dry-run").document["due"]
    assert (found["cause"], found["ended"]) == ("expired", "2027-03-31T23:59:59Z")


def test_a_purposes_maximum_makes_a_receipt_due(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run.enrol("001", volunteer("001"))
    run("retention", "set", PURPOSE, "--max", "1m")
    clock.move("2027-04-02")
    (purged,) = run("purge").document["purged"]
    assert (purged["cause"], purged["ended"]) == ("expired", "2027-04-01T23:59:59Z")
    assert run.holdings().subjects == run.holdings().keys == frozenset()
    assert_whole(run)


def test_who_had_no_match_goes_as_inactive_and_who_had_one_stays(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run.enrol("001", volunteer("001"))
    run.enrol("003", volunteer("003"))
    run("retention", "set", PURPOSE, "--inactive", "12m")
    clock.move("2028-02-29")
    assert _named(run, volunteer("001", "smiling")) == ["001"]
    clock.move("2028-03-02")
    (purged,) = run("purge").document["purged"]
    assert (purged["subject"], purged["cause"]) == ("003", "inactive")
    clock.move("2029-02-28")
    assert run("purge", "--dry-run").document == {"due": []}
    clock.move("2029-03-01")
    (found,) = run("purge", "--dry-run").document["due"]
    assert (found["subject"], found["ended"]) == ("001", "2029-02-28T23:59:59Z")


def test_what_a_purge_ended_is_not_revived_when_its_rule_is_unset(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run.enrol("001", volunteer("001"), purpose="canteen")
    run.enrol("001", volunteer("001"))
    run("retention", "set", PURPOSE, "--inactive", "1m")
    clock.move("2027-04-02")
    run("purge")
    run("retention", "unset", PURPOSE)
    assert _states(run, "001") == [("canteen", "in force", 1), (PURPOSE, "inactive", 0)]
    refused = run("verify", "001", volunteer("001"), "--purpose", PURPOSE)
    assert (refused.status, refused.document["reason"]) == (4, "consent-inactive")
    again = run.enrol("001", volunteer("001"))
    assert again.document["new_receipt"] is True
    assert_whole(run)


def test_a_withdrawn_receipt_is_kept_until_its_own_day_and_then_goes_with_her(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    receipt = run.enrol("001", volunteer("001"), expires="2027-06-30").document["receipt"]
    run("withdraw", "001", "--receipt", receipt)
    clock.move("2027-06-30")
    assert run("purge").document == {"purged": []}
    clock.move("2027-07-01")
    (purged,) = run("purge").document["purged"]
    assert (purged["receipts"], purged["cause"]) == (1, "expired")
    assert run.holdings().subjects == frozenset()
    assert_whole(run)


def test_a_receipt_that_has_not_begun_is_let_be(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run.enrol("001", volunteer("001"))
    run("retention", "set", PURPOSE, "--max", "1d")
    before = run.holdings()
    clock.move("2026-03-01")
    assert _states(run, "001") == [(PURPOSE, "not begun", 1)]
    assert run("purge").document == {"purged": []}
    assert_untouched(run, before)


def test_a_receipt_whose_dates_were_edited_makes_nobody_due(peopled: Chiso) -> None:
    with peopled.database(STORE) as store:
        store.execute("UPDATE receipts SET expires = granted + 1")
    before = peopled.holdings().references
    assert peopled("purge").document == {"purged": []}
    assert peopled.holdings().references == before


def test_who_is_matched_between_the_look_and_the_lock_is_let_be(
    run: Chiso, volunteer: Volunteer, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.enrol("001", volunteer("001"))
    run("retention", "set", PURPOSE, "--inactive", "1m")
    home = wiring.open_home(run.home)
    looked = purging._candidates

    def look_then_set(*given: object) -> object:
        found = looked(*given)  # type: ignore[arg-type]
        with sqlite3.connect(run.home / STORE) as store:
            store.execute("UPDATE receipts SET last_active = ?", (int(clock.now().timestamp()),))
        return found

    clock.move("2027-04-02")
    assert [each.subject.label for each in due(home)] == ["001"]
    monkeypatch.setattr(purging, "_candidates", look_then_set)
    assert purge_due(home) == []
    assert_whole(run)


@pytest.mark.parametrize("step", ["erase", "_finish", "_certified"])
def test_a_purge_that_is_killed_is_finished_by_the_next(aged: Chiso, step: str) -> None:
    traces = _traces(aged, NAME)
    killed = aged.process("purge", python=("-c", DYING.format(step=step)))
    assert killed.status == 9
    assert aged.process("purge").status == 0
    content = _all_bytes(aged.home)
    assert [what for what, trace in traces if trace in content] == []
    assert _subjects(aged) == ["001", "003"]
    assert_whole(aged)


def test_two_purges_at_once_erase_each_person_once(aged: Chiso) -> None:
    both = [aged.started("purge") for _ in range(2)]
    outcomes = [ended(each) for each in both]
    assert [each.status for each in outcomes] == [0, 0], outcomes
    purged = [each["subject"] for outcome in outcomes for each in outcome.document["purged"]]
    assert sorted(purged) == ["001", NAME]
    told = [each for each in _leaves(aged) if "erased_subject" in each]
    assert len(told) == 2
    assert_whole(aged)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_on_schedule_it_goes_on_until_it_is_asked_to_stop(
    aged: Chiso, tmp_path: Path, number: signal.Signals
) -> None:
    running = aged.started("purge", "--every", "1s", "--out", tmp_path / "c")
    assert running.stderr is not None
    said: list[str] = []
    until = time.monotonic() + PROCESS_LIMIT_S
    while sum("due" in line for line in said) < 2 and time.monotonic() < until:
        said.append(running.stderr.readline())
    running.send_signal(number)
    out, rest = running.communicate(timeout=PROCESS_LIMIT_S)
    assert running.returncode == 0, said
    assert "Erased 1 person and what rested on 1 receipt of others." in "".join(said)
    assert "Stopped. Nothing is half done." in rest
    (document,) = [json.loads(line) for line in out.splitlines()]
    assert len(document["purged"]) == 2
    assert_whole(aged)


def test_what_passes_does_not_end_a_scheduled_purge(
    aged: Chiso, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chiso.interfaces.cli import purge

    rounds: list[int] = []

    def busy_then_stop(*_: object) -> list[object]:
        rounds.append(1)
        if len(rounds) == 1:
            raise ChisoError(Code.STORE_BUSY, "Somebody writes.", "Wait.")
        signal.raise_signal(signal.SIGTERM)
        return []

    monkeypatch.setattr(purge, "purge_due", busy_then_stop)
    done = aged("purge", "--every", "1s")
    assert (done.status, len(rounds)) == (0, 2)
    assert "Trying again in 1 s." in done.stderr


def _traces(chiso: Chiso, label: str) -> list[tuple[str, bytes]]:
    """What of a person lies in the home's files: names, ciphertexts, salts, wrapped key."""
    with chiso.database(STORE) as store, chiso.database(KEYSTORE) as keystore:
        (whose,) = store.execute("SELECT id FROM subjects WHERE label = ?", (label,)).fetchone()
        found = [("label", label.encode())]
        for what, query in (
            ("template", "SELECT sealed FROM reference_templates WHERE subject_id = ?"),
            ("photo tag", "SELECT photo_tag FROM reference_templates WHERE subject_id = ?"),
            ("receipt", "SELECT signature FROM receipts WHERE subject_id = ?"),
            ("salt", "SELECT salt FROM log_payloads WHERE subject_id = ?"),
        ):
            found += [(what, row[0]) for row in store.execute(query, (whose,))]
        key = keystore.execute("SELECT * FROM person_keys WHERE subject_id = ?", (whose,))
        found += [("key", each) for each in key.fetchone() if isinstance(each, bytes)]
    assert {what for what, _ in found} == {
        "label", "template", "photo tag", "receipt", "salt", "key",
    }  # fmt: skip
    return found
