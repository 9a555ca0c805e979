"""How long consent for a purpose lasts: what is set holds for the new and for what is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.clock import MovedClock
from tests.cli.running import (
    FAR_AWAY,
    PURPOSE,
    STORE,
    Chiso,
    Document,
    Outcome,
    assert_error,
    assert_refused,
    assert_untouched,
    assert_whole,
)

Volunteer = Callable[..., Path]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovedClock:
    """The clock of chiso, at noon of 2027-03-01."""
    clock = MovedClock(monkeypatch)
    clock.move("2027-03-01")
    return clock


def _enrol(chiso: Chiso, subject: str, photo: Path, *words: str, purpose: str = PURPOSE) -> Outcome:
    """Enrol without --expires."""
    form = chiso.home.parent / "form.pdf"
    agreed = ("--purpose", purpose, "--modes", "verify,identify", "--evidence", form)
    return chiso("enrol", subject, photo, *agreed, *words)


def _receipt(chiso: Chiso, subject: str) -> Document:
    (receipt,) = chiso("receipts", subject).document["receipts"]
    found: Document = receipt
    return found


def _named(chiso: Chiso, photo: Path) -> list[str]:
    answer = chiso("identify", photo, "--purpose", PURPOSE)
    if answer.status == 4:
        return []
    (face,) = answer.document["faces"]
    return [each["subject"] for each in face["candidates"]]


def test_what_is_set_is_listed_and_logged_and_may_be_unset(run: Chiso) -> None:
    words = ("--default", "1y", "--max", "24m", "--inactive", "90d")
    done = run("retention", "set", PURPOSE, *words)
    rule = {"purpose": PURPOSE, "default": "P1Y", "maximum": "P2Y", "inactive": "P90D"}
    assert done.document == {**rule, "ends_earlier": []}
    assert run("retention", "list").document == {"purposes": [{**rule, "receipts": 0}]}
    leaf = run("log", "prove", str(run.holdings().leaves - 1)).document["payload"]
    assert (leaf["type"], leaf["setting"]) == ("settings-changed", "retention")
    assert json.loads(leaf["value"]) == [rule]
    assert run("retention", "unset", PURPOSE).document == {"unset": PURPOSE}
    assert run("retention", "list").document == {"purposes": []}
    assert_whole(run)


def test_a_purpose_without_a_maximum_is_said_to_have_none(peopled: Chiso) -> None:
    peopled("retention", "set", "canteen", "--max", "2y")
    said = peopled.process("retention", "list")
    purposes = {each["purpose"]: each for each in said.document["purposes"]}
    assert purposes[PURPOSE]["maximum"] is None
    assert purposes[PURPOSE]["receipts"] == 3
    assert purposes["canteen"]["maximum"] == "P2Y"


def test_in_words_the_purposes_without_a_maximum_are_named(
    peopled: Chiso, capsys: pytest.CaptureFixture[str]
) -> None:
    from chiso.interfaces.cli.main import main

    assert main(["retention", "list"]) == 0
    assert f"No maximum for '{PURPOSE}'" in capsys.readouterr().out


def test_a_second_rule_takes_the_place_of_the_first(run: Chiso) -> None:
    run("retention", "set", PURPOSE, "--default", "1y", "--max", "2y")
    run("retention", "set", PURPOSE, "--max", "3y")
    (rule,) = run("retention", "list").document["purposes"]
    assert (rule["default"], rule["maximum"]) == (None, "P3Y")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("set", PURPOSE), "No period was given"),
        (("set", PURPOSE, "--max", "soon"), "'soon' is not a period"),
        (("set", PURPOSE, "--default", "2y", "--max", "1y"), "longer than the maximum"),
        (("set", " ", "--max", "1y"), "purpose"),
        (("unset", "canteen"), "no retention rule for 'canteen'"),
    ],
)
def test_what_makes_no_sense_is_not_set(run: Chiso, words: tuple[str, ...], says: str) -> None:
    before = run.holdings()
    assert_error(run("retention", *words), 2, "bad-argument", says)
    assert_untouched(run, before)


def test_without_expires_the_purposes_default_is_taken_and_said(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run("retention", "set", PURPOSE, "--default", "1y", "--max", "2y")
    done = _enrol(run, "Rudo", volunteer("001"))
    assert done.document["expires"] == "2028-03-01T23:59:59Z"
    assert _receipt(run, "Rudo")["expires"] == "2028-03-01T23:59:59Z"
    assert_whole(run)


def test_without_expires_and_without_a_default_the_date_is_asked_for(
    run: Chiso, volunteer: Volunteer
) -> None:
    run("retention", "set", PURPOSE, "--max", "2y")
    before = run.holdings()
    refused = _enrol(run, "Rudo", volunteer("001"))
    assert_error(refused, 2, "bad-argument", "--expires", "no default", "chiso retention set")
    assert_untouched(run, before)


def test_without_expires_a_later_photo_joins_the_receipt_in_force_and_does_not_prolong_it(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run("retention", "set", PURPOSE, "--default", "1y")
    first = _enrol(run, "Rudo", volunteer("001")).document
    clock.move("2027-08-01")
    second = _enrol(run, "Rudo", volunteer("001", "smiling")).document
    assert second["receipt"] == first["receipt"]
    assert (second["expires"], second["references"]) == (first["expires"], 1)
    clock.move("2028-03-02")
    third = _enrol(run, "Rudo", volunteer("001")).document
    assert third["new_receipt"] is True
    assert third["expires"] == "2029-03-02T23:59:59Z"


def test_a_manifest_may_leave_the_date_to_the_purposes_default(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run("retention", "set", PURPOSE, "--default", "90d")
    (run.home.parent / "people.csv").write_text(
        "subject,photo,purpose,modes,expires,evidence\n"
        f"Rudo,{volunteer('001')},{PURPOSE},verify,,form.pdf\n"
        f"Anna,{volunteer('003')},canteen,verify,,form.pdf\n"
    )
    done = run("enrol", "--manifest", run.home.parent / "people.csv").document
    assert done["enrolled"] == 1
    assert _receipt(run, "Rudo")["expires"] == "2027-05-30T23:59:59Z"
    (refused,) = done["refused"]
    assert "--expires" in refused["error"]["message"]


def test_a_date_beyond_the_maximum_is_refused_and_the_last_day_is_not(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run("retention", "set", PURPOSE, "--max", "2y")
    before = run.holdings()
    refused = _enrol(run, "Rudo", volunteer("001"), "--expires", "2029-03-02")
    assert_error(refused, 4, "consent-too-long", "2029-03-01T23:59:59Z", "--expires 2029-03-01")
    assert_untouched(run, before)
    assert _enrol(run, "Rudo", volunteer("001"), "--expires", "2029-03-01").status == 0
    assert _enrol(run, "Rudo", volunteer("003"), "--expires", FAR_AWAY, purpose="b").status == 0


def test_receipts_beyond_a_new_maximum_are_listed_and_end_at_it(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    for subject, expires in (("001", "2027-12-31"), ("003", FAR_AWAY)):
        run.enrol(subject, volunteer(subject), expires=expires)
    clock.move("2027-06-01")
    done = run("retention", "set", PURPOSE, "--max", "1y").document
    (listed,) = done["ends_earlier"]
    assert (listed["subject"], listed["ends"]) == ("003", "2028-03-01T23:59:59Z")
    assert (listed["ends_as"], listed["over"]) == ("expired", False)
    receipt = _receipt(run, "003")
    assert (receipt["state"], receipt["ends"]) == ("in force", "2028-03-01T23:59:59Z")

    clock.move("2028-03-01T23:59:58")
    assert _named(run, volunteer("003", "smiling")) == ["003"]
    clock.move("2028-03-01T23:59:59")
    assert _named(run, volunteer("003", "smiling")) == []
    refused = run("verify", "003", volunteer("003"), "--purpose", PURPOSE)
    assert_refused(refused, 4, "consent-expired", "2028-03-01T23:59:59Z")
    assert _receipt(run, "003")["state"] == "expired"
    assert_whole(run)


def test_a_search_scores_nobody_whom_the_maximum_has_ended(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run.enrol("001", volunteer("001"))
    clock.move("2027-06-01")
    run.enrol("003", volunteer("003"))
    run("retention", "set", PURPOSE, "--max", "4m")
    clock.move("2027-07-02")
    assert _named(run, volunteer("001", "smiling")) == []
    assert _named(run, volunteer("003", "smiling")) == ["003"]
    leaf = run("log", "prove", str(run.holdings().leaves - 1)).document["payload"]
    assert leaf["references"] == 1


def test_a_person_without_a_match_is_not_compared_any_more(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run.enrol("001", volunteer("001"))
    run.enrol("003", volunteer("003"))
    run("retention", "set", PURPOSE, "--inactive", "3m")
    clock.move("2027-05-31")
    verified = run("verify", "001", volunteer("001", "smiling"), "--purpose", PURPOSE)
    assert verified.document["decision"] == "match"
    clock.move("2027-06-01T23:59:59")
    refused = run("verify", "003", volunteer("003", "smiling"), "--purpose", PURPOSE)
    assert_refused(refused, 4, "consent-inactive", "2027-03-01", "2027-06-01T23:59:59Z")
    assert _receipt(run, "003")["state"] == "inactive"
    assert _named(run, volunteer("001", "smiling")) == ["001"]
    subjects = {each["subject"]: each for each in run("subjects").document["subjects"]}
    assert subjects["001"]["next_expiry"] == "2027-09-01T23:59:59Z"
    assert subjects["001"]["next_expiry_cause"] == "inactive"
    assert subjects["003"]["next_expiry"] is None
    assert_whole(run)


def test_only_a_match_for_this_purpose_counts(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run.enrol("001", volunteer("001"))
    run.enrol("001", volunteer("001"), purpose="canteen")
    clock.move("2027-05-01")
    run("verify", "001", volunteer("003"), "--purpose", PURPOSE)
    run("verify", "001", volunteer("001", "smiling"), "--purpose", "canteen")
    active = {
        each["purpose"]: each["active"] for each in run("receipts", "001").document["receipts"]
    }
    assert active == {PURPOSE: "2027-03-01T12:00:00Z", "canteen": "2027-05-01T12:00:00Z"}


def test_a_match_keeps_all_her_consents_for_the_purpose_and_none_that_is_over(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run.enrol("001", volunteer("001"), modes="verify")
    run("retention", "set", PURPOSE, "--inactive", "1m")
    clock.move("2027-05-01")
    run.enrol("001", volunteer("001"), modes="identify")
    run.enrol("001", volunteer("001"), modes="verify", expires="2080-01-01")
    clock.move("2027-05-20")
    assert _named(run, volunteer("001", "smiling")) == ["001"]
    held = run("receipts", "001").document["receipts"]
    assert [each["state"] for each in held] == ["inactive", "in force", "in force"]
    assert [each["active"][:10] for each in held] == ["2027-03-01", "2027-05-20", "2027-05-20"]


def test_a_match_tells_the_log_no_more_than_before(
    run: Chiso, volunteer: Volunteer, clock: MovedClock
) -> None:
    run.enrol("001", volunteer("001"))
    leaves = run.holdings().leaves
    for photo in (volunteer("003"), volunteer("001", "smiling"), volunteer("001", "smiling")):
        run("verify", "001", photo, "--purpose", PURPOSE)
    assert run.holdings().leaves == leaves + 3
    no_match, first, again = (
        run("log", "prove", str(leaves + count)).document["payload"] for count in range(3)
    )
    assert first == again
    assert first == {**no_match, "decision": "match"}


def test_rules_changed_behind_chisos_back_are_found(run: Chiso) -> None:
    run("retention", "set", PURPOSE, "--max", "1y")
    with run.database(STORE) as store:
        store.execute("UPDATE settings SET value = replace(value, 'P1Y', 'P9Y')")
    assert_error(run("log", "verify"), 5, "log-broken", "retention rules")
    with run.database(STORE) as store:
        store.execute("DELETE FROM settings WHERE name = 'retention'")
    assert_error(run("log", "verify"), 5, "log-broken", "retention rules")
    with run.database(STORE) as store:
        store.execute("INSERT INTO settings VALUES ('retention', 'no rules')")
    assert_error(run("retention", "list"), 5, "store-damaged", "retention rules")
