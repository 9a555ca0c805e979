"""What no address leads to, as it is on a phone: pages that answer a form, states of a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright
from tests.browser.camera import film_of, film_with_a_card
from tests.browser.chromium import PHONE, chromium
from tests.browser.looking import too_wide, unreachable
from tests.browser.site import CARRIER, NAMES, Site
from tests.browser.walk import Walk
from tests.serve.processes import Served


class Found(list[str]):
    """What is wrong with the places that were looked at."""

    def look(self, page: Page, name: str) -> None:
        """Look at a place."""
        self.extend(unreachable(page, name))
        self.extend(too_wide(page, name))


@pytest.fixture
def found() -> Found:
    """Nothing yet."""
    return Found()


def test_axe_finds_nothing_on_the_way_of_someone_who_comes_and_goes(
    playwright: Playwright,
    visited: tuple[Site, Served],
    served: str,
    london: Path,
    tmp_path: Path,
    found: Found,
) -> None:
    with chromium(playwright, film_of(london / "030_smiling.jpg", tmp_path)) as browser:
        walk = Walk(browser, visited[0], served, PHONE, found.look)
        walk.someone_unknown("Nyasha on a phone", NAMES["003"])
    assert found == []


def test_axe_finds_nothing_where_there_is_no_face_and_no_secret(
    browser: Browser, visited: tuple[Site, Served], found: Found
) -> None:
    Walk(browser, visited[0], visited[1].url, PHONE, found.look).nobody()
    assert found == []


def test_axe_finds_nothing_while_a_card_is_read(
    playwright: Playwright,
    visited: tuple[Site, Served],
    london: Path,
    tmp_path: Path,
    found: Found,
) -> None:
    site, served = visited
    film = film_with_a_card(site.card, london / f"{CARRIER[0]}_smiling.jpg", tmp_path)
    with chromium(playwright, film) as browser:
        Walk(browser, site, served.url, PHONE, found.look).a_card()
    assert found == []
