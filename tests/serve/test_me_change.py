"""On her own page a person agrees to less: she reads what it means, and then it is so at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from tests.serve.conftest import PURPOSE
from tests.serve.console import BROWSER, Console

from chiso.core.access import Role
from chiso.core.consent import Mode
from chiso.services import log_check
from chiso.services.access.sessions import person_session
from chiso.services.cards.issue import issue_from_reference
from chiso.services.cards.verify import CardAnswer, verify_card
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.people import receipts
from chiso.services.reference_check import require_all_open
from chiso.services.serving.service import Service

PhotoOf = Callable[..., bytes]
_UNTIL, _EARLIER = "2099-01-01", "2098-06-30"
_JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture
def browser(serving: tuple[Service, TestClient]) -> Console:
    """The browser of the volunteer 001, who has looked into the camera."""
    console = Console(*serving)
    _as(console, "001")
    return console


def _as(browser: Console, label: str) -> None:
    held, *_ = receipts(browser.service.home, label)
    secret = person_session(browser.service.home, held.signed.terms.subject_id).secret
    browser.client.cookies.set("chiso", secret)


def _held(browser: Console, label: str = "001") -> Any:
    held, *_ = receipts(browser.service.home, label)
    return held


def _sure(browser: Console, *modes: str, end: str = "", label: str = "001") -> Response:
    asked = {"receipt": _id(browser, label), "mode": modes, "end": end}
    return browser.get(f"/me/change/sure?{urlencode(asked, doseq=True)}")


def _change(browser: Console, *modes: str, end: str = "", label: str = "001") -> Response:
    receipt = _id(browser, label)
    return browser.post("/me/change", receipt=receipt, mode=list(modes), end=end)


def _id(browser: Console, label: str) -> str:
    receipt: str = _held(browser, label).signed.terms.receipt_id
    return receipt


def _named(browser: Console, key: dict[str, str], photo: bytes) -> list[str]:
    answer = browser.client.post(
        "/v1/identifications", params={"purpose": PURPOSE}, content=photo, headers=key | _JPEG
    ).json()
    return [each["subject"] for each in answer["faces"][0]["candidates"]]


def test_her_page_leads_to_a_form_that_has_what_she_agreed_to(browser: Console) -> None:
    shown = browser.get("/me").text
    receipt = _id(browser, "001")
    assert f'href="/me/change?receipt={receipt}"' in shown
    form = browser.get(f"/me/change?receipt={receipt}").text
    assert form.count('type="checkbox"') == form.count(" checked") == 2
    assert f"until {_UNTIL} now" in form
    assert f'max="{_UNTIL}"' in form


def test_a_running_server_finds_her_no_more_and_verifies_her_as_before(
    browser: Console, key_of: Callable[..., dict[str, str]], photo_of: PhotoOf
) -> None:
    station, photo = key_of(Role.VERIFIER), photo_of("001")
    assert _named(browser, station, photo) == ["001"]
    gallery = browser.service.searches.of(PURPOSE)
    before = gallery.references
    meaning = _sure(browser, "verify").text
    assert "Nobody looks for you by your face among others any more" in meaning
    assert "You can still be checked" in meaning
    assert "Nothing is erased" in meaning
    assert _named(browser, station, photo) == ["001"]  # nothing was changed by looking
    assert _change(browser, "verify").status_code == 303
    assert gallery.references == before - 1  # at once, before anybody asks
    assert _named(browser, station, photo) == []
    verified = browser.client.post(
        "/v1/verifications",
        params={"subject": "001", "purpose": PURPOSE},
        content=photo,
        headers=station | _JPEG,
    )
    assert verified.json()["decision"] == "match"
    assert require_all_open(browser.service.home) == 3
    log_check.verify(browser.service.home)


def test_her_page_says_what_was_changed_and_by_whom(browser: Console) -> None:
    answer = _change(browser, "verify", end=_EARLIER)
    assert answer.headers["location"] == f"/me?changed={_id(browser, '001')}"
    shown = browser.get(answer.headers["location"]).text
    assert "It is changed" in shown
    assert "<dt>Changed</dt>" in shown
    assert "30 June 2098" in shown
    assert "You changed what you agreed to" in shown
    assert "find you by your face among all who agreed" in shown  # what was agreed to stays told
    assert "It is changed" not in browser.get("/me").text
    log = browser.get("/me/log.json").json()
    assert '"asked_by":"the person herself"' in log["leaves"][-1]["payload"]


def test_sent_twice_it_is_done_once(browser: Console) -> None:
    assert _change(browser, "verify").status_code == _change(browser, "verify").status_code == 303
    log = browser.get("/me/log.json").json()
    assert sum("receipt-narrowed" in each["payload"] for each in log["leaves"]) == 1
    assert "Nothing would change" in _sure(browser, "verify").text


@pytest.mark.parametrize(
    ("modes", "end", "why"),
    [
        (("verify", "identify"), "", "More uses were asked for"),
        (("verify",), "2099-06-01", "a later day was asked for"),
        (("verify",), "2001-01-01", "is past"),
        (("verify",), "tomorrow", "is not a date"),
        ((), "", "No use is left"),
    ],
)
def test_more_is_refused_where_it_is_asked_for(
    browser: Console, modes: tuple[str, ...], end: str, why: str
) -> None:
    assert _change(browser, "verify").status_code == 303
    before = _held(browser)
    for refused in (_sure(browser, *modes, end=end), _change(browser, *modes, end=end)):
        assert refused.status_code == 400
        assert why in refused.text
        assert 'role="alert"' in refused.text
    assert _held(browser) == before


def test_nobody_changes_what_another_agreed_to(browser: Console) -> None:
    before = _held(browser, "003")
    for refused in (
        browser.get(f"/me/change?receipt={_id(browser, '003')}"),
        _sure(browser, "verify", label="003"),
        _change(browser, "verify", label="003"),
    ):
        assert refused.status_code == 404
    fields = {"receipt": _id(browser, "001"), "mode": "verify", "end": ""}
    elsewhere = BROWSER | {"Sec-Fetch-Site": "cross-site"}
    forged = browser.client.post("/me/change", data=fields, headers=elsewhere)
    assert forged.status_code == 403
    assert _held(browser).signed.terms.modes == frozenset(Mode)
    assert _held(browser, "003") == before


def test_what_a_guardian_agreed_to_is_changed_too_and_he_stays_named(
    browser: Console, photo_of: PhotoOf
) -> None:
    expires = datetime(2099, 1, 1, tzinfo=UTC)
    agreement = Agreement("009", PURPOSE, frozenset(Mode), expires, "0" * 64, guardian="Farai")
    photo = Photo("009", photo_of("009", "neutral"))
    assert isinstance(enrol(browser.service.home, agreement, [photo]), Enrolled)
    _as(browser, "009")
    assert _change(browser, "verify", label="009").status_code == 303
    receipt = _held(browser, "009").signed.receipt
    assert (receipt.parties.guardian, receipt.processing.modes) == ("Farai", (Mode.VERIFY,))


def test_her_card_goes_on_until_the_earlier_end_and_is_refused_without_leave_to_verify(
    browser: Console, photo_of: PhotoOf
) -> None:
    home = browser.service.home
    made = issue_from_reference(home, "001", PURPOSE, keep_references=True)
    meaning = _sure(browser, "verify", end=_EARLIER).text
    assert f"Your card that rests on it goes on working, until {_EARLIER}" in meaning
    refusal = _sure(browser, "identify").text
    assert "Your card that rests on it is refused" in refusal
    assert "no longer opens this page" in refusal
    assert _change(browser, "verify", end=_EARLIER).status_code == 303
    answer = verify_card(home, made.code, photo_of("001"))
    assert isinstance(answer, CardAnswer)
    assert answer.answer.verified.match


def test_another_agreement_for_the_same_purpose_is_pointed_out(
    browser: Console, photo_of: PhotoOf
) -> None:
    assert "Another agreement of yours" not in _sure(browser, "verify").text
    expires = datetime(2099, 1, 1, tzinfo=UTC)
    also = Agreement("001", PURPOSE, frozenset(Mode), expires, "1" * 64)
    assert isinstance(enrol(browser.service.home, also, [Photo("001", photo_of("001"))]), Enrolled)
    assert "Another agreement of yours" in _sure(browser, "verify").text
    assert "Another agreement of yours" in _sure(browser, "verify", "identify", end=_EARLIER).text


def test_everything_can_be_withdrawn_afterwards(browser: Console) -> None:
    home = browser.service.home
    with home.store.reading() as view:
        whose = _held(browser).signed.terms.subject_id
        before = [each.sealed for each, _ in view.references(None, whose)]
    assert _change(browser, "verify").status_code == 303
    with home.store.reading() as view:
        after = [each.sealed for each, _ in view.references(None, whose)]
    body = _held(browser).signed.body
    assert "Withdrawn, and destroyed" in browser.post("/me/withdraw").text
    home.store.close()
    content = b"".join(each.read_bytes() for each in home.path.rglob("*") if each.is_file())
    assert [each for each in [*before, *after, body] if each in content] == []
    log_check.verify(home)


def test_what_has_ended_is_not_changed(browser: Console) -> None:
    class Later:
        """A clock after everything has ended, by which her session is young."""

        def now(self) -> datetime:
            """Then."""
            return datetime(2099, 1, 2, tzinfo=UTC)

    receipt, service = _id(browser, "001"), browser.service
    late = replace(service, home=replace(service.home, clock=Later()))
    browser.client.app.state.service = late  # type: ignore[attr-defined]
    browser.client.cookies.set(
        "chiso", person_session(late.home, _held(browser).signed.terms.subject_id).secret
    )
    assert "/me/change" not in browser.get("/me").text
    assert browser.get(f"/me/change?receipt={receipt}").status_code == 404
    assert _change(browser, "verify").status_code == 404


def test_an_end_is_a_day_and_no_moment_of_one(browser: Console) -> None:
    refused = _change(browser, "verify", end="2098-06-30T00:00:01Z")
    assert (refused.status_code, _held(browser).signed.terms.modes) == (400, frozenset(Mode))
    assert "is not a date" in refused.text
