"""Every route × every role × her own or another's object; a route without an entry fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute
from tests.serve.conftest import PURPOSE, served
from tests.serve.matrix_pages import PAGES, REST

from chiso import wiring
from chiso.core.access import Role
from chiso.core.consent import Mode
from chiso.services.access.accounts import accept, invite
from chiso.services.access.keys import WantedKey, issue_key, machine_operator
from chiso.services.access.sessions import open_station, person_session, sign_in
from chiso.services.cards.issue import issue_from_reference
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.serving.limits import Limit
from chiso.services.serving.service import Service, ServiceSettings

ELSEWHERE = "school gate"
EVERYONE = frozenset(Role)
STAFF = EVERYONE - {Role.SUBJECT}
DESK = frozenset((Role.ADMIN, Role.ENROLLER))
PROOF = frozenset((Role.ADMIN, Role.AUDITOR))
STATION = frozenset((Role.ADMIN, Role.VERIFIER))
ADMIN = frozenset((Role.ADMIN,))
JPEG = {"Content-Type": "image/jpeg"}


@dataclass(frozen=True)
class Thing:
    """An object: a person, her receipt, the purpose that she agreed to, and a card of hers."""

    label: str
    subject_id: str
    receipt_id: str
    purpose: str
    photo: bytes
    threshold: str
    key_id: str
    card_id: str
    code: str

    def path(self, template: str) -> str:
        """A route's path to it."""
        known = {
            "subject_id": self.subject_id,
            "receipt_id": self.receipt_id,
            "record_id": self.threshold,
            "key_id": self.key_id,
            "card_id": self.card_id,
            "seq": "0",
        }
        for name, value in (known | REST).items():
            template = template.replace(f"{{{name}}}", value)
        return template


def _nothing(_: Thing) -> dict[str, Any]:
    return {}


def _photo(thing: Thing) -> dict[str, Any]:
    params = {"purpose": thing.purpose, "subject": thing.label}
    return {"content": thing.photo, "params": params, "headers": JPEG}


def _photos(thing: Thing) -> dict[str, Any]:
    return {"files": {"photo": ("x.jpg", thing.photo, "image/jpeg")}}


def _agreement(thing: Thing) -> dict[str, Any]:
    agreed = {"subject": thing.label, "purpose": thing.purpose, "modes": "verify"}
    files = _photos(thing)["files"] | {"evidence": ("f", b"signed", "text/plain")}
    return {"data": agreed | {"expires": "2090-01-01"}, "files": files}


def _card(thing: Thing) -> dict[str, Any]:
    wanted = {"subject": thing.label, "purpose": thing.purpose, "keep_references": "true"}
    return {"data": wanted, "files": {"none": b""}}


def _shown(thing: Thing) -> dict[str, Any]:
    params = {"purpose": thing.purpose}
    return {"params": params, "data": {"card": thing.code}, **_photos(thing)}


def _key(_: Thing) -> dict[str, Any]:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    wanted = {"name": "new", "role": "verifier", "expires": later, "purposes": [PURPOSE]}
    return {"json": wanted}


@dataclass(frozen=True)
class Entry:
    """Who may, how it is asked, and what is answered of one's own object and of another's.

    `other` None: the call has no object, or one that is nobody's.
    """

    roles: frozenset[Role]
    ok: int = 200
    other: int | None = None
    ask: Callable[[Thing], dict[str, Any]] = field(default=_nothing)


HERS = DESK | {Role.SUBJECT}
ENTRIES = {
    "GET /v1/openapi.json": Entry(EVERYONE),
    "GET /v1/health": Entry(EVERYONE),
    "POST /v1/verifications": Entry(DESK | STATION, other=403, ask=_photo),
    "POST /v1/identifications": Entry(STATION, other=403, ask=_photo),
    "POST /v1/detections": Entry(DESK | STATION, ask=_photo),
    "POST /v1/card-verifications": Entry(DESK | STATION, other=403, ask=_shown),
    "GET /v1/cards": Entry(DESK),
    "GET /v1/cards/{card_id}": Entry(DESK, other=404),
    "POST /v1/cards": Entry(DESK, 201, other=403, ask=_card),
    "DELETE /v1/cards/{card_id}": Entry(DESK, other=404),
    "GET /v1/subjects": Entry(HERS),
    "GET /v1/subjects/{subject_id}": Entry(HERS, other=404),
    "GET /v1/subjects/{subject_id}/references": Entry(HERS, other=404),
    "GET /v1/receipts": Entry(
        HERS, other=404, ask=lambda thing: {"params": {"subject_id": thing.subject_id}}
    ),
    "GET /v1/receipts/{receipt_id}": Entry(HERS, other=404),
    "POST /v1/receipts": Entry(DESK, 201, other=403, ask=_agreement),
    "POST /v1/receipts/{receipt_id}/references": Entry(DESK, 201, other=404, ask=_photos),
    "POST /v1/exports": Entry(
        HERS, other=404, ask=lambda thing: {"json": {"subject_id": thing.subject_id}}
    ),
    "GET /v1/thresholds": Entry(PROOF),
    "GET /v1/thresholds/active": Entry(PROOF),
    "POST /v1/thresholds/{record_id}/use": Entry(ADMIN),
    "GET /v1/audits": Entry(PROOF),
    "GET /v1/log/checkpoint": Entry(EVERYONE),
    "GET /v1/log/proofs/{seq}": Entry(EVERYONE),
    "GET /v1/log/consistency": Entry(EVERYONE, ask=lambda _: {"params": {"since": 1}}),
    "GET /v1/log/leaves": Entry(EVERYONE),
    "GET /v1/check-ins": Entry(STATION),
    "GET /v1/metrics": Entry(PROOF),
    "GET /v1/keys": Entry(ADMIN),
    "POST /v1/keys": Entry(ADMIN, 201, ask=_key),
    "DELETE /v1/keys/{key_id}": Entry(ADMIN),
    # Last: nothing of hers is there afterwards.
    "DELETE /v1/receipts/{receipt_id}": Entry(HERS, other=404),
    "DELETE /v1/subjects/{subject_id}": Entry(HERS, other=404),
}
OPEN = ("GET /v1/openapi.json", "GET /v1/health")


@pytest.fixture(scope="session")
def matrix_home(
    tmp_path_factory: pytest.TempPathFactory, peopled_home: Path, served_models: Path, london: Path
) -> Path:
    """The peopled home, and someone who agreed to another purpose only."""
    folder = Path(shutil.copytree(peopled_home, tmp_path_factory.mktemp("matrix") / "home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHISO_MODELS", str(served_models))
        home = wiring.open_home(folder)
        expires = datetime(2099, 1, 1, tzinfo=UTC)
        agreement = Agreement("009", ELSEWHERE, frozenset(Mode), expires, "0" * 64)
        photo = Photo("009", (london / "009_neutral.jpg").read_bytes())
        assert isinstance(enrol(home, agreement, [photo]), Enrolled)
        home.store.close()
    return folder


@pytest.fixture
def matrix(
    tmp_path: Path, matrix_home: Path, served_models: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Service, TestClient]]:
    """That home, served, without limits on how often something is tried."""
    monkeypatch.setenv("CHISO_MODELS", str(served_models))
    monkeypatch.delenv("CHISO_OPERATOR_KEY", raising=False)
    often = Limit(10_000, timedelta(minutes=1))
    settings = replace(
        ServiceSettings(),
        per_key=often,
        per_subject=often,
        per_station=often,
        refused_after_s=0.0,
    )
    directory = Path(shutil.copytree(matrix_home, tmp_path / "home"))
    with served(directory, settings) as both:
        yield both


def routes(tree: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    """Every method and path that an application answers, also of routers within routers."""
    for route in tree:
        router = getattr(route, "original_router", None)
        if router is not None:
            context: Any = getattr(route, "include_context")  # noqa: B009
            yield from routes(router.routes, prefix + context.prefix)
            continue
        path: str = getattr(route, "path", "")
        for method in sorted(getattr(route, "methods", None) or ["MOUNT"]):
            if method != "HEAD":
                yield f"{method} {prefix}{path}"


def _thing(service: Service, label: str, photo: bytes) -> Thing:
    with service.home.store.reading() as view:
        subject = view.subject(label)
        assert subject is not None
        (receipt,) = view.receipts(subject.subject_id)
        (threshold,) = view.thresholds()
        key_id = view.api_keys()[0].key_id
    terms = receipt.terms
    card = issue_from_reference(service.home, label, terms.purpose, keep_references=True)
    return Thing(
        label,
        subject.subject_id,
        terms.receipt_id,
        terms.purpose,
        photo,
        threshold.record_id,
        key_id,
        card.card.card_id,
        card.code,
    )


def _key_for(service: Service, role: Role, name: str) -> dict[str, str]:
    end = datetime.now(UTC) + timedelta(days=2)
    wanted = WantedKey(name, role, frozenset([PURPOSE]), frozenset(), "front", end)
    made = issue_key(service.home, machine_operator(service.home), wanted)
    return {"Authorization": f"Bearer {made.secret}"}


def _headers(service: Service, role: Role, own: Thing) -> dict[str, str]:
    if role is not Role.SUBJECT:
        return _key_for(service, role, "the caller")
    secret = person_session(service.home, own.subject_id).secret  # type: ignore[arg-type]
    return {"Cookie": f"chiso={secret}", "Sec-Fetch-Site": "same-origin"}


def _account_session(service: Service, role: Role) -> str:
    home, credentials = service.home, service.credentials
    token = invite(home, machine_operator(home), role).path.rsplit("/", 1)[1]
    password = "four words that differ"
    account = accept(home, credentials, token, "Tendai", password)
    return sign_in(home, credentials, account.name, password, "").secret


def _call(client: TestClient, name: str, thing: Thing, headers: dict[str, str]) -> int:
    method, template = name.split(" ")
    asked = ENTRIES[name].ask(thing)
    asked["headers"] = headers | asked.get("headers", {})
    answer = client.request(method, thing.path(template), **asked)
    return int(answer.status_code)


def test_every_route_has_an_entry(matrix: tuple[Service, TestClient]) -> None:
    app: Any = matrix[1].app
    assert set(routes(app.routes)) == set(ENTRIES) | set(PAGES)


@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_its_entry_says_and_nothing_else(
    matrix: tuple[Service, TestClient], photo_of: Callable[..., bytes], role: Role
) -> None:
    service, client = matrix
    _key_for(service, Role.VERIFIER, "another")
    own = _thing(service, "001", photo_of("001"))
    other = _thing(service, "003" if role is Role.SUBJECT else "009", photo_of("003"))
    headers = _headers(service, role, own)
    told: dict[str, tuple[int, int | None]] = {}
    expected: dict[str, tuple[int, int | None]] = {}
    for name, entry in ENTRIES.items():
        is_allowed = role in entry.roles
        has_object = entry.other is not None
        expected[name] = (
            entry.ok if is_allowed else 403,
            (entry.other if is_allowed else 403) if has_object else None,
        )
        of_other = _call(client, name, other, headers) if has_object else None
        told[name] = (_call(client, name, own, headers), of_other)
    assert told == expected


def test_nobody_may_anything_without_a_key(
    matrix: tuple[Service, TestClient], photo_of: Callable[..., bytes]
) -> None:
    service, client = matrix
    _key_for(service, Role.VERIFIER, "another")
    own = _thing(service, "001", photo_of("001"))
    for name in ENTRIES:
        assert _call(client, name, own, {}) == (200 if name in OPEN else 401), name


def _open(client: TestClient, name: str, thing: Thing, headers: dict[str, str]) -> int:
    method, template = name.split(" ")
    browser = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"} | headers
    path = thing.path(template)
    answer = client.request(method, path, headers=browser, follow_redirects=False)
    return int(answer.status_code)


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_the_pages_that_are_for_it(
    matrix: tuple[Service, TestClient], role: Role
) -> None:
    service, client = matrix
    _key_for(service, Role.VERIFIER, "another")
    own, other = _thing(service, "001", b""), _thing(service, "003", b"")
    headers = _headers(service, role, own)
    if role is not Role.SUBJECT:
        headers = {"Cookie": f"chiso={_account_session(service, role)}"}
    for name, roles in PAGES.items():
        is_allowed = roles is None or role in roles
        if role is Role.SUBJECT and "subject_id" in name:
            assert _open(client, name, other, headers) in (403, 404), name
        assert (_open(client, name, own, headers) not in (401, 403)) == is_allowed, name


@pytest.mark.parametrize("role", sorted(STAFF))
def test_a_key_that_is_kept_to_a_purpose_opens_no_page_about_everyone(
    matrix: tuple[Service, TestClient], role: Role
) -> None:
    service, client = matrix
    headers = _key_for(service, role, "the caller")
    own = _thing(service, "001", b"")
    for name in ("GET /", "GET /people", "GET /people/{subject_id}", "GET /log", "GET /access"):
        assert _open(client, name, own, headers) == 403, name


def test_nobody_opens_a_page_without_signing_in(matrix: tuple[Service, TestClient]) -> None:
    service, client = matrix
    _key_for(service, Role.VERIFIER, "another")
    own = _thing(service, "001", b"")
    for name, roles in PAGES.items():
        sent_away = _open(client, name, own, {}) in (303, 401)
        assert sent_away or roles is None, name


def test_the_screen_of_a_station_opens_its_kiosk_and_what_is_open_to_everyone(
    matrix: tuple[Service, TestClient], photo_of: Callable[..., bytes]
) -> None:
    service, client = matrix
    key = _key_for(service, Role.VERIFIER, "a station")["Authorization"].removeprefix("Bearer ")
    secret = open_station(service.home, key).secret
    headers = {"Cookie": f"chiso={secret}", "Sec-Fetch-Site": "same-origin"}
    own = _thing(service, "001", photo_of("001"))
    for name in ENTRIES:
        assert _call(client, name, own, headers) == (200 if name in OPEN else 403), name
    for name, roles in PAGES.items():
        if name == "GET /":
            assert _open(client, name, own, headers) == 303
        elif "/kiosk" not in name and roles is not None:
            assert _open(client, name, own, headers) == 403, name
