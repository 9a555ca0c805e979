"""The console's tables of audits, thresholds and access: found by what a row says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.compare.records import RECORD
from tests.serve.console import Console, Page

from chiso.core.access import Role
from chiso.core.canonical import JsonValue
from chiso.core.events import Event, EventType
from chiso.services import thresholds
from chiso.services.access.keys import WantedKey, issue_key, keys, machine_operator, revoke_key
from chiso.services.log import record

_SEARCHED = ("/people", "/audits", "/thresholds", "/access")


@pytest.fixture
def filled(console: Console) -> Console:
    """A home with rows in every table, and an administrator called Tendai signed in."""
    home = console.service.home
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    facts: dict[str, JsonValue] = {"kind": "scores", "input_sha256": "0" * 64, "report_sha256": {}}
    with home.store.writing() as transaction:
        for days, verdict in enumerate(("pass", "fail", "fail")):
            said: dict[str, JsonValue] = {**facts, "verdict": verdict}
            about = Event(EventType.AUDIT_RECORDED, at + timedelta(days=days), None, said)
            record(home, transaction, [about])
    for name in ("clinic-2026", "school-2026"):
        thresholds.add(home, replace(RECORD, record_id=name, model=home.model()))
    thresholds.add(home, replace(RECORD, record_id="older-model", policy="worst group"))
    made_by, never = machine_operator(home), datetime(2099, 1, 1, tzinfo=UTC)
    for name, role, station in (
        ("Front door", Role.VERIFIER, "north"),
        ("reporting", Role.AUDITOR, None),
    ):
        purposes = frozenset({"clinic door"}) if station else None
        issue_key(home, made_by, WantedKey(name, role, purposes, frozenset(), station, never))
    console.account(Role.ENROLLER, "Rufaro")
    console.sign_in(Role.ADMIN)
    return console


def _rows(console: Console, path: str, q: str) -> str:
    """The bodies of the tables that a page shows for these words."""
    answer = console.client.get(path, params={"q": q}, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    parts = answer.text.split("<tbody>")[1:]
    return "".join(part.partition("</tbody>")[0] for part in parts)


_AUDITS = {
    "": ("03-01", "03-02", "03-03"),
    "PASS": ("03-01",),
    "fail": ("03-02", "03-03"),
    "fail 03-03": ("03-03",),
    "scores": ("03-01", "03-02", "03-03"),
}
_THRESHOLDS = {
    "2026": ("clinic-2026", "school-2026"),
    "Clinic": ("clinic-2026",),
    "0.3000": ("clinic-2026", "school-2026", "older-model"),
    "worst": ("older-model",),
    "another model": ("older-model",),
}
_ACCESS = {
    "": ("Tendai", "Rufaro", "Front door", "reporting"),
    "front": ("Front door",),
    "NORTH": ("Front door",),
    "clinic": ("Front door",),
    "every purpose": ("reporting",),
    "enroller": ("Rufaro",),
    "audit": ("reporting",),
    "%": (),
}


def test_audits_are_found_by_day_and_verdict(filled: Console) -> None:
    days = ("03-01", "03-02", "03-03")
    for q, shown in _AUDITS.items():
        rows = _rows(filled, "/audits", q)
        assert tuple(day for day in days if f"2026-{day}" in rows) == shown, q


def test_thresholds_are_found_by_name_value_and_policy(filled: Console) -> None:
    names = ("clinic-2026", "school-2026", "older-model")
    for q, shown in _THRESHOLDS.items():
        rows = _rows(filled, "/thresholds", q)
        assert tuple(name for name in names if name in rows) == shown, q
        assert "In force" in filled.get(f"/thresholds?q={q}").text  # it is no row of the table


def test_access_is_found_by_name_role_purpose_and_station(filled: Console) -> None:
    names = ("Tendai", "Rufaro", "Front door", "reporting")
    for q, shown in _ACCESS.items():
        rows = _rows(filled, "/access", q)
        assert tuple(name for name in names if name in rows) == shown, q


@pytest.mark.parametrize("path", _SEARCHED)
def test_every_search_has_a_label_keeps_what_was_typed_and_says_when_nothing_is_found(
    filled: Console, path: str
) -> None:
    typed = 'no <b>such "row"'
    answer = filled.client.get(path, params={"q": typed}, headers={"Accept": "text/html"})
    page = Page(answer.text)
    (form,) = (each for each in page.all("form") if each.get("role") == "search")
    (field,) = (each for each in page.all("input") if each.get("name") == "q")
    assert (form["method"], form["action"]) == ("get", path)
    assert field["value"] == typed
    assert [each["for"] for each in page.all("label")].count(field["id"]) == 1
    assert 'class="empty"' in answer.text
    assert "<b>such" not in answer.text


def test_a_search_among_keys_hides_no_account_from_the_rule_of_the_last_administrator(
    filled: Console,
) -> None:
    filled.account(Role.ADMIN, "Tatenda")
    found = filled.get("/access?q=Tendai").text
    assert "Tatenda" not in found
    assert "the only administrator" not in found


def test_the_page_that_shows_a_new_key_searches_on_the_page_of_all(filled: Console) -> None:
    fields = {"name": "gate", "role": "verifier", "expires": "2098-01-01"}
    (form,) = (
        each
        for each in Page(filled.post("/access/keys", **fields).text).all("form")
        if each.get("role") == "search"
    )
    assert form["action"] == "/access"
    assert "gate" in _rows(filled, "/access", "gate")


@pytest.mark.parametrize("path", ["/audits", "/thresholds"])
def test_where_there_are_no_rows_there_is_nothing_to_search(console: Console, path: str) -> None:
    console.sign_in(Role.AUDITOR)
    assert 'role="search"' not in console.get(path).text


def test_words_are_found_in_the_reader_s_language_too(filled: Console) -> None:
    home = filled.service.home
    by = machine_operator(home)
    (key,) = (each for each in keys(home, by) if each.name == "Front door")
    revoke_key(home, by, key.key_id)
    assert "Front door" not in _rows(filled, "/access", "rakakanzurwa")
    filled.client.headers["Accept-Language"] = "sn"
    for word in ("rakakanzurwa", "revoked"):
        assert "Front door" in _rows(filled, "/access", word)
