"""What pages of enrolling carry, forged: said in a form, never a fault of the server."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.serve.console import Console
from tests.serve.test_enrol_pages import GATE, PIXEL, Desk, Files, desk_at, draft_of

from chiso.core.access import Role
from chiso.core.times import to_text
from chiso.services.serving.service import Service

PhotoOf = Callable[..., bytes]
_PATHS = ("/enrol/agreement", "/enrol/photos", "/enrol/form", "/enrol/done")
_LONG = "x" * 60_000
_FIELDS: dict[str, list[Any]] = {
    "language": ["", "x" * 36, "en\n", "en us", "<b>", "\ud800", None, 7, _LONG],
    "name": ["", "  ", "\x00", "a\nb", "\ud800", "x" * 201, _LONG, None, 7, ["Rudo"]],
    "guardian": ["\x00", "a\nb", "x" * 201, None],
    "is_known": ["perhaps", None, 7, {}],
    "way": ["stamped", "form", "drawn", "", None],
    "typed": ["", "\x00", "x" * 201, None],
    "drawn": ["not base64!", "====", "aGVsbG8=", "x" * 48_001, None],
    "form_name": ["x" * 201, None],
    "form_sha256": ["x", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n", None],
    "signed_at": [
        "",
        "x",
        "now",
        "2026-11-25",
        "2026-11-25T08:30:00",
        "2026-11-25T08:30:00+02:00",
        "2026-11-25T08:30:00.5Z",
        "2026-02-30T08:30:00Z",
        "2026-11-25T08:30:61Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z",
        "٢٠٢٦-١١-٢٥T٠٨:٣٠:٠٠Z",
        "2026-11-25T08:30:00Z\n",
        "9" * 20,
        "9" * 21,
        _LONG,
        None,
        1_900_000_000,
    ],
    "asked": [[], None, "x", {}, [{}], [None]],
    "more": ["a field that there is not"],
}
_ASKED: dict[str, list[Any]] = {
    "purpose": ["", " ", "\x00", "never heard of", "x" * 201, None],
    "notice_sha256": ["", "x", "0" * 64, "F" * 64, None],
    "modes": [[], ["follow"], ["verify", "follow"], "verify", [None], None],
    "until": [
        "x",
        "2026-02-30",
        "1998-01-01",
        "0001-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+12:00",
        "2099-W01-1",
        "\x00",
        "9" * 40,
        "9" * 41,
        None,
    ],
    "more": ["a field that there is not"],
}
_NOT_DRAFTS = (
    "",
    "x",
    "null",
    "[]",
    "{}",
    "{",
    "NaN",
    "[" * 20_000,
    '{"asked":' * 5_000,
    '{"language": 1e400}',
    "9" * 60_000,
    "x" * 70_000,
    "\ufeff{}",
)


@pytest.fixture
def desk(serving: tuple[Service, TestClient]) -> Desk:
    """A desk at which an administrator enrols: she may ask for any purpose."""
    return desk_at(Console(*serving), Role.ADMIN)


@pytest.fixture
def draft(desk: Desk) -> dict[str, Any]:
    """What the last page carries when all is as it should be."""
    review = desk.agreed(desk.agreement(GATE), **{"mode-0": "verify"})
    document: dict[str, Any] = json.loads(draft_of(review.text))
    return document


def _forged(draft: dict[str, Any]) -> list[dict[str, Any]]:
    forged = [{**draft, name: value} for name, values in _FIELDS.items() for value in values]
    (asked,) = draft["asked"]
    for name, values in _ASKED.items():
        forged += [{**draft, "asked": [{**asked, name: value}]} for value in values]
    forged += [{**draft, "asked": [asked] * count} for count in (2, 7, 300)]
    for name in draft:
        forged.append({each: value for each, value in draft.items() if each != name})
    return forged


def test_no_forged_field_is_a_fault_of_the_server_on_any_page(
    desk: Desk, draft: dict[str, Any]
) -> None:
    for document in _forged(draft):
        for path in _PATHS:
            answer = desk.send(path, {"draft": json.dumps(document)})
            assert answer.status_code < 500, (path, document)


def test_what_is_no_draft_at_all_is_refused_on_every_page(desk: Desk) -> None:
    for path in _PATHS:
        for text in _NOT_DRAFTS:
            answer = desk.send(path, {"draft": text})
            assert answer.status_code in (400, 413), (path, text[:30])
        assert desk.send(path, {"nothing": "x"}).status_code == 400
        as_file: Files = [("draft", ("d.json", b"{}", "application/json"))]
        assert desk.send(path, {}, as_file).status_code == 400


@pytest.mark.parametrize("signed_at", _FIELDS["signed_at"])
def test_nobody_is_enrolled_who_was_not_asked_today(
    desk: Desk, draft: dict[str, Any], photo_of: PhotoOf, signed_at: Any
) -> None:
    refused = _done(desk, {**draft, "signed_at": signed_at}, photo_of("006"))
    assert 400 <= refused.status_code < 500
    assert desk.receipts() == []


@pytest.mark.parametrize(
    ("ago", "is_taken"),
    [
        (timedelta(hours=20), True),
        (timedelta(days=2), False),
        (timedelta(hours=-1), False),
    ],
)
def test_what_was_signed_is_taken_for_a_day_and_not_before_it_was(
    desk: Desk, draft: dict[str, Any], photo_of: PhotoOf, ago: timedelta, is_taken: bool
) -> None:
    signed = {**draft, "signed_at": to_text(datetime.now(UTC) - ago)}
    answer = _done(desk, signed, photo_of("006"))
    assert (answer.status_code == 200) is is_taken
    assert bool(desk.receipts()) is is_taken
    assert is_taken or "signed" in answer.text


def test_a_receipt_names_no_notice_that_nobody_can_read(
    desk: Desk, draft: dict[str, Any], photo_of: PhotoOf
) -> None:
    (asked,) = draft["asked"]
    for digest in ("", "0" * 64):
        forged = {**draft, "asked": [{**asked, "notice_sha256": digest}]}
        assert 400 <= _done(desk, forged, photo_of("006")).status_code < 500
    assert desk.receipts() == []


def test_no_field_of_a_page_but_the_draft_is_a_fault_of_the_server(
    desk: Desk, draft: dict[str, Any], photo_of: PhotoOf
) -> None:
    page = {"draft": json.dumps(draft)}
    some: Files = [("photo", ("x.jpg", photo_of("006"), "image/jpeg"))]
    text_for_photo = desk.console.client.post(
        "/enrol/done",
        files=[("draft", (None, page["draft"])), ("photo", (None, "x"))],
        headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
    )
    assert text_for_photo.status_code == 422
    assert desk.send("/enrol/done", page, some * 4).status_code == 422
    for fields in (
        {"way": "drawn", "drawn": "not base64!"},
        {"way": "drawn", "drawn": PIXEL[:20]},
        {"way": "drawn", "drawn": "x" * 65_000},
        {"way": "drawn", "drawn": "x" * 66_000},
        {"name": "\x00"},
        {"name": "x" * 10_000},
        {"until-0": "x" * 10_000, "mode-0": "verify"},
        {"mode-0": ["verify"] * 30},
        {"mode-0": "follow"},
        {"guardian": "\x00", "mode-0": "verify"},
    ):
        answer = desk.send("/enrol/photos", page | {"name": "Rudo", "mode-0": "verify"} | fields)
        assert 400 <= answer.status_code < 500, fields
    attached: Files = [("form", ("\x00" * 300, b"signed", "application/pdf"))]
    known = {"name": "Rudo", "way": "form", "mode-0": "verify"}
    assert desk.send("/enrol/photos", page | known, attached).status_code < 500


@pytest.mark.parametrize("purpose", ["x" * 300, "a\nb", "\x00"])
def test_what_cannot_be_a_purpose_is_none_in_an_address_either(desk: Desk, purpose: str) -> None:
    params = {"language": "en", "purpose": purpose}
    for path in ("/enrol/notice", "/enrol/agreement"):
        answer = desk.console.client.get(
            path, params=params, headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        )
        assert answer.status_code == 400


def _done(desk: Desk, draft: dict[str, Any], photo: bytes) -> Any:
    files: Files = [("photo", ("x.jpg", photo, "image/jpeg"))]
    return desk.send("/enrol/done", {"draft": json.dumps(draft)}, files)
