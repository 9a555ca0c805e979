"""The kiosk: it opens with a station's key alone, greets, keeps nothing of strangers."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image
from tests.serve.conftest import PURPOSE
from tests.serve.console import Console

from chiso.core.access import Role, Scope
from chiso.services.access.sessions import LONGEST
from chiso.services.log import head_of
from chiso.services.people import subjects
from chiso.services.serving.service import Service
from chiso.services.withdraw import withdraw

PhotoOf = Callable[..., bytes]
KeyOf = Callable[..., dict[str, str]]
_JPEG = {"Content-Type": "image/jpeg", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def browser(serving: tuple[Service, TestClient]) -> Console:
    """A browser on the station's device."""
    return Console(*serving)


@pytest.fixture
def secret_of(key_of: KeyOf) -> Callable[..., str]:
    """`secret_of("front door")`: the key of a station."""

    def secret(
        station: str | None, role: Role = Role.VERIFIER, purposes: frozenset[str] | None = None
    ) -> str:
        kept_to = purposes or frozenset({PURPOSE})
        header = key_of(role, purposes=kept_to, station=station)["Authorization"]
        return header.removeprefix("Bearer ")

    return secret


def _look(browser: Console, photo: bytes, purpose: str = PURPOSE) -> Response:
    answer: Response = browser.client.post(
        "/kiosk/look", params={"purpose": purpose}, content=photo, headers=_JPEG
    )
    return answer


def _beside(*photos: bytes, widths: tuple[int, ...]) -> bytes:
    """One photo with these beside each other, so many pixels wide each."""
    opened = [Image.open(io.BytesIO(each)).convert("RGB") for each in photos]
    sized = [
        image.resize((width, image.height * width // image.width))
        for image, width in zip(opened, widths, strict=True)
    ]
    whole = Image.new("RGB", (sum(widths), max(image.height for image in sized)), "grey")
    for place, image in enumerate(sized):
        whole.paste(image, (sum(widths[:place]), 0))
    written = io.BytesIO()
    whole.save(written, "JPEG", quality=95)
    return written.getvalue()


def _leaves_about(browser: Console, label: str) -> int:
    home = browser.service.home
    (found,) = subjects(home, label)
    with home.store.reading() as view:
        return view.count_payloads(found.subject.subject_id)


def _size(browser: Console) -> int:
    with browser.service.home.store.reading() as view:
        return head_of(view).size


def test_a_kiosk_asks_for_the_key_and_then_the_question(
    browser: Console, secret_of: Callable[..., str]
) -> None:
    assert "The station’s key" in browser.get("/kiosk").text
    opened = browser.post("/kiosk", key=secret_of("front door"))
    assert (opened.status_code, opened.headers["Location"]) == (303, "/kiosk")
    text = browser.get("/kiosk").text
    assert "Shall I look who you are?" in text
    assert "front door" in text
    assert browser.get("/").url.path == "/kiosk"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ENROLLER, Role.AUDITOR])
def test_only_a_key_of_a_station_opens_a_kiosk(
    browser: Console, secret_of: Callable[..., str], role: Role
) -> None:
    refused = browser.post("/kiosk", key=secret_of("front door", role))
    assert refused.status_code == 401
    assert "not for a station" in refused.text
    assert not browser.client.cookies
    assert browser.post("/kiosk", key=secret_of(None)).status_code == 401


def test_keys_are_not_tried_without_end(browser: Console, secret_of: Callable[..., str]) -> None:
    for _ in range(browser.service.settings.per_door.count):
        said = browser.post("/kiosk", key="chiso_key_guess").text
        assert "unknown, revoked" in said
        assert "Bearer" not in said
    refused = browser.post("/kiosk", key=secret_of("front door"))
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "tried too often" in refused.text
    assert not browser.client.cookies


def test_opening_a_kiosk_ends_the_session_that_was_in_this_browser(
    browser: Console, secret_of: Callable[..., str]
) -> None:
    browser.sign_in(Role.ADMIN)
    before = browser.client.cookies["chiso"]
    browser.post("/kiosk", key=secret_of("front door"))
    browser.client.cookies.clear()
    browser.client.cookies["chiso"] = before
    assert browser.get("/people").url.path == "/sign-in"


def test_she_is_greeted_and_finds_the_check_in_among_her_own(
    browser: Console, secret_of: Callable[..., str], photo_of: PhotoOf
) -> None:
    browser.post("/kiosk", key=secret_of("front door"))
    before = _leaves_about(browser, "001")
    said = _look(browser, photo_of("001")).json()
    assert (said["answer"], said["name"]) == ("hello", "001")
    assert _leaves_about(browser, "001") == before + 1
    with browser.service.home.store.reading() as view:
        newest = next(iter(view.newest_payloads())).body
    assert b'"station":"front door"' in newest


def test_a_stranger_is_unknown_and_the_leaf_says_no_more(
    browser: Console, secret_of: Callable[..., str], photo_of: PhotoOf
) -> None:
    browser.post("/kiosk", key=secret_of("front door"))
    said = _look(browser, photo_of("009")).json()
    assert {name: text for name, text in said.items() if text} == {"answer": "unknown"}
    with browser.service.home.store.reading() as view:
        newest = next(iter(view.newest_payloads()))
    assert newest.subject_id is None
    assert b'"decision":"unknown"' in newest.body


def test_a_frame_that_cannot_be_used_says_what_to_do_and_is_compared_with_nobody(
    browser: Console, secret_of: Callable[..., str]
) -> None:
    browser.post("/kiosk", key=secret_of("front door"))
    size = _size(browser)
    grey = io.BytesIO()
    Image.new("RGB", (640, 480), "grey").save(grey, "JPEG")
    said = _look(browser, grey.getvalue()).json()
    assert (said["answer"], said["code"]) == ("again", "no-face")
    assert said["hint"]
    assert _size(browser) == size


def test_who_stands_behind_is_not_recognised_and_two_are_asked_to_come_one_by_one(
    browser: Console, secret_of: Callable[..., str], photo_of: PhotoOf
) -> None:
    browser.post("/kiosk", key=secret_of("front door"))
    before = _leaves_about(browser, "003")
    near, far = photo_of("001"), photo_of("003")
    said = _look(browser, _beside(near, far, widths=(900, 380))).json()
    assert said["name"] == "001"
    said = _look(browser, _beside(near, far, widths=(700, 700))).json()
    assert (said["answer"], said["code"]) == ("again", "several-faces")
    assert _leaves_about(browser, "003") == before


def test_when_everyone_withdrew_everyone_is_unknown(
    browser: Console, secret_of: Callable[..., str], photo_of: PhotoOf
) -> None:
    browser.post("/kiosk", key=secret_of("front door"))
    for label in ("001", "003", "005"):
        withdraw(browser.service.home, label)
    assert _look(browser, photo_of("001")).json()["answer"] == "unknown"


def test_a_key_of_several_purposes_is_asked_for_one_and_serves_no_other(
    browser: Console, secret_of: Callable[..., str], photo_of: PhotoOf
) -> None:
    secret = secret_of("front door", purposes=frozenset({PURPOSE, "gym"}))
    browser.post("/kiosk", key=secret)
    text = browser.get("/kiosk").text
    assert "What is this kiosk for?" in text
    assert PURPOSE in text
    assert "Shall I look" in browser.get("/kiosk?purpose=gym").text
    refused = _look(browser, photo_of("001"), "payroll")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")


def test_check_ins_are_shown_at_their_own_station_alone(
    browser: Console, secret_of: Callable[..., str], photo_of: PhotoOf
) -> None:
    front, back = secret_of("front door"), secret_of("back door")
    browser.post("/kiosk", key=front)
    _look(browser, photo_of("001"))
    browser.client.cookies.clear()
    browser.sign_in(Role.ADMIN)
    assert "001" not in browser.get("/check-ins").text
    assert "1 check-in today at front door" in browser.post("/check-ins", key=front).text
    assert "0 check-ins today at back door" in browser.post("/check-ins", key=back).text
    refused = browser.post("/check-ins", key=secret_of("front door", Role.ENROLLER))
    assert refused.status_code == 401
    assert "001" not in refused.text


@pytest.mark.parametrize("fields", [{}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_neither_opens_a_kiosk_nor_looks(
    browser: Console, secret_of: Callable[..., str], photo_of: PhotoOf, fields: dict[str, str]
) -> None:
    secret = secret_of("front door")
    headers: dict[str, Any] = {"Content-Type": "image/jpeg", **fields}
    tricked = browser.client.post("/kiosk", data={"key": secret}, headers=fields)
    assert tricked.status_code == 403
    browser.post("/kiosk", key=secret)
    size = _size(browser)
    looked = browser.client.post(
        f"/kiosk/look?purpose={PURPOSE}", content=photo_of("001"), headers=headers
    )
    assert looked.status_code == 403
    assert _size(browser) == size


def test_a_kiosk_closes_after_its_day_and_with_its_key(
    browser: Console, secret_of: Callable[..., str], photo_of: PhotoOf
) -> None:
    class Tomorrow:
        """The home's clock, a day on."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def now(self) -> Any:
            """Longer from now than any session lasts."""
            return self._inner.now() + LONGEST + timedelta(minutes=1)

    browser.post("/kiosk", key=secret_of("front door"))
    service = browser.service
    late = replace(service, home=replace(service.home, clock=Tomorrow(service.home.clock)))
    browser.client.app.state.service = late  # type: ignore[attr-defined]
    assert _look(browser, photo_of("001")).status_code == 401
    assert "The station’s key" in browser.get("/kiosk").text


def test_whoever_touches_the_screen_of_a_station_reads_no_names_of_the_day(
    browser: Console, secret_of: Callable[..., str], photo_of: PhotoOf
) -> None:
    secret = secret_of("front door")
    browser.post("/kiosk", key=secret)
    _look(browser, photo_of("001"))
    page = browser.get("/check-ins")
    assert page.status_code == 403
    assert "opens the kiosk, and nothing else" in page.text
    assert "001" not in page.text
    assert 'href="/check-ins"' not in page.text
    called = browser.client.get("/v1/check-ins", headers={"Sec-Fetch-Site": "same-origin"})
    assert (called.status_code, called.json()["code"]) == (403, "not-allowed")
    asked = browser.client.get("/v1/check-ins", headers={"Authorization": f"Bearer {secret}"})
    assert [each["subject"] for each in asked.json()["check_ins"]] == ["001"]


def test_the_screen_of_a_station_is_no_way_to_the_scores_that_its_key_may_see(
    browser: Console, key_of: KeyOf, photo_of: PhotoOf
) -> None:
    kept_to = frozenset({PURPOSE})
    header = key_of(Role.VERIFIER, purposes=kept_to, scopes=frozenset(Scope), station="front door")[
        "Authorization"
    ]
    browser.post("/kiosk", key=header.removeprefix("Bearer "))
    said = browser.client.post(
        "/v1/identifications",
        params={"purpose": PURPOSE},
        content=photo_of("001"),
        headers=_JPEG,
    )
    assert (said.status_code, said.json()["code"]) == (403, "not-allowed")
    looked = _look(browser, photo_of("001")).json()
    assert looked["name"] == "001"
    assert not {"score", "llr"} & looked.keys()


def test_a_header_that_is_no_key_does_not_let_another_site_look(
    browser: Console, secret_of: Callable[..., str], photo_of: PhotoOf
) -> None:
    browser.post("/kiosk", key=secret_of("front door"))
    elsewhere = {"Sec-Fetch-Site": "same-site", "Authorization": "Basic eDp5"}
    refused = browser.client.post(
        "/kiosk/look",
        params={"purpose": PURPOSE},
        content=photo_of("001"),
        headers=_JPEG | elsewhere,
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
