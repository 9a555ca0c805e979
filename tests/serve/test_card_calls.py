"""Cards over the API: issued once, shown to stations, revoked, and seen by whom they concern."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image
from tests.serve.conftest import PURPOSE

from chiso.core.access import Role, Scope
from chiso.services.serving.service import Service
from chiso.services.withdraw import withdraw

Photo = Callable[..., bytes]
Key = Callable[..., dict[str, str]]
Issue = Callable[..., dict[str, Any]]


@pytest.fixture
def issue(client: TestClient, key_of: Key, photo_of: Photo) -> Issue:
    """`issue("006")`: a card from a photo, as the desk gets it."""

    def issued(number: str, **fields: str) -> dict[str, Any]:
        answer = client.post(
            "/v1/cards",
            data={"subject": f"Person {number}", "purpose": PURPOSE, "expires": "2099-01-01"}
            | fields,
            files={
                "photo": ("p.jpg", photo_of(number, "neutral"), "image/jpeg"),
                "evidence": ("form.pdf", b"I agree.", "application/pdf"),
            },
            headers=key_of(Role.ENROLLER),
        )
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.json()
        return document

    return issued


def _picture(card: dict[str, Any]) -> bytes:
    return base64.b64decode(card["picture"])


def _shown(
    client: TestClient, headers: dict[str, str], card: bytes, photo: bytes, purpose: str = PURPOSE
) -> Response:
    answer: Response = client.post(
        "/v1/card-verifications",
        params={"purpose": purpose},
        files={"card": ("c.png", card, "image/png"), "photo": ("p.jpg", photo, "image/jpeg")},
        headers=headers,
    )
    return answer


def test_a_station_compares_a_face_with_the_card_that_is_shown(
    client: TestClient, key_of: Key, photo_of: Photo, issue: Issue
) -> None:
    card, station = issue("006"), key_of(Role.VERIFIER, station="front")
    own = _shown(client, station, _picture(card), photo_of("006")).json()
    assert (own["decision"], own["subject"], own["number"]) == (
        "match",
        "Person 006",
        card["number"],
    )
    assert own["band"] in ("fair", "strong")
    assert own["score"] is own["llr"] is None
    other = _shown(client, station, _picture(card), photo_of("003")).json()
    assert (other["decision"], other["band"], other["subject"]) == ("no-match", "none", None)
    seeing = key_of(Role.VERIFIER, scopes=frozenset([Scope.SCORES]))
    assert _shown(client, seeing, _picture(card), photo_of("006")).json()["score"] > 0.9


def test_a_scanner_may_send_the_text_of_the_code(
    client: TestClient, key_of: Key, photo_of: Photo, issue: Issue, service: Service
) -> None:
    from chiso.services.cards.reading import code_in
    from chiso.wiring_cards import code_reader

    code = code_in(service.home.engine(), code_reader(), _picture(issue("006")))
    assert isinstance(code, str)
    answer = client.post(
        "/v1/card-verifications",
        params={"purpose": PURPOSE},
        data={"card": f"{code}\r\n"},
        files={"photo": ("p.jpg", photo_of("006"), "image/jpeg")},
        headers=key_of(Role.VERIFIER),
    )
    assert answer.json()["decision"] == "match"


def test_a_card_may_be_had_as_pdf_and_made_from_a_reference(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    identified = {"params": {"purpose": PURPOSE}, "content": photo_of("001")}
    headers = key_of(Role.VERIFIER) | {"Content-Type": "image/jpeg"}

    def decision() -> str:
        answer = client.post("/v1/identifications", headers=headers, **identified)
        return str(answer.json()["faces"][0]["decision"])

    assert decision() == "match"
    form = {"subject": "001", "purpose": PURPOSE, "format": "pdf", "name": "true"}
    made = client.post(
        "/v1/cards", data=form, files={"none": b""}, headers=key_of(Role.ENROLLER)
    ).json()
    assert (made["references_destroyed"], made["format"]) == (1, "pdf")
    assert _picture(made).startswith(b"%PDF-")
    assert decision() == "unknown"


def test_a_picture_of_a_card_is_answered_once_and_kept_nowhere(
    client: TestClient, key_of: Key, service: Service
) -> None:
    headers = key_of(Role.ENROLLER) | {"Idempotency-Key": "once"}
    form = {"subject": "001", "purpose": PURPOSE, "keep_references": "true"}
    made = client.post("/v1/cards", data=form, files={"none": b""}, headers=headers)
    assert made.status_code == 201
    again = client.post("/v1/cards", data=form, files={"none": b""}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "key-reused")
    picture = made.json()["picture"].encode()
    for file in service.home.path.iterdir():
        assert picture[1000:1040] not in file.read_bytes()
    listed = client.get("/v1/cards", headers=key_of(Role.ENROLLER)).json()["cards"]
    assert len(listed) == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"subject": ""}, "bad-argument"),
        ({"purpose": ""}, "bad-argument"),
        ({"format": "gif"}, "bad-argument"),
        ({"name": "perhaps"}, "bad-argument"),
        ({"subject": "Nobody"}, "no-consent"),
        ({"purpose": "school gate"}, "wrong-purpose"),
    ],
)
def test_a_form_that_lacks_something_issues_nothing(
    client: TestClient, key_of: Key, fields: dict[str, str], code: str
) -> None:
    form = {"subject": "001", "purpose": PURPOSE} | fields
    headers = key_of(Role.ENROLLER)
    refused = client.post("/v1/cards", data=form, files={"none": b""}, headers=headers)
    assert 400 <= refused.status_code < 500
    assert refused.json()["code"] == code
    assert client.get("/v1/cards", headers=headers).json()["cards"] == []


def test_a_revoked_card_and_one_whose_person_withdrew_are_refused_with_the_reason(
    client: TestClient, key_of: Key, photo_of: Photo, issue: Issue, service: Service
) -> None:
    station, desk = key_of(Role.VERIFIER), key_of(Role.ENROLLER)
    lost, kept = issue("006"), issue("006")
    revoked = client.delete(f"/v1/cards/{lost['id']}", params={"reason": "stolen"}, headers=desk)
    assert (revoked.json()["state"], revoked.json()["reason"]) == ("revoked", "stolen")
    refused = _shown(client, station, _picture(lost), photo_of("006"))
    assert (refused.status_code, refused.json()["code"]) == (403, "card-revoked")
    assert "stolen" in refused.json()["detail"]
    withdraw(service.home, "Person 006")
    refused = _shown(client, station, _picture(kept), photo_of("006"))
    assert (refused.status_code, refused.json()["code"]) == (403, "consent-withdrawn")
    shown = client.get(f"/v1/cards/{kept['id']}", headers=desk).json()
    assert (shown["state"], shown["subject"], shown["subject_id"]) == ("consent ended", None, None)


def test_what_is_no_card_is_refused_and_not_a_fault(
    client: TestClient, key_of: Key, photo_of: Photo, issue: Issue
) -> None:
    station = key_of(Role.VERIFIER)
    answer = _shown(client, station, photo_of("006"), photo_of("006")).json()
    assert (answer["decision"], answer["reason"]) == ("refused", "card-unreadable")
    answer = _shown(client, station, b"no picture", photo_of("006")).json()
    assert (answer["decision"], answer["reason"]) == ("refused", "not-an-image")
    refused = _shown(client, station, _picture(issue("006")), photo_of("006"), "school gate")
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong-purpose")
    for text, status, code in (
        ("CHISO1:", 422, "card-unreadable"),
        ("CHISO1:é", 422, "card-unreadable"),
        ("CHISO1:" + "A" * 9000, 422, "card-unreadable"),
        ("CHISO1:" + "U10" * 170, 422, "card-unreadable"),
        ("CHISO1:V50" + "000" * 170, 403, "card-foreign"),
    ):
        refused = client.post(
            "/v1/card-verifications",
            params={"purpose": PURPOSE},
            data={"card": text},
            files={"photo": ("p.jpg", photo_of("006"), "image/jpeg")},
            headers=station,
        )
        assert (refused.status_code, refused.json()["code"]) == (status, code), text[:20]


def test_a_found_card_cannot_be_tried_without_end(
    client: TestClient, key_of: Key, photo_of: Photo, issue: Issue
) -> None:
    station, picture = key_of(Role.VERIFIER, station="front"), _picture(issue("006"))
    with Image.open(io.BytesIO(picture)) as opened:
        smaller = io.BytesIO()
        opened.convert("RGB").resize((800, 504)).save(smaller, "JPEG")
    tried = [
        _shown(client, station, (picture, smaller.getvalue())[turn % 2], photo_of("003"))
        for turn in range(11)
    ]
    assert [each.status_code for each in tried] == [200] * 10 + [429]
    other = _shown(client, station, _picture(issue("003")), photo_of("003"))
    assert other.json()["decision"] == "match"


def test_cards_are_listed_a_page_at_a_time_to_those_whom_they_concern(
    client: TestClient, key_of: Key, issue: Issue
) -> None:
    made = [issue("006")["id"] for _ in range(3)]
    desk = key_of(Role.ENROLLER)
    seen, cursor = list[str](), None
    for _ in range(3):
        params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/cards", params=params, headers=desk).json()
        seen += [each["id"] for each in page["cards"]]
        cursor = page["next"]
    assert cursor is None
    assert sorted(seen) == sorted(made)
    elsewhere = key_of(Role.ENROLLER, purposes=frozenset(["school gate"]))
    assert client.get("/v1/cards", headers=elsewhere).json()["cards"] == []
    hidden = client.delete(f"/v1/cards/{made[0]}", headers=elsewhere)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "card-unknown")
    refused = client.post(
        "/v1/cards",
        data={"subject": "001", "purpose": PURPOSE},
        files={"none": b""},
        headers=elsewhere,
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    for role in (Role.VERIFIER, Role.AUDITOR):
        assert client.get("/v1/cards", headers=key_of(role)).status_code == 403


def test_what_is_kept_of_a_revocation_goes_with_the_person(
    client: TestClient, key_of: Key, issue: Issue, service: Service
) -> None:
    desk, card = key_of(Role.ENROLLER) | {"Idempotency-Key": "revoked-once"}, issue("006")
    first, second = (client.delete(f"/v1/cards/{card['id']}", headers=desk) for _ in range(2))
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.json()["subject"] == "Person 006"
    withdraw(service.home, "Person 006")
    again = client.delete(f"/v1/cards/{card['id']}", headers=desk)
    assert "Person 006" not in again.text


def test_a_card_that_cannot_be_drawn_is_not_issued_and_takes_no_references_place(
    client: TestClient,
    key_of: Key,
    id_of: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr("chiso.interfaces.api.cards.card_picture", fails)
    desk = key_of(Role.ENROLLER)
    wanted = {"subject": (None, "001"), "purpose": (None, PURPOSE)}
    assert client.post("/v1/cards", files=wanted, headers=desk).status_code == 500
    assert client.get("/v1/cards", headers=desk).json()["cards"] == []
    held = client.get(f"/v1/subjects/{id_of('001')}/references", headers=desk).json()
    assert len(held["references"]) == 1
