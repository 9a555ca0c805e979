"""What the pages say before and after a withdrawal: of one agreement, of all, with cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from tests.serve.conftest import PURPOSE
from tests.serve.console import Console

from chiso.core.access import Role
from chiso.core.consent import Mode
from chiso.services.cards.issue import issue_from_reference
from chiso.services.cards.listing import Reason, revoke
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.people import receipts, subjects
from chiso.services.serving.service import Service

PhotoOf = Callable[..., bytes]
_UNKNOWN = ("she is unknown here", "you are unknown here")
_STAYS = ("Her other agreements stay as they are.", "Your other agreements stay as they are.")
_LAST = ("Her name and what the log says about her stay", "Your name and what the log says about")
_NO_NUMBERS = ("no template of her face is held under it", "no numbers made from your face are")
_KEY = "the key that opens them"
_USE = "the use of"


@dataclass(frozen=True, slots=True)
class Pages:
    """The desk's pages about 001, or her own."""

    console: Console
    headers: dict[str, str]
    which: int
    """0 for the desk's, 1 for her own: where a pair of texts has theirs."""

    @property
    def path(self) -> str:
        """Where the withdrawal is asked for."""
        if self.which == 1:
            return "/me/withdraw"
        (found,) = subjects(self.console.service.home, "001")
        return f"/people/{found.subject.subject_id}/withdraw"

    def before(self, receipt: str | None = None) -> str:
        """The page that asks."""
        params = {"receipt": receipt} if receipt else {}
        answer: Response = self.console.client.get(self.path, params=params, headers=self.headers)
        assert answer.status_code == 200
        return answer.text

    def after(self, receipt: str | None = None) -> str:
        """Withdraw: the page that says that it was done."""
        data = {"receipt": receipt} if receipt else {}
        answer: Response = self.console.client.post(self.path, data=data, headers=self.headers)
        assert answer.status_code == 200
        return answer.text


@pytest.fixture(params=("desk", "her own"))
def pages(
    request: pytest.FixtureRequest,
    serving: tuple[Service, TestClient],
    session_of: Callable[[str], dict[str, str]],
) -> Pages:
    """Both pages on which 001 may be withdrawn."""
    console = Console(*serving)
    html = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    if request.param == "her own":
        return Pages(console, html | session_of("001"), 1)
    console.sign_in(Role.ENROLLER)
    return Pages(console, html, 0)


def _agree(pages: Pages, purpose: str, photo: bytes, modes: frozenset[Mode]) -> str:
    agreement = Agreement("001", purpose, modes, datetime(2098, 1, 1, tzinfo=UTC), "0" * 64)
    made = enrol(pages.console.service.home, agreement, [Photo("001", photo)])
    assert isinstance(made, Enrolled)
    return made.receipt_id


def _receipt(pages: Pages) -> str:
    """The first one of 001."""
    return receipts(pages.console.service.home, "001")[0].signed.terms.receipt_id


def _card(pages: Pages, purpose: str = PURPOSE, *, keep: bool = False) -> str:
    home = pages.console.service.home
    return issue_from_reference(home, "001", purpose, keep_references=keep).card.card_id


def test_one_of_several_says_that_the_others_stay(pages: Pages, photo_of: PhotoOf) -> None:
    gym = _agree(pages, "gym", photo_of("001"), frozenset({Mode.VERIFY}))
    text = pages.before(gym)
    assert "Withdraw “gym”?" in text
    assert _STAYS[pages.which] in text
    for wrong in (_UNKNOWN[pages.which], _LAST[pages.which], _KEY, _USE, "for this purpose too"):
        assert wrong not in text
    assert ">Destroyed<" in pages.after(gym)
    assert subjects(pages.console.service.home, "001")[0].in_force == 1


def test_the_last_one_says_what_stays_of_her(pages: Pages, photo_of: PhotoOf) -> None:
    gym = _agree(pages, "gym", photo_of("001"), frozenset({Mode.VERIFY}))
    pages.after(gym)
    text = pages.before(_receipt(pages))
    assert _LAST[pages.which] in text
    assert _KEY in text
    for wrong in (_UNKNOWN[pages.which], _STAYS[pages.which]):
        assert wrong not in text
    pages.after(_receipt(pages))
    assert [each.subject.label for each in subjects(pages.console.service.home, "001")] == ["001"]


def test_another_for_the_same_purpose_is_said_to_go_on(pages: Pages, photo_of: PhotoOf) -> None:
    again = _agree(pages, PURPOSE, photo_of("001"), frozenset({Mode.VERIFY}))
    text = pages.before(again)
    assert _STAYS[pages.which] in text
    assert "One of them is for this purpose too" in text
    assert f"for “{PURPOSE}” no more" not in pages.after(again)
    last = pages.after(_receipt(pages))
    assert (f"for “{PURPOSE}” no more" in last) is (pages.which == 1)


def test_whoever_has_only_a_card_reads_that_it_stops_working(pages: Pages) -> None:
    _card(pages)
    text = pages.before(_receipt(pages))
    assert "the use of 1 card: it is refused from then on" in text
    assert _NO_NUMBERS[pages.which] in text
    assert "This destroys" not in text
    done = pages.after(_receipt(pages))
    assert "Cards refused from now on" in done
    assert ">Destroyed<" not in done
    assert "and destroyed</h1>" not in done


@pytest.mark.parametrize("keep", [False, True], ids=["cards only", "templates and cards"])
def test_everything_names_her_cards_and_what_is_held_and_no_zeros(
    pages: Pages, *, keep: bool
) -> None:
    for _ in range(2 if keep else 1):
        _card(pages, keep=keep)
    text = pages.before()
    assert _UNKNOWN[pages.which] in text
    assert ("the use of 2 cards" if keep else "the use of 1 card:") in text
    assert (_KEY in text) is keep
    assert (("1 template of her face", "1 set of numbers")[pages.which] in text) is keep
    assert not any(zero in text for zero in ("<li>0 ", _NO_NUMBERS[pages.which]))
    assert "Cards refused from now on" in pages.after()


def test_templates_and_a_card_on_one_receipt_both_end(pages: Pages) -> None:
    _card(pages, keep=True)
    text = pages.before(_receipt(pages))
    assert ("1 template of her face", "1 set of numbers")[pages.which] in text
    assert "the use of 1 card:" in text
    assert _KEY in text


def test_cards_of_another_agreement_and_cards_that_are_refused_already_are_not_counted(
    pages: Pages, photo_of: PhotoOf
) -> None:
    gym = _agree(pages, "gym", photo_of("001"), frozenset({Mode.VERIFY}))
    _card(pages, "gym", keep=True)
    first = _card(pages, keep=True)
    assert "the use of 1 card:" in pages.before(_receipt(pages))
    assert "the use of 2 cards" in pages.before()
    revoke(pages.console.service.home, first, Reason.LOST)
    assert _USE not in pages.before(_receipt(pages))
    assert "the use of 1 card:" in pages.before(gym)
