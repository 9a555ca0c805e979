"""Enrolling in the console: boxes, notices, evidence, guardians, refusals, sending twice."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from tests.serve.conftest import ENROLLED, PURPOSE
from tests.serve.console import BROWSER, Console, Page

from chiso.consent.retention import Rule, parse_period
from chiso.core.access import Role
from chiso.core.consent import Receipt
from chiso.core.events import EventType
from chiso.services import notices, retention
from chiso.services.access.links import person_of_link
from chiso.services.people import subjects
from chiso.services.serving.service import Service

GATE = "school gate"
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8"
        "cfc0000003010100c9fe92ef0000000049454e44ae426082"
    )
).decode()
Files = list[tuple[str, tuple[str, bytes, str]]]


@dataclass
class Desk:
    """A browser in which someone enrols people, from page to page."""

    console: Console

    def agreement(self, *purposes: str, language: str = "en") -> str:
        """Past the notice; returns the page with the boxes."""
        query = "&".join(f"purpose={each}" for each in purposes)
        notice = self.console.get(f"/enrol/notice?language={language}&{query}")
        shown = "&".join(f"notice={each['value']}" for each in _named(notice.text, "notice"))
        return self.console.get(f"/enrol/agreement?language={language}&{query}&{shown}").text

    def send(self, path: str, fields: dict[str, Any], files: Files | None = None) -> Response:
        """Send a form with files, as a browser does."""
        some = files or [("photo", ("", b"", "application/octet-stream"))]
        answer: Response = self.console.client.post(
            path, data=fields, files=some, headers=BROWSER, follow_redirects=False
        )
        return answer

    def agreed(self, page: str, **fields: Any) -> Response:
        """Send the page with the boxes; she typed her name unless a field says otherwise."""
        typed = {"draft": draft_of(page), "name": "Rudo", "way": "typed", "typed": "Rudo M."}
        return self.send("/enrol/photos", typed | fields)

    def done(self, page: str, *photos: bytes) -> Response:
        """Send the last page with photos."""
        files: Files = [("photo", ("x.jpg", each, "image/jpeg")) for each in photos]
        return self.send("/enrol/done", {"draft": draft_of(page)}, files)

    def receipts(self, label: str = "Rudo") -> list[Receipt]:
        """What is held of her, by purpose."""
        with self.console.service.home.store.reading() as view:
            subject = view.subject(label)
            held = [] if subject is None else view.receipts(subject.subject_id)
        return sorted((each.receipt for each in held), key=lambda each: each.processing.purpose)


def desk_at(console: Console, role: Role) -> Desk:
    """A desk in this browser, at which someone of that role enrols."""
    rule = Rule(GATE, parse_period("1y"), parse_period("2y"), None)
    retention.set_rule(console.service.home, rule)
    console.sign_in(role)
    return Desk(console)


@pytest.fixture
def desk(serving: tuple[Service, TestClient]) -> Desk:
    """A desk at the peopled home, where two purposes are known; an enroller is signed in."""
    return desk_at(Console(*serving), Role.ENROLLER)


def _named(text: str, name: str) -> list[dict[str, str | None]]:
    return [each for each in Page(text).all("input") if each.get("name") == name]


def draft_of(text: str) -> str:
    """What a page carries of what was typed."""
    value = _named(text, "draft")[0]["value"]
    assert value is not None
    return value


def _leaves(desk: Desk) -> list[dict[str, Any]]:
    with desk.console.service.home.store.reading() as view:
        return [json.loads(payload.body) for payload in view.payloads()]


def test_she_is_enrolled_with_the_notice_and_the_language_that_she_was_shown(
    desk: Desk, photo_of: Callable[..., bytes]
) -> None:
    notice = notices.save_notice(desk.console.service.home, GATE, "sn", "Tinochengeta nhamba.")
    review = desk.agreed(desk.agreement(GATE, language="sn"), **{"mode-0": "verify"})
    assert review.status_code == 200
    form = desk.send("/enrol/form", {"draft": draft_of(review.text)})
    assert form.headers["Content-Disposition"].startswith("attachment")
    assert b"Tinochengeta nhamba." in form.content
    done = desk.done(review.text, photo_of("006"), photo_of("006", "neutral"))
    assert done.status_code == 200
    (receipt,) = desk.receipts()
    assert receipt.grounds.notice_sha256 == notice.sha256
    assert receipt.grounds.evidence_sha256 == hashlib.sha256(form.content).hexdigest()
    assert receipt.header.language == "sn"
    assert receipt.processing.modes == ("verify",)
    year = timedelta(days=365)
    assert year <= receipt.processing.expires - datetime.now(UTC) <= year + timedelta(days=2)
    for part in (receipt.header.receipt_id, notice.sha256, GATE, '<div lang="sn">'):
        assert part in done.text
    assert "is enrolled" in done.text
    assert "mapoka 2 enhamba, pasina mufananidzo" in done.text
    token = "chiso_me_" + done.text.partition("/me/chiso_me_")[2].partition("<")[0]
    assert person_of_link(desk.console.service.home, token) == receipt.parties.subject_id
    assert Page(done.text).all("img")[-1]["src"] is not None


def test_no_box_is_ticked_before_she_says_so(desk: Desk) -> None:
    page = Page(desk.agreement(PURPOSE, GATE))
    ticks = [each for each in page.all("input") if each.get("type") in ("checkbox", "radio")]
    assert len([each for each in ticks if (each["name"] or "").startswith("mode-")]) == 4
    assert not [each for each in ticks if "checked" in each]
    choose = Page(desk.console.get("/enrol").text).all("input")
    assert not [each for each in choose if "checked" in each]


def test_without_a_mode_nothing_is_kept_and_what_was_typed_is_still_there(desk: Desk) -> None:
    leaves = len(_leaves(desk))
    answer = desk.agreed(desk.agreement(PURPOSE), name="Rudo & co", guardian="Tendai")
    assert answer.status_code == 400
    assert "No box is ticked" in answer.text
    values = {each.get("value") for each in Page(answer.text).all("input")}
    assert {"Rudo & co", "Tendai", "Rudo M."} <= values
    assert len(_leaves(desk)) == leaves


def test_a_draft_without_a_mode_enrols_nobody(desk: Desk, photo_of: Callable[..., bytes]) -> None:
    review = desk.agreed(desk.agreement(GATE), **{"mode-0": "verify"}).text
    draft = json.loads(draft_of(review))
    draft["asked"][0]["modes"] = []
    files: Files = [("photo", ("x.jpg", photo_of("006"), "image/jpeg"))]
    assert desk.send("/enrol/done", {"draft": json.dumps(draft)}, files).status_code == 422
    assert desk.receipts() == []
    for broken in ("", "{}", "[1]", '{"language":"en","asked":[],"admin":true}'):
        assert desk.send("/enrol/done", {"draft": broken}, files).status_code == 400


def test_several_purposes_are_several_receipts_and_what_she_declined_is_none(
    desk: Desk, photo_of: Callable[..., bytes]
) -> None:
    page = desk.agreement(GATE, PURPOSE)
    agreed = {"mode-0": ["verify", "identify"], "mode-1": "identify", "until-1": "2090-05-01"}
    review = desk.agreed(page, **agreed)
    assert desk.done(review.text, photo_of("006")).status_code == 200
    door, gate = desk.receipts()
    assert (door.processing.purpose, gate.processing.purpose) == (PURPOSE, GATE)
    assert (door.processing.modes, gate.processing.modes) == (("identify",), ("identify", "verify"))
    assert door.processing.expires.isoformat() == "2090-05-01T23:59:59+00:00"
    assert door.grounds.evidence_sha256 == gate.grounds.evidence_sha256
    assert door.parties.subject_id == gate.parties.subject_id
    other = desk.agreed(desk.agreement(GATE, PURPOSE), name="Farai", **{"mode-0": "verify"})
    assert "did not agree to this" in other.text
    desk.done(other.text, photo_of("009"))
    assert [each.processing.purpose for each in desk.receipts("Farai")] == [GATE]


def test_where_one_of_several_purposes_cannot_be_none_is(
    desk: Desk, photo_of: Callable[..., bytes]
) -> None:
    page, leaves = desk.agreement(PURPOSE, GATE), len(_leaves(desk))
    boxes = {"mode-0": "verify", "mode-1": "verify", "until-0": "2090-01-01"}
    draft = json.loads(draft_of(desk.agreed(page, **boxes).text))
    draft["asked"][1]["until"] = "2090-01-01"  # more than the maximum
    files: Files = [("photo", ("x.jpg", photo_of("006"), "image/jpeg"))]
    answer = desk.send("/enrol/done", {"draft": json.dumps(draft)}, files)
    assert answer.status_code == 422
    assert "longer than consent" in answer.text
    assert desk.receipts() == []
    assert len(_leaves(desk)) == leaves


def test_a_guardian_is_on_a_minor_s_receipt(desk: Desk, photo_of: Callable[..., bytes]) -> None:
    review = desk.agreed(desk.agreement(GATE), guardian="Tendai M.", **{"mode-0": "verify"})
    done = desk.done(review.text, photo_of("006"))
    assert desk.receipts()[0].parties.guardian == "Tendai M."
    assert "Tendai M." in done.text


def test_a_signature_and_a_form_on_paper_are_evidence_and_nothing_else_is(
    desk: Desk, photo_of: Callable[..., bytes]
) -> None:
    page, box = desk.agreement(GATE), {"mode-0": "verify"}
    for bad in (
        {"way": "drawn", "drawn": ""},
        {"way": "drawn", "drawn": base64.b64encode(b"<svg/>").decode()},
        {"way": "drawn", "drawn": '"><script>'},
        {"way": "typed", "typed": " "},
        {"way": "form"},
        {"way": ""},
    ):
        assert desk.agreed(page, **box, **bad).status_code == 400
    drawn = desk.agreed(page, **box, way="drawn", drawn=PIXEL)
    assert f"data:image/png;base64,{PIXEL}" in drawn.text
    fields = {"draft": draft_of(page), "name": "Rudo", "way": "form"} | box
    scan = ("form", ("signed.pdf", b"%PDF signed", "application/pdf"))
    paper = desk.send("/enrol/photos", fields, [scan])
    assert "signed.pdf" in paper.text
    back = desk.send("/enrol/agreement", {"draft": draft_of(paper.text)})
    again = desk.agreed(back.text, **box, way="form")  # the field is empty: the form stays
    assert desk.done(again.text, photo_of("006")).status_code == 200
    expected = hashlib.sha256(b"%PDF signed").hexdigest()
    assert desk.receipts()[0].grounds.evidence_sha256 == expected


def test_a_signed_form_that_is_too_large_is_said_to_be_and_what_was_typed_stays(
    desk: Desk,
) -> None:
    most_bytes = desk.console.service.home.capture.decode.max_bytes
    page = desk.agreement(GATE)
    fields = {"draft": draft_of(page), "name": "Rudo", "way": "form", "mode-0": "verify"}
    scan = ("form", ("signed.tiff", bytes(most_bytes + 1), "image/tiff"))
    refused = desk.send("/enrol/photos", fields, [scan])
    assert refused.status_code == 400
    assert "more than 32 MiB" in refused.text
    assert 'value="Rudo"' in refused.text


def test_a_refused_photo_is_named_nobody_is_enrolled_and_what_was_agreed_stays(
    desk: Desk, photo_of: Callable[..., bytes]
) -> None:
    review = desk.agreed(
        desk.agreement(PURPOSE, GATE),
        **{
            "mode-0": "verify",
            "mode-1": "verify",
            "until-0": "2090-01-01",
        },
    )
    leaves = len(_leaves(desk))
    refused = desk.done(review.text, photo_of("006"), b"no photo at all")
    assert refused.status_code == 422
    assert "Photo 2" in refused.text
    assert "Nobody was enrolled" in refused.text
    assert draft_of(refused.text) == draft_of(review.text)
    assert desk.receipts() == []
    assert len(_leaves(desk)) == leaves
    for photos in ((), (photo_of("006"),) * 4):
        assert desk.done(review.text, *photos).status_code == 422
    assert desk.done(refused.text, photo_of("006")).status_code == 200


def test_sent_twice_she_is_enrolled_once_and_the_link_that_is_seen_last_works(
    desk: Desk, photo_of: Callable[..., bytes]
) -> None:
    review = desk.agreed(desk.agreement(GATE), **{"mode-0": "verify"})
    first, second = (desk.done(review.text, photo_of("006")) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    (receipt,) = desk.receipts()
    assert receipt.header.receipt_id in first.text
    assert receipt.header.receipt_id in second.text
    enrolled = [each for each in _leaves(desk) if each["type"] == EventType.ENROLLED]
    assert len(enrolled) == len(ENROLLED) + 1
    (found,) = subjects(desk.console.service.home, "Rudo")
    assert found.references == 1
    token = "chiso_me_" + second.text.partition("/me/chiso_me_")[2].partition("<")[0]
    assert person_of_link(desk.console.service.home, token) == found.subject.subject_id


def test_sent_again_without_its_photos_it_leads_to_her_page(
    desk: Desk, photo_of: Callable[..., bytes]
) -> None:
    review = desk.agreed(desk.agreement(GATE), **{"mode-0": "verify"})
    assert "There is no photo" in desk.done(review.text).text
    desk.done(review.text, photo_of("006"))
    (found,) = subjects(desk.console.service.home, "Rudo")
    for again in (desk.done(review.text), desk.done(review.text, b"")):
        whose = f"/people/{found.subject.subject_id}"
        assert (again.status_code, again.headers["Location"]) == (303, whose)


def test_nobody_is_asked_whether_it_is_she_where_her_name_is_new(desk: Desk) -> None:
    new = desk.agreed(desk.agreement(GATE))
    assert new.status_code == 400
    assert not _named(new.text, "known")
    assert _named(desk.agreed(desk.agreement(GATE), name="001").text, "known")


def test_a_name_that_is_taken_is_asked_about(desk: Desk, photo_of: Callable[..., bytes]) -> None:
    page, box = desk.agreement(GATE), {"mode-0": "verify", "name": " 001 "}
    asked = desk.agreed(page, **box)
    assert asked.status_code == 400
    assert "is enrolled already" in asked.text
    review = desk.agreed(asked.text, **box, known="1")
    assert desk.done(review.text, photo_of("001")).status_code == 200
    assert {each.processing.purpose for each in desk.receipts("001")} == {PURPOSE, GATE}


@pytest.mark.parametrize("until", ["2090-01-01", "2001-01-01", "soon"])
def test_a_date_that_may_not_be_is_refused_before_there_is_a_photo(desk: Desk, until: str) -> None:
    answer = desk.agreed(desk.agreement(GATE), **{"mode-0": "verify", "until-0": until})
    assert answer.status_code == 400
    assert until in answer.text
    assert "--" not in answer.text.partition('id="problem"')[2].partition("</div>")[0]
    assert desk.agreed(desk.agreement(PURPOSE), **{"mode-0": "verify"}).status_code == 400


def test_a_notice_that_was_changed_meanwhile_is_shown_again(desk: Desk) -> None:
    text = desk.console.get(f"/enrol/notice?language=en&purpose={GATE}").text
    digest = _named(text, "notice")[0]["value"]
    agreement = desk.agreement(GATE)
    notices.save_notice(desk.console.service.home, GATE, "en", "Another.")
    shown = desk.console.get(f"/enrol/agreement?language=en&purpose={GATE}&notice={digest}").text
    assert "changed meanwhile" in shown
    assert "Another." in shown
    answer = desk.agreed(agreement, **{"mode-0": "verify"})
    assert answer.status_code == 400
    assert "changed meanwhile" in answer.text


def test_a_notice_of_the_template_s_words_can_be_read_later(
    desk: Desk, photo_of: Callable[..., bytes]
) -> None:
    page = desk.agreement(GATE)
    assert "TEMPLATE" in desk.console.get(f"/enrol/notice?language=en&purpose={GATE}").text
    desk.done(desk.agreed(page, **{"mode-0": "verify"}).text, photo_of("006"))
    digest = desk.receipts()[0].grounds.notice_sha256
    assert (
        "Your face and “school gate”" in desk.console.get(f"/settings/notices/text/{digest}").text
    )


def test_nothing_in_a_notice_or_a_name_becomes_html(desk: Desk) -> None:
    script = "<script>alert(1)</script>"
    notices.save_notice(desk.console.service.home, GATE, "en", script)
    notice = desk.console.get(f"/enrol/notice?language=en&purpose={GATE}").text
    review = desk.agreed(desk.agreement(GATE), name=script, **{"mode-0": "verify"}).text
    form = desk.send("/enrol/form", {"draft": draft_of(review)}).text
    for text in (notice, review, form):
        assert script not in text
        assert "&lt;script&gt;" in text


def test_who_says_no_leaves_nothing(desk: Desk) -> None:
    leaves = len(_leaves(desk))
    desk.agreement(GATE)
    text = desk.console.get("/enrol/no").text
    assert "Nothing was kept" in text
    assert len(_leaves(desk)) == leaves


def test_only_an_administrator_makes_up_a_purpose(desk: Desk) -> None:
    path = "/enrol/notice?language=en&new=canteen"
    assert desk.console.get(path).status_code == 403
    assert 'name="new"' not in desk.console.get("/enrol").text
    desk.console.post("/sign-out")
    desk.console.sign_in(Role.ADMIN, "Chipo")
    assert "canteen" in desk.console.get(path).text
    assert desk.console.get("/enrol/notice?language=en").status_code == 400
    assert desk.console.get(f"/enrol/notice?language=xx&purpose={GATE}").status_code == 400


@pytest.mark.parametrize("role", [Role.VERIFIER, Role.AUDITOR])
def test_other_roles_may_not_enrol(console: Console, role: Role) -> None:
    console.sign_in(role)
    for path in ("/enrol", "/enrol/notice", "/enrol/no", "/enrol/done"):
        assert console.get(path).status_code == 403
    for path in ("photos", "agreement", "form", "done"):
        assert console.post(f"/enrol/{path}").status_code == 403
    assert 'href="/enrol"' not in console.get("/").text


def test_another_site_cannot_enrol(desk: Desk, photo_of: Callable[..., bytes]) -> None:
    review = desk.agreed(desk.agreement(GATE), **{"mode-0": "verify"}).text
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site"}
    files: Files = [("photo", ("x.jpg", photo_of("006"), "image/jpeg"))]
    answer = desk.console.client.post(
        "/enrol/done", data={"draft": draft_of(review)}, files=files, headers=headers
    )
    assert answer.status_code == 403
    assert desk.receipts() == []


def test_a_page_that_only_a_form_leads_to_begins_again(desk: Desk) -> None:
    for path in ("photos", "form", "done"):
        assert "Enrol someone who says yes" in desk.console.get(f"/enrol/{path}").text


def test_two_who_are_called_alike_and_enrolled_at_once_are_not_made_one(
    desk: Desk, photo_of: Callable[..., bytes]
) -> None:
    first = desk.agreed(desk.agreement(GATE), **{"mode-0": "verify"})
    second = desk.agreed(desk.agreement(GATE), **{"mode-0": "verify", "typed": "Rudo N."})
    assert desk.done(first.text, photo_of("006")).status_code == 200
    asked = desk.done(second.text, photo_of("009"))
    assert "is enrolled already" in asked.text
    (found,) = subjects(desk.console.service.home, "Rudo")
    assert found.references == 1
