"""The console: cookies, policy, other sites' forms, roles, errors, languages, static files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.serve.console import BROWSER, PASSWORD, Console, Page

from chiso.core.access import ApiKey, Role
from chiso.interfaces.api import health
from chiso.interfaces.console.static_files import static_path
from chiso.interfaces.serve.app import create_app
from chiso.services.log import head_of
from chiso.services.serving.workroom import Workroom

_PATHS = (
    "/",
    "/account",
    "/enrol",
    "/people",
    "/check-ins",
    "/log",
    "/audits",
    "/thresholds",
    "/settings",
    "/access",
)
_OPEN_TO = {
    Role.ADMIN: set(_PATHS) - {"/", "/account"},
    Role.ENROLLER: {"/enrol", "/people", "/log"},
    Role.VERIFIER: {"/check-ins", "/log"},
    Role.AUDITOR: {"/log", "/audits", "/thresholds", "/settings"},
}

_CHANGES = {
    "/access/keys": {"name": "k", "role": "admin", "expires": "2098-01-01"},
    "/access/accounts": {"role": "admin"},
    "/access/accounts/some/disable": {},
    "/settings/retention": {"purpose": "p", "maximum": "1d"},
    "/settings/witnesses": {"url": "https://w.example/x", "vkey": "x"},
    "/thresholds/use": {"record": "some"},
    "/log/checkpoint": {},
    "/log/ask": {},
    "/audits/run": {"folder": "some", "column": "tone"},
}


def test_a_session_is_in_a_cookie_that_no_script_reads_and_no_site_sends(
    console: Console,
) -> None:
    kept = console.sign_in(Role.ADMIN).headers["Set-Cookie"]
    assert kept.startswith("chiso=chiso_session_")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(kept.split("; "))


def test_over_tls_the_cookie_is_bound_to_the_host(console: Console) -> None:
    name = console.account(Role.ADMIN)
    app = create_app(console.service)
    with TestClient(app, base_url="https://chiso.example") as client:
        fields = {"name": name, "password": PASSWORD}
        answer = client.post("/sign-in", data=fields, headers=BROWSER, follow_redirects=False)
        kept = answer.headers["Set-Cookie"]
        assert kept.startswith("__Host-chiso=")
        assert "Secure" in kept.split("; ")
        assert "Domain" not in kept
        assert client.get("/", headers=BROWSER).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8730"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_form_of_another_site_changes_nothing(console: Console, headers: dict[str, str]) -> None:
    console.sign_in(Role.ADMIN)
    fields = {"current": PASSWORD, "password": "x" * 12, "again": "x" * 12}
    for path in ("/account/password", "/sign-out", "/sign-in"):
        refused = console.client.post(path, data=fields, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    wanted = {"name": "k", "role": "admin", "expires": "2098-01-01T00:00:00Z"}
    assert console.client.post("/v1/keys", json=wanted, headers=headers).status_code == 403
    assert console.get("/account").status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://127.0.0.1:8730"}]
)
def test_a_session_may_call_the_api_from_our_own_pages(
    console: Console, headers: dict[str, str]
) -> None:
    console.sign_in(Role.ADMIN)
    wanted = {"name": "k", "role": "auditor", "expires": "2098-01-01T00:00:00Z"}
    assert console.client.post("/v1/keys", json=wanted, headers=headers).status_code == 201


def test_no_page_runs_or_styles_anything_inline(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    for path in (*_PATHS, "/sign-in", console.invited(Role.ADMIN).path, "/nowhere"):
        answer = console.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        page = Page(answer.text)
        assert not page.all("style")
        assert all(script.get("src") for script in page.all("script"))
        for tag, attributes in page.elements:
            assert not [name for name in attributes if name.startswith("on")], (path, tag)
            assert "style" not in attributes, (path, tag)
            for name in ("src", "href", "action"):
                assert not (attributes.get(name) or "").startswith(("http", "//")), (path, tag)


def test_every_page_has_one_heading_and_every_field_a_label(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    for path in (*_PATHS, "/sign-in", console.invited(Role.ADMIN).path, "/nowhere"):
        page = Page(console.get(path).text)
        assert len(page.all("h1")) == 1, path
        labelled = {label.get("for") for label in page.all("label")}
        for field in page.all("input") + page.all("select") + page.all("textarea"):
            assert field.get("type") == "hidden" or field.get("id") in labelled, (path, field)


@pytest.mark.parametrize("role", _OPEN_TO)
def test_a_role_sees_and_opens_what_is_its_own_and_nothing_else(
    console: Console, role: Role
) -> None:
    console.sign_in(role)
    links = {link.get("href") for link in Page(console.get("/").text).all("a")}
    for path in _OPEN_TO[Role.ADMIN]:
        is_open = path in _OPEN_TO[role]
        assert (path in links) is is_open, path
        assert console.get(path).status_code == (200 if is_open else 403), path


@pytest.mark.parametrize("role", [Role.ENROLLER, Role.VERIFIER, Role.AUDITOR])
def test_only_an_administrator_changes_how_a_home_works(console: Console, role: Role) -> None:
    console.sign_in(role)
    before = _size_of_log(console)
    for path, fields in _CHANGES.items():
        assert console.post(path, **fields).status_code == 403, path
    assert _size_of_log(console) == before


def test_a_key_is_shown_once_and_revoked(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    fields = {"name": "front door", "role": "verifier", "expires": "2098-01-01"}
    made = console.post("/access/keys", **fields, purposes=["clinic door", "school gate "])
    secret = made.text.partition("chiso_key_")[2].partition("<")[0]
    assert secret
    listed = console.get("/access").text
    assert "clinic door, school gate" in listed
    assert secret not in listed
    (key,) = _keys(console)
    assert console.post(f"/access/keys/{key.key_id}/revoke").status_code == 303
    (key,) = _keys(console)
    assert key.revoked is not None


def test_what_was_typed_for_a_key_stays_where_it_cannot_be_made(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    fields = {"name": "gate", "role": "verifier", "station": "north", "expires": "1998-01-01"}
    page = Page(console.post("/access/keys", **fields).text)
    assert {"gate", "north", "1998-01-01"} <= {each.get("value") for each in page.all("input")}
    (chosen,) = (each for each in page.all("option") if "selected" in each)
    assert chosen["value"] == "verifier"


def test_a_home_without_people_says_where_to_begin(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    assert "First steps" in console.get("/").text
    console.sign_in(Role.ENROLLER, "Rufaro")
    assert "First steps" not in console.get("/").text


def test_another_language_leads_back_to_the_same_address(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    links = [each.get("href") for each in Page(console.get("/log?before=2").text).all("a")]
    assert "/language/sn?back=/log%3Fbefore%3D2" in links
    fields = {"name": "k", "role": "verifier", "expires": "1998-01-01"}
    assert "/language/" not in console.post("/access/keys", **fields).text


def test_what_is_wrong_with_a_form_is_said_beside_it(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    for path, fields in (
        ("/access/keys", {"name": "k", "role": "verifier", "expires": "1998-01-01"}),
        ("/settings/witnesses", {"url": "not an address", "vkey": "no key"}),
    ):
        answer = console.post(path, **fields)
        assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
    answer = console.get("/settings/retention?purpose=p&maximum=soon")
    assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)


def test_whoever_is_not_signed_in_comes_back_to_where_she_was(console: Console) -> None:
    name = console.account(Role.ENROLLER)
    asked = console.get("/account?a=b")
    assert "/account?a=b" in asked.text
    fields = {"name": name, "password": PASSWORD, "back": "/account?a=b"}
    assert console.post("/sign-in", **fields).headers["Location"] == "/account?a=b"


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "x"]
)
def test_no_link_leads_to_another_site(console: Console, back: str) -> None:
    name = console.account(Role.ENROLLER)
    fields = {"name": name, "password": PASSWORD, "back": back}
    assert console.post("/sign-in", **fields).headers["Location"] == "/"


def test_errors_are_pages_for_people_and_problems_for_programs(console: Console) -> None:
    page = console.get("/nowhere")
    assert page.status_code == 404
    assert page.headers["Content-Type"].startswith("text/html")
    for path, headers in (("/nowhere", {}), ("/v1/nowhere", BROWSER)):
        problem = console.client.get(path, headers=headers)
        assert problem.status_code == 404
        assert problem.headers["Content-Type"] == "application/problem+json"


def test_no_page_tells_a_person_how_to_call_the_api(console: Console) -> None:
    assert "/v1" not in console.get("/nowhere").text
    gone = console.post("/enrol/done", draft="{}")
    assert gone.status_code == 401
    assert "You are signed out" in gone.text
    assert "Bearer" not in gone.text


def test_the_first_page_says_in_one_glance_whether_all_is_well(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    console.service.log_watch.verify()
    assert "All is well" in console.get("/").text
    database = console.service.home.path / "store.sqlite3"
    _damage_log(database)
    console.service.log_watch.verify()
    assert "The log does not verify" in console.get("/").text


def test_pages_are_in_the_language_that_a_reader_asks_for(console: Console) -> None:
    asked = {**BROWSER, "Accept-Language": "sn-ZW, en;q=0.5"}
    assert '<html lang="sn">' in console.client.get("/kiosk", headers=asked).text
    assert '<html lang="en">' in console.get("/kiosk").text
    console.get("/language/sn?back=/kiosk")
    assert '<html lang="sn">' in console.get("/kiosk").text


def test_static_files_are_kept_for_good_under_their_digest_alone(console: Console) -> None:
    named = console.client.get(static_path("app.css"))
    assert "immutable" in named.headers["Cache-Control"]
    plain = console.client.get("/static/app.css")
    assert plain.headers["Cache-Control"] == "no-cache"
    known = {"If-None-Match": plain.headers["ETag"]}
    assert console.client.get("/static/app.css", headers=known).status_code == 304
    for missing in ("/static/none.css", "/static/../pages.py", "/static/%2e%2e/pages.py"):
        assert console.client.get(missing).status_code == 404


def _size_of_log(console: Console) -> int:
    with console.service.home.store.reading() as view:
        return head_of(view).size


def _keys(console: Console) -> list[ApiKey]:
    with console.service.home.store.reading() as view:
        return view.api_keys()


def _damage_log(database: Path) -> None:
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("UPDATE log_payloads SET body = CAST('{}' AS BLOB) WHERE seq = 0")


def test_an_error_of_ours_carries_what_every_answer_does(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(health, "_read", broken)
    whole, fault = console.get("/sign-in"), console.get("/v1/health")
    assert fault.status_code == 500
    for name in ("Content-Security-Policy", "Cache-Control", "Referrer-Policy"):
        assert fault.headers[name] == whole.headers[name]


def test_a_page_says_when_to_come_again(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    app = cast(FastAPI, console.client.app)
    app.state.service = replace(console.service, desk=Workroom(1, -1))  # full from the first on
    answer = console.get("/people")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert answer.headers["Content-Type"].startswith("text/html")
