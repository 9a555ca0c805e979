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

from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from tests.browser.camera import film_of, film_with_a_card
from tests.browser.chromium import DESKTOP, PHONE, chromium, sign_in
from tests.browser.site import (
    CARRIER,
    NAMES,
    VISITORS,
    Site,
    Visitor,
    make_site,
    with_an_audit,
)
from tests.browser.walk import Look, Walk
from tests.serve.processes import Served, server

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
                for screen, viewport in _SCREENS.items():
                    Walk(browser, site, served.url, viewport, _into(out, screen)).nobody()
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
    with_a_card = film_with_a_card(site.card, london / f"{CARRIER[0]}_smiling.jpg", folder)
    unknown = film_of(london / "030_smiling.jpg", folder)
    for (screen, viewport), number in zip(_SCREENS.items(), ("003", "005"), strict=True):
        look = _into(out, screen)
        with chromium(playwright, unknown) as browser:
            walk = Walk(browser, site, served.url, viewport, look)
            walk.someone_unknown(f"Nyasha on a {screen}", NAMES[number])
        with chromium(playwright, with_a_card) as browser:
            Walk(browser, site, served.url, viewport, look).a_card()


def _into(out: Path, screen: str) -> Look:
    return lambda page, name: _take(page, out, name, screen)


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
