"""The console's pages about people: search, one person, her link, withdrawing, the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.serve.conftest import ENROLLED
from tests.serve.console import Console, Page

from chiso.core.access import Actor, Role
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError
from chiso.core.storage import Subject
from chiso.interfaces.serve.callers import caller_in
from chiso.services.access.links import person_of_link
from chiso.services.cards.issue import issue_from_reference
from chiso.services.cards.listing import cards
from chiso.services.erasure import check_at_home, read_certificate
from chiso.services.log import head_of
from chiso.services.people import subjects
from chiso.services.serving import directory, log_pages
from chiso.services.serving.service import Service


@pytest.fixture
def peopled(serving: tuple[Service, TestClient]) -> Console:
    """The peopled home, with a browser in which an enroller is signed in."""
    console = Console(*serving)
    console.sign_in(Role.ENROLLER)
    return console


def _id_of(console: Console, label: str) -> SubjectId:
    (found,) = subjects(console.service.home, label)
    return found.subject.subject_id


def test_people_are_found_by_a_part_of_their_name(peopled: Console) -> None:
    everyone = peopled.get("/people").text
    assert all(number in everyone for number in ENROLLED)
    found = peopled.get("/people?q=03").text
    assert "003" in found
    assert "001" not in found
    assert "Nobody is called so" in peopled.get("/people?q=%25").text


def test_people_come_a_page_at_a_time_and_everyone_once(console: Console) -> None:
    added = datetime.now(UTC)
    labels = [f"Person {number:03}" for number in range(2 * directory.PAGE + 1)]
    with console.service.home.store.writing() as transaction:
        for number, label in enumerate(labels):
            at = added - timedelta(days=number)
            transaction.add_subject(Subject(SubjectId(f"id {number}"), label, at))
    console.sign_in(Role.ENROLLER)
    seen: list[str] = []
    path: str | None = "/people?q=person"
    while path is not None:
        text = console.get(path).text
        seen += [label for label in labels if label in text]
        onward = [link["href"] for link in Page(text).all("a") if link.get("rel") == "next"]
        path = f"/people{onward[0]}" if onward else None
    assert seen == labels


def test_a_person_s_page_says_what_she_agreed_to_and_nothing_of_where_she_was(
    peopled: Console,
) -> None:
    text = peopled.get(f"/people/{_id_of(peopled, '001')}").text
    assert "clinic door" in text
    assert "in force" in text
    assert peopled.get("/people/nobody").status_code == 404


def test_her_own_link_is_shown_once_and_ends_the_one_before(peopled: Console) -> None:
    whose = _id_of(peopled, "001")
    tokens = []
    for _ in range(2):
        made = peopled.post(f"/people/{whose}/link").text
        tokens.append("chiso_me_" + made.partition("/me/chiso_me_")[2].partition("<")[0])
    home = peopled.service.home
    assert person_of_link(home, tokens[1]) == whose
    with pytest.raises(ChisoError):
        person_of_link(home, tokens[0])
    assert all(token.encode() not in (home.path / "store.sqlite3").read_bytes() for token in tokens)


@pytest.mark.parametrize(
    ("base", "is_here_alone"), [("http://127.0.0.1:8730", True), ("https://chiso.example", False)]
)
def test_a_link_that_her_phone_cannot_open_is_said_to_be_one(
    peopled: Console, base: str, is_here_alone: bool
) -> None:
    peopled.client.base_url = base
    peopled.client.cookies.clear()
    peopled.sign_in(Role.ENROLLER, "Rufaro")
    made = peopled.post(f"/people/{_id_of(peopled, '001')}/link").text
    assert f"{base}/me/" in made
    assert ("on this computer alone" in made) is is_here_alone


def test_withdrawing_says_first_what_it_destroys_and_then_certifies_it(peopled: Console) -> None:
    whose = _id_of(peopled, "001")
    token = peopled.post(f"/people/{whose}/link").text.partition("/me/")[2].partition("<")[0]
    asked = peopled.get(f"/people/{whose}/withdraw").text
    assert "1 template of her face" in asked
    assert "1 consent receipt" in asked
    assert _id_of(peopled, "001") == whose
    done = peopled.post(f"/people/{whose}/withdraw")
    assert done.status_code == 200
    (download,) = [
        link["href"] for link in Page(done.text).all("a") if "certificates" in (link["href"] or "")
    ]
    home = peopled.service.home
    assert download is not None
    certificate = read_certificate(peopled.client.get(download).content)
    assert check_at_home(home, certificate).after.size == _size_of_log(peopled)
    assert certificate.count("references") == 1
    with pytest.raises(ChisoError):
        _id_of(peopled, "001")
    with pytest.raises(ChisoError):
        person_of_link(home, token)
    assert peopled.post(f"/people/{whose}/withdraw").status_code == 404


def test_one_receipt_may_be_withdrawn_alone(peopled: Console) -> None:
    whose = _id_of(peopled, "003")
    path = next(
        link["href"] or ""
        for link in Page(peopled.get(f"/people/{whose}").text).all("a")
        if "receipt=" in (link.get("href") or "")
    )
    assert "clinic door" in peopled.get(path).text
    receipt = path.partition("receipt=")[2]
    done = peopled.post(f"/people/{whose}/withdraw", receipt=receipt)
    assert done.status_code == 200
    assert "withdrawn" in peopled.get(f"/people/{whose}").text
    assert peopled.get(path).status_code == 404


def test_a_station_does_not_open_people(serving: tuple[Service, TestClient]) -> None:
    console = Console(*serving)
    console.sign_in(Role.VERIFIER)
    whose = _id_of(console, "001")
    for path in ("/people", f"/people/{whose}", f"/people/{whose}/withdraw"):
        assert console.get(path).status_code == 403
    assert console.post(f"/people/{whose}/withdraw").status_code == 403
    assert console.post(f"/people/{whose}/link").status_code == 403
    assert _id_of(console, "001") == whose


def test_the_log_s_page_names_nobody(peopled: Console) -> None:
    text = peopled.get("/log").text
    assert "concerns a person" in text
    whose = _id_of(peopled, "001")
    (row,) = [part for part in text.split("<tr>") if "enrolled" in part][:1]
    assert "001" not in row
    assert whose not in text


def test_the_log_is_searched_by_kind_a_page_at_a_time(
    peopled: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_pages, "PAGE", 2)
    first = peopled.get("/log?kind=enrolled").text
    (older,) = [each for each in Page(first).all("a") if each.get("rel") == "next"]
    second = peopled.get(older["href"] or "").text
    kinds = [text.count("<code>enrolled</code>") for text in (first, second)]
    assert kinds == [2, 1]
    assert "<code>receipt-granted</code>" not in first + second
    assert 'rel="next"' not in second
    assert "There is no leaf of this kind" in peopled.get("/log?kind=restored").text
    assert peopled.get("/log?kind=001").status_code == 400  # no words, only kinds


def test_a_rule_says_what_it_would_end_before_it_holds(peopled: Console) -> None:
    peopled.client.cookies.clear()
    peopled.sign_in(Role.ADMIN, "Rufaro")
    asked = peopled.get("/settings/retention?purpose=clinic+door&maximum=1y").text
    assert "3 consents end earlier" in asked
    assert "no maximum" in peopled.get("/settings").text
    fields = {
        field["name"] or "": field["value"] or ""
        for field in Page(asked).all("input")
        if field.get("name")
    }
    assert peopled.post("/settings/retention", **fields).status_code == 303
    assert "1 year" in peopled.get("/settings").text


def test_a_rule_that_makes_no_sense_is_said_in_the_page_s_words_and_stays_typed(
    peopled: Console,
) -> None:
    peopled.client.cookies.clear()
    peopled.sign_in(Role.ADMIN, "Rufaro")
    nothing = peopled.get("/settings/retention?purpose=school+gate").text
    assert "No length of time" in nothing
    assert "--default" not in nothing
    wrong = peopled.get("/settings/retention?purpose=school+gate&default=soon").text
    assert {"school gate", "soon"} <= {each.get("value") for each in Page(wrong).all("input")}


def test_changing_a_rule_begins_with_what_holds(peopled: Console) -> None:
    peopled.client.cookies.clear()
    peopled.sign_in(Role.ADMIN, "Rufaro")
    peopled.post("/settings/retention", purpose="school gate", default="1y", inactive="18m")
    page = Page(peopled.get("/settings?purpose=school+gate").text)
    assert {"school gate", "1y", "18m"} <= {each.get("value") for each in page.all("input")}


def _size_of_log(console: Console) -> int:
    with console.service.home.store.reading() as view:
        return head_of(view).size


def test_a_card_is_revoked_on_the_page_of_its_own_person_alone(peopled: Console) -> None:
    home = peopled.service.home
    made = issue_from_reference(home, "001", "clinic door", keep_references=True)
    path = f"cards/{made.card.card_id}/revoke"
    elsewhere = peopled.post(f"/people/{_id_of(peopled, '003')}/{path}", reason="lost")
    assert elsewhere.status_code == 404
    assert cards(home, "001")[0].state == "in use"
    hers = peopled.post(f"/people/{_id_of(peopled, '001')}/{path}", reason="lost")
    assert hers.status_code == 303
    assert cards(home, "001")[0].state == "revoked"


def test_the_console_revokes_no_card_of_a_purpose_that_the_caller_is_kept_from(
    serving: tuple[Service, TestClient],
) -> None:
    home = serving[0].home
    made = issue_from_reference(home, "001", "clinic door", keep_references=True)
    kept_elsewhere = Actor("account Tendai", Role.ENROLLER, frozenset({"school gate"}))
    app: Any = serving[1].app
    app.dependency_overrides[caller_in] = lambda: kept_elsewhere
    console = Console(*serving)
    path = f"/people/{_id_of(console, '001')}/cards/{made.card.card_id}/revoke"
    assert console.post(path, reason="lost").status_code == 404
    assert cards(home, "001")[0].state == "in use"
