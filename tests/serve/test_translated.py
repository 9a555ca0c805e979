"""Every sentence of every page goes through gettext: a language of other letters shows it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.browser.site import (
    NAMES,
    STATION,
    TWO_PURPOSES,
    Site,
    Visitor,
    make_site,
    put_volunteers,
)
from tests.serve.conftest import served
from tests.serve.console import Page
from tests.serve.pseudo import Visible, write_pseudo

from chiso.core.access import Role
from chiso.core.events import EventType
from chiso.interfaces.console import languages, pages
from chiso.interfaces.console.languages import LANGUAGES
from chiso.services.access.keys import machine_operator
from chiso.services.access.links import new_person_link
from chiso.services.home import Home
from chiso.services.notices import save_notice
from chiso.services.people import subjects
from chiso.services.serving.service import Service, ServiceSettings
from chiso.services.thresholds import records

_CODE = "sn"
_PATIENCE_S = 120
_HEADERS = {"Accept": "text/html", "Accept-Language": _CODE, "Sec-Fetch-Site": "same-origin"}
_DATA = (
    *NAMES.values(),
    *(kind.value for kind in EventType),
    *(role.value.title() for role in Role),
    "clinic door",
    "staff canteen",
    "front door",
    "Mbare Clinic",
    "Chiso",
    "UTC",
    "door",
    "Chipo",
    "offline",
    "volunteers",
    "notices",
    "pack",
    *(said for each in LANGUAGES for said in (each.name, each.note, each.sorry) if said),
)


_NO_WORDS = (
    r"\{\w+\}|\[\{.*\}\]|https?://\S+|\w+:(?:read|create|delete)|\b[0-9a-f]{12,}\b|\b(?:en|sn|xx)\b"
)
"""Blanks that scripts fill, documents, addresses, permissions, digests, tags of languages."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """A home with something on every page, served in the language of other letters."""

    site: Site
    service: Service
    client: TestClient
    data: tuple[str, ...]
    """What this home is about, in nobody's language."""

    def get(self, visitor: Visitor, path: str) -> str:
        """A page as this visitor is given it."""
        return self.send("GET", visitor, path)

    def send(self, method: str, visitor: Visitor, path: str, **fields: str) -> str:
        """What a visitor is given when she sends a form."""
        self.client.cookies.clear()
        cookie = self.site.cookies.get(visitor)
        headers = _HEADERS | ({"Cookie": f"chiso={cookie}"} if cookie else {})
        return str(self.client.request(method, path, data=fields, headers=headers).text)

    def enrol(self, page: str, fields: Mapping[str, str], photo: bytes = b"") -> str:
        """What the administrator is given when she sends a page of enrolling."""
        self.client.cookies.clear()
        headers = _HEADERS | {"Cookie": f"chiso={self.site.cookies[Role.ADMIN]}"}
        files = {"photo": ("x.jpg" if photo else "", photo, "image/jpeg")}
        answer = self.client.post(f"/enrol/{page}", data=dict(fields), files=files, headers=headers)
        return str(answer.text)

    def audited(self, run: dict[str, str]) -> list[str]:
        """The page of audits while one runs, and when it is over."""
        self.send("POST", Role.ADMIN, "/audits/run", **run)
        seen = [self.get(Role.ADMIN, "/audits")]
        deadline = time.monotonic() + _PATIENCE_S
        while (last := self.service.audit_runs.last) is None or not last.is_over:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        return [*seen, self.get(Role.ADMIN, "/audits")]


@pytest.fixture(scope="module")
def speaking(
    tmp_path_factory: pytest.TempPathFactory, served_models: Path, london: Path
) -> Iterator[Speaking]:
    """It, with the catalogue of that language in the place of one of ours."""
    locales = tmp_path_factory.mktemp("locales")
    write_pseudo(locales / _CODE / "LC_MESSAGES" / "chiso.mo")
    caches = (languages.translations, pages.environment_of, pages.is_spoken)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHISO_MODELS", str(served_models))
        patch.delenv("CHISO_OPERATOR_KEY", raising=False)
        patch.setattr(languages, "_LOCALES", locales)
        for each in caches:
            each.cache_clear()
        site = make_site(tmp_path_factory.mktemp("speaking") / "home", london)
        settings = replace(ServiceSettings(), refused_after_s=0.05)
        with served(site.home, settings) as (service, client):
            service.log_watch.verify()
            yield Speaking(site, service, client, (*_DATA, *_data_of(service.home)))
    for each in caches:
        each.cache_clear()


@pytest.mark.parametrize("visitor", [Role.ADMIN, Role.SUBJECT, STATION, TWO_PURPOSES, None])
def test_every_page_says_everything_in_the_language_that_was_asked_for(
    speaking: Speaking, visitor: Visitor
) -> None:
    opened = {path: speaking.get(visitor, path) for path in speaking.site.paths(visitor)}
    assert all(f'<html lang="{_CODE}">' in page for page in opened.values())
    assert {
        path: _plain(speaking, page) for path, page in opened.items() if _plain(speaking, page)
    } == {}


def test_forms_that_are_refused_say_so_in_it_too(speaking: Speaking) -> None:
    person = f"/people/{speaking.site.values['subject_id']}"
    key = {"name": "gate", "role": "verifier", "expires": "2001-01-01"}
    rule = "purpose=clinic+door&default=Chipo"
    asked = [
        speaking.send("POST", None, "/sign-in", name="Admin", password="wrong"),
        speaking.send("POST", None, "/kiosk", key="wrong"),
        speaking.send("POST", Role.ADMIN, "/check-ins", key="wrong"),
        speaking.send("POST", Role.ADMIN, "/access/keys", **key),
        speaking.send("POST", Role.ADMIN, "/account/codes", proposed="none", code="123456"),
        speaking.send(
            "POST", Role.ADMIN, "/settings/witnesses", url="http://w.example", vkey="none"
        ),
        speaking.get(Role.ADMIN, f"/settings/retention?{rule}"),
        speaking.get(Role.ADMIN, "/enrol/notice?language=en"),
        speaking.get(Role.ADMIN, "/enrol/notice?language=xx&purpose=clinic+door"),
        speaking.get(Role.ADMIN, f"{person}0"),
        speaking.get(Role.AUDITOR, person),
        speaking.get(STATION, "/people"),
        speaking.get(None, "/me/none"),
        speaking.get(None, "/join/none"),
    ]
    assert all('role="alert"' in page or "kicker" in page for page in asked)
    assert [said for page in asked for said in _plain(speaking, page)] == []


def test_enrolling_speaks_it_from_the_first_page_to_the_last(
    speaking: Speaking, photo_of: Callable[..., bytes]
) -> None:
    save_notice(speaking.service.home, "staff canteen", _CODE, "Chipo")
    notice = speaking.get(Role.ADMIN, "/enrol/notice?language=sn&purpose=staff+canteen")
    digest = _value(notice, "notice")
    path = f"/enrol/agreement?language=sn&purpose=staff+canteen&notice={digest}"
    draft = _value(speaking.get(Role.ADMIN, path), "draft")
    typed = {"draft": draft, "way": "typed", "until-0": "2099-01-01"}
    named = {"name": "Chipo", "typed": "Chipo", "guardian": "Chipo"}
    empty = speaking.enrol("photos", {**typed, **named})
    taken = {"name": next(iter(NAMES.values())), "typed": "Chipo", "mode-0": "verify"}
    known = speaking.enrol("photos", {**typed, **taken})
    agreed = {**typed, **named, "mode-0": "identify"}
    past = speaking.enrol("photos", {**agreed, "until-0": "2001-01-01"})
    photos = speaking.enrol("photos", agreed)
    draft = _value(photos, "draft")
    form = speaking.enrol("form", {"draft": draft})
    nobody = speaking.enrol("done", {"draft": draft}, b"GIF89a")
    done = speaking.enrol("done", {"draft": draft}, photo_of("006"))
    pages = (notice, empty, known, past, photos, form, nobody, done)
    assert "Chipo" in done
    assert [text for page in pages for text in _plain(speaking, page)] == []


def test_an_audit_speaks_it_while_it_runs_and_after(speaking: Speaking) -> None:
    put_volunteers(speaking.site.home)
    signed = speaking.site.home / "studies" / "volunteers" / "consent.md"
    text = signed.read_text()
    signed.unlink()
    run = {"folder": "volunteers", "column": "tone"}
    pages = [speaking.get(Role.ADMIN, "/audits"), *speaking.audited(run)]
    signed.write_text(text)
    pages += speaking.audited(run)
    assert "/audits/" in pages[-1]
    seq = speaking.service.audit_runs.last
    pages += [speaking.get(Role.ADMIN, f"/audits/{seq.seq if seq else ''}")]
    pages += [speaking.get(Role.ADMIN, path) for path in ("/", "/log")]
    columns = (signed.parent / "people.csv").read_text().splitlines()[0].split(",")
    said = [text for page in pages for text in _plain(speaking, page)]
    assert [text for text in said if text not in columns] == []


def test_withdrawing_speaks_it_to_the_certificate(speaking: Speaking) -> None:
    home = speaking.service.home
    first, second = (subjects(home, name)[0].subject for name in list(NAMES.values())[1:])
    link = new_person_link(home, machine_operator(home), first.subject_id)
    pages = (
        speaking.send("POST", Role.ADMIN, f"/people/{second.subject_id}/link"),
        speaking.get(Role.ADMIN, f"/people/{second.subject_id}/withdraw"),
        speaking.send("POST", Role.ADMIN, f"/people/{second.subject_id}/withdraw"),
        speaking.send("POST", None, f"{link}/withdraw"),
    )
    assert [said for page in pages for said in _plain(speaking, page)] == []


def _value(page: str, name: str) -> str:
    found = [each for each in Page(page).all("input") if each.get("name") == name]
    return str(found[0]["value"])


def _data_of(home: Home) -> list[str]:
    """Who works on the machine, and what records of thresholds call themselves and their groups."""
    known = [record for record, _ in records(home)]
    named = [name for each in known for name in (each.record_id, each.policy, each.set_by)]
    groups = [group.group for each in known for group in each.groups]
    return [home.asked_by, *filter(None, named), *groups]


def _plain(speaking: Speaking, page: str) -> list[str]:
    """Texts of a page with words in plain letters that are no data."""
    return [
        text
        for text in Visible(page).texts
        if re.search("[A-Za-z]{2,}", _without_data(text, speaking.data))
    ]


def _without_data(text: str, data: tuple[str, ...]) -> str:
    """`text` without what is no word, and without data."""
    text = re.sub(_NO_WORDS, "", text)
    for each in sorted(data, key=len, reverse=True):
        text = text.replace(each, "")
    return text
