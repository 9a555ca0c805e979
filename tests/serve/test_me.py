"""A person's own page: her link and her face open it, and what it does is hers alone."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from tests.serve.conftest import PURPOSE
from tests.serve.console import Console, Page

from chiso.account.checkpoint import parse_checkpoint, parse_note
from chiso.account.commitment import commitment
from chiso.account.merkle import leaf_hash, root_from_inclusion
from chiso.core.access import Role
from chiso.core.consent import Mode, SubjectId
from chiso.services.access.keys import machine_operator
from chiso.services.access.links import new_person_link
from chiso.services.access.sessions import IDLE
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.erasure import check_at_home, read_certificate
from chiso.services.log import head_of
from chiso.services.people import subjects
from chiso.services.serving.service import Service

PhotoOf = Callable[..., bytes]
_JPEG = {"Content-Type": "image/jpeg", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def browser(serving: tuple[Service, TestClient]) -> Console:
    """A person's own browser."""
    return Console(*serving)


@pytest.fixture
def link(browser: Console) -> str:
    """The link of the volunteer 001."""
    return _link(browser, "001")


def _id_of(browser: Console, label: str) -> SubjectId:
    (found,) = subjects(browser.service.home, label)
    return found.subject.subject_id


def _link(browser: Console, label: str) -> str:
    home = browser.service.home
    return new_person_link(home, machine_operator(home), _id_of(browser, label))


def _look(browser: Console, link: str, photo: bytes) -> Response:
    answer: Response = browser.client.post(f"{link}/look", content=photo, headers=_JPEG)
    return answer


def _newest(browser: Console) -> dict[str, Any]:
    with browser.service.home.store.reading() as view:
        said: dict[str, Any] = json.loads(next(iter(view.newest_payloads())).body)
    return said


def _size(browser: Console) -> int:
    with browser.service.home.store.reading() as view:
        return head_of(view).size


def _require_proven(log: dict[str, Any]) -> None:
    for leaf in log["leaves"]:
        salt, payload = bytes.fromhex(leaf["salt"]), leaf["payload"].encode()
        head = parse_checkpoint(parse_note(leaf["checkpoint"]).text)
        path = [bytes.fromhex(step) for step in leaf["inclusion"]]
        own = leaf_hash(commitment(salt, payload))
        assert root_from_inclusion(own, leaf["seq"], head.size, path) == head.root


def test_her_link_and_her_face_open_her_page(
    browser: Console, link: str, photo_of: PhotoOf
) -> None:
    asked = browser.get(link).text
    assert "look into the camera first" in asked
    assert "001" not in asked
    assert PURPOSE not in asked
    assert _look(browser, link, photo_of("001")).json()["answer"] == "you"
    said = _newest(browser)
    assert (said["type"], said["asked_by"], said["decision"]) == (
        "verified",
        "her own link",
        "match",
    )
    shown = browser.get("/me").text
    assert PURPOSE in shown
    assert "1 set of numbers" in shown
    assert shown.count('class="quiet verify"') == browser.get("/me/log.json").text.count('"seq"')
    assert browser.get("/").url.path == "/me"


def test_another_face_does_not_and_is_counted_and_told(
    browser: Console, link: str, photo_of: PhotoOf
) -> None:
    for _ in range(browser.service.settings.per_subject.count):
        assert _look(browser, link, photo_of("003")).json()["answer"] == "not-you"
    assert _newest(browser)["decision"] == "no-match"
    assert not browser.client.cookies
    refused = _look(browser, link, photo_of("001"))
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-attempts")
    assert "Your own page" in browser.get("/me").text
    assert PURPOSE not in browser.get("/me").text


def test_her_face_opens_no_page_of_another(browser: Console, photo_of: PhotoOf) -> None:
    assert _look(browser, _link(browser, "003"), photo_of("001")).json()["answer"] == "not-you"
    assert browser.client.get("/me/log.json").status_code == 401


def test_a_frame_is_judged_before_it_is_compared(
    browser: Console, link: str, photo_of: PhotoOf
) -> None:
    size = _size(browser)
    seen = browser.client.post(f"{link}/detections", content=photo_of("001"), headers=_JPEG)
    assert [face["usable"] for face in seen.json()["faces"]] == [True]
    assert _size(browser) == size
    unknown = browser.client.post("/me/chiso_me_x/detections", content=b"", headers=_JPEG)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "link-ended")


def test_she_sees_and_proves_every_event_of_hers_and_none_of_another(
    browser: Console, link: str, photo_of: PhotoOf
) -> None:
    _look(browser, link, photo_of("001"))
    log = browser.get("/me/log.json").json()
    with browser.service.home.store.reading() as view:
        hers = [each.seq for each in view.payloads(_id_of(browser, "001"))]
    assert [leaf["seq"] for leaf in log["leaves"]] == hers
    _require_proven(log)


def test_she_takes_a_copy_that_verifies_and_the_log_says_so(
    browser: Console, link: str, photo_of: PhotoOf
) -> None:
    _look(browser, link, photo_of("001"))
    copy = browser.post("/me/export")
    with zipfile.ZipFile(io.BytesIO(copy.content)) as archive:
        log = json.loads(archive.read("log.json"))
        receipts = json.loads(archive.read("receipts.json"))
        names = set(archive.namelist())
    assert {"index.html", "references.json"} <= names
    assert [each["receipt"]["processing"]["purpose"] for each in receipts] == [PURPOSE]
    _require_proven(log)
    assert json.loads(log["leaves"][-1]["payload"])["type"] == "exported"
    assert _newest(browser)["asked_by"] == "the person herself"


def _withdrawn(browser: Console, path: str, **fields: str) -> Any:
    done = browser.post(path, **fields)
    assert done.status_code == 200
    (file,) = [a["href"] for a in Page(done.text).all("a") if a.get("download")]
    assert file is not None
    certificate = read_certificate(base64.b64decode(file.partition("base64,")[2]))
    return check_at_home(browser.service.home, certificate), certificate


def test_withdrawing_everything_says_first_what_it_destroys_then_certifies_it(
    browser: Console, link: str, photo_of: PhotoOf
) -> None:
    _look(browser, link, photo_of("001"))
    asked = browser.get("/me/withdraw").text
    assert "1 set of numbers" in asked
    assert "1 agreement" in asked
    assert _id_of(browser, "001")
    _, certificate = _withdrawn(browser, "/me/withdraw")
    assert certificate.count("references") == 1
    assert not browser.client.cookies
    again = browser.post("/me/withdraw")  # as a page that is loaded again does
    assert (again.status_code, again.headers["Location"]) == (303, "/me")
    assert browser.get("/me/withdraw").url.path == "/me"
    assert browser.get(link).status_code == 404
    assert _look(browser, link, photo_of("001")).status_code == 404
    assert [each.subject.label for each in subjects(browser.service.home)] == ["003", "005"]


def test_the_link_alone_withdraws_everything_and_shows_nothing(browser: Console, link: str) -> None:
    asked = browser.get(f"{link}/withdraw").text
    assert "Withdraw everything?" in asked
    assert "001" not in asked
    assert PURPOSE not in asked
    _, certificate = _withdrawn(browser, f"{link}/withdraw")
    assert certificate.count("references") == 1
    assert browser.get(f"{link}/withdraw").status_code == 404


def test_one_agreement_is_withdrawn_and_the_others_stay(
    browser: Console, link: str, photo_of: PhotoOf
) -> None:
    expires = datetime(2099, 1, 1, tzinfo=UTC)
    agreement = Agreement("001", "gym", frozenset({Mode.VERIFY}), expires, "0" * 64)
    also = enrol(browser.service.home, agreement, [Photo("001", photo_of("001"))])
    assert isinstance(also, Enrolled)
    _look(browser, link, photo_of("001"))
    links = [a["href"] or "" for a in Page(browser.get("/me").text).all("a")]
    paths = [each for each in links if each.startswith("/me/withdraw?receipt=")]
    (gym,) = [path for path in paths if "“gym”" in browser.get(path).text]
    _withdrawn(browser, "/me/withdraw", receipt=gym.partition("receipt=")[2])
    shown = browser.get("/me").text
    assert "You withdrew it" in shown
    assert "It is in force" in shown
    assert browser.get(gym).status_code == 404


def test_without_consent_to_be_verified_the_page_says_that_a_desk_helps(
    browser: Console, photo_of: PhotoOf
) -> None:
    expires = datetime(2099, 1, 1, tzinfo=UTC)
    agreement = Agreement("009", PURPOSE, frozenset({Mode.IDENTIFY}), expires, "0" * 64)
    made = enrol(browser.service.home, agreement, [Photo("009", photo_of("009", "neutral"))])
    assert isinstance(made, Enrolled)
    link = _link(browser, "009")
    asked = browser.get(link).text
    assert "Any desk gives you a copy" in asked
    assert 'id="go"' not in asked
    refused = _look(browser, link, photo_of("009"))
    assert (refused.status_code, refused.json()["code"]) == (403, "no-consent")
    _withdrawn(browser, f"{link}/withdraw")


def test_her_session_ends_by_itself(browser: Console, link: str, photo_of: PhotoOf) -> None:
    class Later:
        """The home's clock, later than a session lasts unused."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def now(self) -> Any:
            """Later."""
            return self._inner.now() + IDLE + timedelta(minutes=1)

    _look(browser, link, photo_of("001"))
    assert PURPOSE in browser.get("/me").text
    service = browser.service
    late = replace(service, home=replace(service.home, clock=Later(service.home.clock)))
    browser.client.app.state.service = late  # type: ignore[attr-defined]
    assert PURPOSE not in browser.get("/me").text
    refused = browser.post("/me/withdraw")
    assert (refused.status_code, refused.headers["Location"]) == (303, "/me")
    assert _id_of(browser, "001")


def test_another_site_withdraws_nothing(browser: Console, link: str, photo_of: PhotoOf) -> None:
    _look(browser, link, photo_of("001"))
    for path in ("/me/withdraw", "/me/export", f"{link}/withdraw", f"{link}/look"):
        for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
            assert browser.client.post(path, headers=headers).status_code == 403
    assert _id_of(browser, "001")


def test_an_account_opens_nobody_s_page(browser: Console) -> None:
    browser.sign_in(Role.ADMIN)
    assert PURPOSE not in browser.get("/me").text
    assert browser.post("/me/export").status_code == 403
    assert browser.post("/me/withdraw").status_code == 403
