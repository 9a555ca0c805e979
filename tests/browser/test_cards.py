"""A card before a camera: it checks her in, and opens her own page, which then is closed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect
from tests.browser import steps
from tests.browser.camera import film_with_a_card
from tests.browser.chromium import chromium, sign_in
from tests.browser.site import CARRIER, STATION, Site
from tests.serve.processes import Served


@pytest.fixture(scope="module")
def with_her_card(
    playwright: Playwright,
    visited: tuple[Site, Served],
    london: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Browser]:
    """A browser before which she holds her card, and into which she looks."""
    number, _ = CARRIER
    folder = tmp_path_factory.mktemp("films")
    film = film_with_a_card(visited[0].card, london / f"{number}_smiling.jpg", folder)
    with chromium(playwright, film) as browser:
        yield browser


@pytest.fixture
def page(with_her_card: Browser) -> Iterator[Page]:
    """A page of that browser."""
    context = with_her_card.new_context()
    yield context.new_page()
    context.close()


def test_a_kiosk_checks_her_in_by_her_card_and_her_face(
    page: Page, visited: tuple[Site, Served]
) -> None:
    site, served = visited
    sign_in(page.context, served.url, site.cookies[STATION])
    assert steps.show_card(page, served.url) == f"Hello, {CARRIER[1]}"


def test_her_card_and_a_look_open_her_own_page_until_she_closes_it(
    page: Page, visited: tuple[Site, Served]
) -> None:
    steps.open_own_page(page, visited[1].url + "/me")
    expect(page.get_by_role("main").get_by_text(CARRIER[1])).to_be_visible()
    expect(page.get_by_text("whoever had your card").first).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="With your card")).to_be_visible()
    page.reload()
    expect(page.get_by_text(CARRIER[1])).to_have_count(0)


def test_a_kiosk_that_is_closed_asks_for_its_key(page: Page, visited: tuple[Site, Served]) -> None:
    site, served = visited
    steps.open_kiosk(page, served.url, site.station_key)
    page.get_by_text("For staff").click()
    page.get_by_role("button", name="Close this kiosk").click()
    expect(page.get_by_role("heading", name="Open a kiosk")).to_be_visible()
