"""Without consent that holds now, for this purpose and in this mode, nothing is compared."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.running import (
    FAR_AWAY,
    PURPOSE,
    Chiso,
    assert_error,
    assert_untouched,
    assert_whole,
)

Volunteer = Callable[..., Path]


def test_an_unknown_subject_gets_the_answer_of_one_who_did_not_agree(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    before = peopled.holdings()
    refused = peopled("verify", "Nobody", volunteer("001"), "--purpose", PURPOSE)
    assert_error(refused, 4, "no-consent", "has agreed to be verified", "Ask the person")
    assert_untouched(peopled, before)


@pytest.mark.parametrize("command", ["subjects", "receipts", "withdraw", "export"])
def test_what_is_held_about_nobody_cannot_be_had(
    peopled: Chiso, tmp_path: Path, command: str
) -> None:
    before = peopled.holdings()
    out = ("--out", tmp_path / "export") if command == "export" else ()
    refused = peopled(command, "Nobody", *out)
    assert_error(refused, 4, "no-consent", "'Nobody'", "`chiso subjects`")
    assert not (tmp_path / "export").exists()
    assert_untouched(peopled, before)


def test_the_same_photo_twice_is_enrolled_once(run: Chiso, volunteer: Volunteer) -> None:
    first = run.enrol("Rudo", volunteer("001")).document
    before = run.holdings()
    again = run.enrol("Rudo", volunteer("001"))
    assert again.status == 0
    assert again.document == {
        "subject": "Rudo",
        "receipt": first["receipt"],
        "expires": f"{FAR_AWAY}T23:59:59Z",
        "new_receipt": False,
        "references": 0,
        "already_enrolled": 1,
    }
    assert_untouched(run, before)


def test_the_same_photo_twice_in_one_command_is_enrolled_once(
    run: Chiso, volunteer: Volunteer
) -> None:
    done = run.enrol("Rudo", volunteer("001"), volunteer("001"), volunteer("001", "smiling"))
    assert (done.document["references"], done.document["already_enrolled"]) == (2, 1)
    assert run.holdings().references == 2
    assert_whole(run)


def test_another_purpose_is_another_receipt_for_the_same_person(
    run: Chiso, volunteer: Volunteer
) -> None:
    run.enrol("Rudo", volunteer("001"))
    other = run.enrol("Rudo", volunteer("001"), purpose="canteen", modes="verify")
    assert other.document["new_receipt"]
    held = run.holdings()
    assert (len(held.subjects), held.receipts, held.references, len(held.keys)) == (1, 2, 2, 1)
    assert_whole(run)


def test_nobody_is_enrolled_on_consent_that_is_over(run: Chiso, volunteer: Volunteer) -> None:
    before = run.holdings()
    refused = run.enrol("Rudo", volunteer("001"), expires="2026-01-01")
    assert_error(refused, 4, "consent-expired", "2026-01-01", "--expires")
    assert_untouched(run, before)


def test_nothing_is_compared_after_a_receipt_has_expired(run: Chiso, volunteer: Volunteer) -> None:
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    assert run.enrol("Rudo", volunteer("001"), expires=expires.isoformat()).status == 0
    photo = volunteer("001", "smiling")
    assert run("verify", "Rudo", photo, "--purpose", PURPOSE).document["decision"] == "match"
    before = run.holdings()

    _sleep_until(expires)
    verified = run("verify", "Rudo", photo, "--purpose", PURPOSE)
    assert_error(verified, 4, "consent-expired", "expired on", "Ask the person")
    identified = run("identify", photo, "--purpose", PURPOSE)
    assert_error(identified, 4, "consent-expired", "expired on", "Ask the person")
    again = run.enrol("Rudo", volunteer("001", "smiling"), expires=expires.isoformat())
    assert_error(again, 4, "consent-expired", "--expires")

    assert run("receipts", "Rudo").document["receipts"][0]["state"] == "expired"
    assert_untouched(run, before)


def test_an_expired_person_is_left_out_of_a_search_that_others_allow(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
    assert peopled.enrol("006", volunteer("006"), expires=expires.isoformat()).status == 0
    _sleep_until(expires)
    photos = volunteer("006", "smiling"), volunteer("003", "smiling")
    gone, there = peopled("identify", *photos, "--purpose", PURPOSE).documents
    assert gone["faces"][0]["decision"] == "unknown"
    assert there["faces"][0]["candidates"][0]["subject"] == "003"


def test_consent_for_one_purpose_is_none_for_another(peopled: Chiso, volunteer: Volunteer) -> None:
    before = peopled.holdings()
    photo = volunteer("001", "smiling")
    for words in (("verify", "001", photo), ("identify", photo)):
        refused = peopled(*words, "--purpose", PURPOSE.title())
        assert_error(refused, 4, "wrong-purpose", "other purposes", PURPOSE.title())
    assert_untouched(peopled, before)


@pytest.mark.parametrize(("agreed", "asked"), [("verify", "identify"), ("identify", "verify")])
def test_consent_to_one_mode_is_none_to_the_other(
    run: Chiso, volunteer: Volunteer, agreed: str, asked: str
) -> None:
    run.enrol("Rudo", volunteer("001"), modes=agreed)
    before = run.holdings()
    photo = volunteer("001", "smiling")
    words = ("verify", "Rudo", photo) if asked == "verify" else ("identify", photo)
    refused = run(*words, "--purpose", PURPOSE)
    assert_error(refused, 4, "wrong-mode", f"agrees to {agreed} only", "Ask the person")
    assert_untouched(run, before)


def test_nothing_is_compared_after_a_receipt_was_withdrawn(
    run: Chiso, volunteer: Volunteer
) -> None:
    receipt = run.enrol("Rudo", volunteer("001")).document["receipt"]
    run.enrol("Rudo", volunteer("001"), purpose="canteen")
    assert run("withdraw", "Rudo", "--receipt", receipt).document["references"] == 1
    before = run.holdings()
    photo = volunteer("001", "smiling")
    for words in (("verify", "Rudo", photo), ("identify", photo)):
        refused = run(*words, "--purpose", PURPOSE)
        assert_error(refused, 4, "consent-withdrawn", "was withdrawn", "Ask the person")
        assert run(*words, "--purpose", "canteen").status == 0  # the other receipt still holds
    assert run.holdings().references == before.references == 1
    assert_whole(run)


def test_a_receipt_is_withdrawn_once(run: Chiso, volunteer: Volunteer) -> None:
    receipt = run.enrol("Rudo", volunteer("001")).document["receipt"]
    run("withdraw", "Rudo", "--receipt", receipt)
    before = run.holdings()
    again = run("withdraw", "Rudo", "--receipt", receipt)
    assert_error(again, 4, "consent-withdrawn", receipt, "nothing was changed")
    other = run("withdraw", "Rudo", "--receipt", "no-such-receipt")
    assert_error(other, 4, "no-consent", "no-such-receipt", "`chiso subjects`")
    assert_untouched(run, before)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"modes": "follow"}, "follow"),
        ({"modes": " "}, "No mode"),
        ({"expires": "soon"}, "soon"),
        ({"expires": "2027-13-01"}, "2027-13-01"),
        ({"purpose": "  "}, "purpose"),
        ({"purpose": "two\nlines"}, "purpose"),
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 201}, "subject"),
    ],
)
def test_terms_that_cannot_be_written_down_enrol_nobody(
    run: Chiso, volunteer: Volunteer, changed: dict[str, str], said: str
) -> None:
    before = run.holdings()
    terms = {"subject": "Rudo", "purpose": PURPOSE, "modes": "verify", "expires": FAR_AWAY}
    terms |= changed
    refused = run.enrol(terms.pop("subject"), volunteer("001"), **terms)
    assert_error(refused, 2, "bad-argument", said)
    assert_untouched(run, before)


def _sleep_until(instant: datetime) -> None:
    while (left_s := (instant - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(left_s)
