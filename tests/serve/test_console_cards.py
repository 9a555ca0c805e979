"""Cards that are made on a person's page: shown once, in place of what was held."""

from __future__ import annotations

import base64

import pytest
from fastapi.testclient import TestClient
from tests.serve.console import Console, Page

from chiso.core.access import Role
from chiso.services.cards.listing import cards_of
from chiso.services.cards.reading import read_shown
from chiso.services.people import subjects
from chiso.services.serving.service import Service
from chiso.wiring_cards import code_reader

PURPOSE = "clinic door"


@pytest.fixture
def desk(serving: tuple[Service, TestClient]) -> Console:
    """A browser at a home with people; an enroller is signed in."""
    console = Console(*serving)
    console.sign_in(Role.ENROLLER)
    return console


def _page_of(desk: Console, label: str) -> str:
    (found,) = subjects(desk.service.home, label)
    return f"/people/{found.subject.subject_id}"


def _file(text: str, kind: str) -> bytes:
    page = Page(text)
    addresses = [each.get("src") or each.get("href") or "" for _, each in page.elements]
    (found,) = (each for each in addresses if each.startswith(f"data:{kind};base64,"))
    return base64.b64decode(found.partition(",")[2])


def test_a_card_is_made_of_what_was_held_and_takes_its_place(desk: Console) -> None:
    path = _page_of(desk, "001")
    assert "Make a card for" in desk.get(path).text
    made = desk.post(f"{path}/cards", purpose=PURPOSE)
    assert made.status_code == 200
    assert "1 template here was destroyed" in made.text
    picture = _file(made.text, "image/png")
    assert isinstance(read_shown(desk.service.home, code_reader(), picture), str)
    assert _file(made.text, "application/pdf").startswith(b"%PDF")
    (found,) = subjects(desk.service.home, "001")
    assert found.references == 0
    (card,) = cards_of(desk.service.home, found.subject.subject_id)
    assert card.state == "in use"
    after = desk.get(path).text
    assert "Make a card for" not in after
    assert "No template is held here" in after


def test_templates_are_kept_where_she_wants_them_kept(desk: Console) -> None:
    path = _page_of(desk, "001")
    assert "was destroyed" not in desk.post(f"{path}/cards", purpose=PURPOSE, keep="yes").text
    (found,) = subjects(desk.service.home, "001")
    assert found.references == 1


def test_no_card_is_made_for_what_she_did_not_agree_to(desk: Console) -> None:
    refused = desk.post(f"{_page_of(desk, '001')}/cards", purpose="school gate")
    assert refused.status_code == 403
    (found,) = subjects(desk.service.home, "001")
    assert cards_of(desk.service.home, found.subject.subject_id) == []


def test_the_only_administrator_is_not_offered_to_be_disabled(desk: Console) -> None:
    desk.sign_in(Role.ADMIN, "Rufaro")
    assert "the only administrator" in desk.get("/access").text
    desk.account(Role.ADMIN, "Tatenda")
    text = desk.get("/access").text
    assert "the only administrator" not in text
    assert text.count("This is you") == 1
