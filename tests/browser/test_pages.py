"""Every page of the console, as every visitor opens it in a browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from playwright.sync_api import Browser
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.looking import Seen, look
from tests.browser.site import STATION, TWO_PURPOSES, Site, Visitor
from tests.serve.processes import Served

from chiso.core.access import Role

SeenBy = Callable[[Visitor, str], Seen]
_SCREENS = {"phone": PHONE, "desktop": DESKTOP}
_BOTH = (Role.ADMIN, Role.SUBJECT, STATION, None)
"""Between them they open every page; the others see the same with less in the navigation."""
_VISITS = [
    *((visitor, screen) for visitor in _BOTH for screen in _SCREENS),
    *((visitor, "phone") for visitor in (Role.ENROLLER, Role.AUDITOR, TWO_PURPOSES)),
    (Role.VERIFIER, "desktop"),
]
every_visit = pytest.mark.parametrize(("visitor", "screen"), _VISITS)


@pytest.fixture(scope="module")
def seen_by(visited: tuple[Site, Served], browser: Browser) -> SeenBy:
    """`seen_by(Role.ADMIN, "phone")`: what is wrong with her pages; looked at once."""

    @cache
    def seen(visitor: Visitor, screen: str) -> Seen:
        site, served = visited
        return look(browser, site, served.url, visitor, _SCREENS[screen])

    return seen


@every_visit
def test_axe_finds_nothing_serious(seen_by: SeenBy, visitor: Visitor, screen: str) -> None:
    assert seen_by(visitor, screen).unreachable == []


@every_visit
def test_nothing_is_loaded_from_elsewhere(seen_by: SeenBy, visitor: Visitor, screen: str) -> None:
    assert seen_by(visitor, screen).foreign == []


@every_visit
def test_the_browser_has_nothing_to_complain_of(
    seen_by: SeenBy, visitor: Visitor, screen: str
) -> None:
    assert seen_by(visitor, screen).complaints == []


@every_visit
def test_no_page_is_wider_than_the_screen(seen_by: SeenBy, visitor: Visitor, screen: str) -> None:
    assert seen_by(visitor, screen).too_wide == []
