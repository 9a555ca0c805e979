"""Takes a picture of every page, light and dark, on a phone and a desktop, to be looked at.

python -m tests.browser.screenshots OUT LONDON     # a folder of the London photos
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from tests.browser import steps
from tests.browser.camera import film_of
from tests.browser.chromium import DESKTOP, PHONE, chromium, sign_in
from tests.browser.site import (
    PURPOSE,
    STATION,
    VISITORS,
    Site,
    Visitor,
    make_site,
    with_an_audit,
)
from tests.serve.processes import Served, server

from chiso.core.access import Role

_SCREENS = {"phone": PHONE, "desktop": DESKTOP}
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main(out: Path, london: Path) -> None:
    """Make a home, serve it, and leave pictures of its pages in this folder."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        models = folder / "models"
        os.environ["CHISO_MODELS"] = str(models)
        site = make_site(folder / "home", london)
        with server(site.home, models) as served, sync_playwright() as playwright:
            site = with_an_audit(site, served)
            with chromium(playwright) as browser:
                for visitor in VISITORS:
                    _pages(browser, site, served, visitor, out)
            _before_a_camera(playwright, site, served, folder, london, out)


def _pages(browser: Browser, site: Site, served: Served, visitor: Visitor, out: Path) -> None:
    for screen, viewport in _SCREENS.items():
        context = browser.new_context(viewport=viewport, reduced_motion="reduce")
        sign_in(context, served.url, site.cookies.get(visitor))
        page = context.new_page()
        for path in site.paths(visitor):
            page.goto(served.url + path)
            _take(page, out, f"{visitor or 'nobody'}{_name_of(path, site)}", screen)
        context.close()


def _before_a_camera(
    playwright: Playwright, site: Site, served: Served, folder: Path, london: Path, out: Path
) -> None:
    (known, unknown) = (film_of(london / f"{n}_smiling.jpg", folder) for n in ("001", "030"))
    for screen in _SCREENS:
        with chromium(playwright, unknown) as browser:
            _kiosk(_context(browser, site, served, STATION, screen), served, out, screen)
            _enrolment(_context(browser, site, served, Role.ADMIN, screen), served, out, screen)
        with chromium(playwright, known) as browser:
            _kiosk(_context(browser, site, served, STATION, screen), served, out, screen)
            here = _context(browser, site, served, Role.VERIFIER, screen)
            _check_ins(here, site, served, out, screen)
            _own_page(_context(browser, site, served, None, screen), site, served, out, screen)


def _context(
    browser: Browser, site: Site, served: Served, visitor: Visitor, screen: str
) -> BrowserContext:
    context = browser.new_context(viewport=_SCREENS[screen], reduced_motion="reduce")
    sign_in(context, served.url, site.cookies.get(visitor))
    return context


def _kiosk(context: BrowserContext, served: Served, out: Path, screen: str) -> None:
    page = context.new_page()
    page.goto(served.url + "/kiosk")
    _take(page, out, "kiosk-ask", screen)
    page.locator("#go").press("Enter")
    page.locator("#view").wait_for()
    page.wait_for_timeout(400)
    page.screenshot(path=out / f"kiosk-look-{screen}-light.png")
    page.locator("#go").press("Enter")
    page.locator("#kiosk[data-state=ask]").wait_for()
    steps.ask_kiosk(page)
    state = page.locator("#kiosk").get_attribute("data-state")
    _take(page, out, f"kiosk-{state}", screen)
    context.close()


def _check_ins(context: BrowserContext, site: Site, served: Served, out: Path, screen: str) -> None:
    page = context.new_page()
    page.goto(served.url + "/check-ins")
    page.get_by_label("The station’s key").fill(site.station_key)
    page.get_by_role("button", name="Show today’s check-ins").click()
    _take(page, out, "check-ins", screen)
    context.close()


def _enrolment(context: BrowserContext, served: Served, out: Path, screen: str) -> None:
    page = context.new_page()
    name = f"Nyasha on a {screen}"
    steps.agree(page, served.url, name, PURPOSE)
    steps.take_a_photo(page)
    _take(page, out, "enrol-photos", screen)
    steps.enrol_her(page)
    _take(page, out, "enrol-done", screen)
    page.get_by_role("link", name="To her page").click()
    page.get_by_role("button", name="Make a link").click()
    _take(page, out, "her-link", screen)
    page.goto(served.url + "/people")
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="Withdraw everything").click()
    page.get_by_role("button", name="Withdraw and destroy").click()
    _take(page, out, "withdrawn", screen)
    context.close()


def _own_page(context: BrowserContext, site: Site, served: Served, out: Path, screen: str) -> None:
    page = context.new_page()
    steps.open_own_page(page, f"{served.url}/me/{site.values['link']}")
    page.locator("button.verify").first.click()
    page.locator(".proof ol").first.wait_for(timeout=steps.PATIENCE_MS)
    _take(page, out, "me-verified", screen)
    context.close()


def _name_of(path: str, site: Site) -> str:
    known = {value: f"[{name}]" for name, value in site.values.items() if len(value) > 8}
    for value, name in known.items():
        path = path.replace(value, name)
    return re.sub(r"[^a-z\[\]-]+", "_", path.partition("?")[0]) or "_"


def _take(page: Page, out: Path, name: str, screen: str) -> None:
    for scheme in _SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.screenshot(path=out / f"{name}-{screen}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tests.browser.screenshots OUT LONDON")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
