"""Cards in pages: the face is compared with the card that it shows, and with nothing else."""

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
from tests.serve.console import Console

from chiso.core.access import Role

PhotoOf = Callable[..., bytes]
KeyOf = Callable[..., dict[str, str]]
_SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def card(client: TestClient, key_of: KeyOf, photo_of: PhotoOf) -> dict[str, Any]:
    """A card of someone of whom the home keeps no template."""
    answer = client.post(
        "/v1/cards",
        data={"subject": "Person 006", "purpose": PURPOSE, "expires": "2099-01-01"},
        files={
            "photo": ("p.jpg", photo_of("006", "neutral"), "image/jpeg"),
            "evidence": ("form.pdf", b"I agree.", "application/pdf"),
        },
        headers=key_of(Role.ENROLLER),
    )
    document: dict[str, Any] = answer.json()
    return document


@pytest.fixture
def kiosk(serving: tuple[Any, TestClient], key_of: KeyOf) -> Console:
    """A browser in which a station's kiosk is open."""
    browser = Console(*serving)
    secret = key_of(Role.VERIFIER, purposes=frozenset({PURPOSE}), station="front door")
    browser.post("/kiosk", key=secret["Authorization"].removeprefix("Bearer "))
    return browser


def _read(kiosk: Console, picture: bytes) -> dict[str, Any]:
    headers = _SAME | {"Content-Type": "image/jpeg"}
    said: dict[str, Any] = kiosk.client.post("/kiosk/card", content=picture, headers=headers).json()
    return said


def _look(kiosk: Console, code: str, photo: bytes) -> Response:
    answer: Response = kiosk.client.post(
        "/kiosk/card-look",
        params={"purpose": PURPOSE},
        data={"card": code},
        files={"photo": ("frame.jpg", photo, "image/jpeg")},
        headers=_SAME,
    )
    return answer


def _held_up(card: dict[str, Any]) -> bytes:
    """The card as a camera may see it: a part of the picture, on something grey."""
    picture = Image.open(io.BytesIO(base64.b64decode(card["picture"]))).convert("RGB")
    picture.thumbnail((1100, 680))
    frame = Image.new("RGB", (1280, 720), "grey")
    frame.paste(picture, (90, 20))
    written = io.BytesIO()
    frame.save(written, "JPEG", quality=92)
    return written.getvalue()


def test_her_card_and_her_face_check_her_in(
    kiosk: Console, card: dict[str, Any], photo_of: PhotoOf, key_of: KeyOf
) -> None:
    read = _read(kiosk, _held_up(card))
    assert read["answer"] == "card"
    said = _look(kiosk, read["card"], photo_of("006")).json()
    assert (said["answer"], said["name"]) == ("hello", "Person 006")
    station = key_of(Role.VERIFIER, station="front door")
    seen = kiosk.client.get("/v1/check-ins", headers=station).json()
    assert [each["subject"] for each in seen["check_ins"]] == ["Person 006"]


def test_another_face_does_not_pass_by_her_card_and_is_counted(
    kiosk: Console, card: dict[str, Any], photo_of: PhotoOf
) -> None:
    code = _read(kiosk, _held_up(card))["card"]
    for _ in range(kiosk.service.settings.per_subject.count):
        said = _look(kiosk, code, photo_of("003")).json()
        assert (said["answer"], said["name"]) == ("other", "")
    refused = _look(kiosk, code, photo_of("006"))
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-attempts")


def test_codes_that_no_card_has_are_not_remembered(kiosk: Console, photo_of: PhotoOf) -> None:
    for made_up in ("CHISO1:V50" + "000" * 170, "CHISO1:" + "A" * 400):
        assert _look(kiosk, made_up, photo_of("006")).json()["answer"] == "refused"
    assert kiosk.service.per_subject.kept == 0


def test_frames_without_a_face_do_not_count_against_her_card(
    kiosk: Console, card: dict[str, Any], photo_of: PhotoOf
) -> None:
    code = _read(kiosk, _held_up(card))["card"]
    for _ in range(kiosk.service.settings.per_subject.count + 1):
        assert _look(kiosk, code, _held_up(card)).json()["answer"] == "again"
    assert _look(kiosk, code, photo_of("006")).json()["answer"] == "hello"


def test_what_is_no_card_and_a_card_that_is_revoked_are_refused(
    kiosk: Console,
    card: dict[str, Any],
    client: TestClient,
    key_of: KeyOf,
    photo_of: PhotoOf,
) -> None:
    assert _read(kiosk, photo_of("001"))["answer"] == "again"
    assert _look(kiosk, "CHISO", photo_of("006")).json()["code"] == "card-unreadable"
    code = _read(kiosk, _held_up(card))["card"]
    revoked = client.delete(
        f"/v1/cards/{card['id']}", params={"reason": "lost"}, headers=key_of(Role.ENROLLER)
    )
    assert revoked.status_code == 200
    said = _look(kiosk, code, photo_of("006")).json()
    assert (said["answer"], said["code"]) == ("refused", "card-revoked")


def test_her_card_and_her_face_open_her_own_page(
    serving: tuple[Any, TestClient], card: dict[str, Any], photo_of: PhotoOf
) -> None:
    browser = Console(*serving)
    assert "With your card" in browser.get("/me").text
    headers = _SAME | {"Content-Type": "image/jpeg"}
    read = browser.client.post("/me/card", content=_held_up(card), headers=headers).json()

    def look(photo: bytes) -> str:
        answer = browser.client.post(
            "/me/card-look",
            data={"card": read["card"]},
            files={"photo": ("frame.jpg", photo, "image/jpeg")},
            headers=_SAME,
        )
        said: str = answer.json()["answer"]
        return said

    assert look(photo_of("003")) == "not-you"
    assert "Person 006" not in browser.get("/me").text
    assert look(photo_of("006")) == "you"
    shown = browser.get("/me").text
    assert "Person 006" in shown
    assert card["number"] in shown
    assert "whoever had your card" in shown


def test_frames_of_nobody_in_particular_are_limited(
    serving: tuple[Any, TestClient],
) -> None:
    browser = Console(*serving)
    headers = _SAME | {"Content-Type": "image/jpeg"}
    limit = browser.service.settings.per_address.count
    for _ in range(limit):
        browser.service.per_address.note(("testclient",), browser.service.home.clock.now())
    for path in ("/me/card", "/me/card-look"):
        refused = browser.client.post(path, content=b"", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-attempts")


def test_no_key_is_said_to_be_destroyed_of_whoever_has_only_a_card(
    serving: tuple[Any, TestClient], card: dict[str, Any]
) -> None:
    desk = Console(*serving)
    desk.sign_in(Role.ENROLLER)
    path = f"/people/{card['subject_id']}/withdraw"
    before, after = desk.get(path).text, desk.post(path).text
    assert "This destroys, for good and at once" in before
    assert "Withdrawn, and destroyed" in after
    for text in (before, after):
        assert "the key that open" not in text
