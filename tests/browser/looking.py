"""Opens a page as a visitor does, and says what is wrong with what she gets."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, ViewportSize
from tests.browser.chromium import sign_in
from tests.browser.site import Site, Visitor

_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_GRAVE = ("serious", "critical")
_SCROLLS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
Scheme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What pages are at fault in: each line begins with the page's path."""

    unreachable: list[str]
    """What axe finds that someone cannot perceive or use, in light or in dark."""
    foreign: list[str]
    """What was asked of another origin."""
    complaints: list[str]
    """What the browser says in its console: refused by the policy, or failed."""
    too_wide: list[str]
    """Pages that must be moved sideways to be read."""


def look(browser: Browser, site: Site, url: str, visitor: Visitor, viewport: ViewportSize) -> Seen:
    """Open every page of this visitor, on a screen of this size, in light and in dark."""
    seen = Seen([], [], [], [])
    # Axe would read colours in the middle of their transition.
    context = browser.new_context(viewport=viewport, reduced_motion="reduce")
    sign_in(context, url, site.cookies.get(visitor))
    page = context.new_page()
    page.on("request", lambda asked: _note_foreign(seen, page.url, url, asked.url))
    page.on("console", lambda said: _note_said(seen, page.url, said.type, said.text))
    page.on("pageerror", lambda error: seen.complaints.append(f"{page.url}: {error}"))
    for path in site.paths(visitor):
        page.goto(url + path)
        seen.too_wide.extend(too_wide(page, path))
        seen.unreachable.extend(unreachable(page, path))
    context.close()
    return seen


def unreachable(page: Page, called: str) -> list[str]:
    """What axe finds in a page as it stands, in light and in dark; lines begin as it is called."""
    page.emulate_media(color_scheme="light")
    page.evaluate(_AXE)
    found = [f"{called} light: {each}" for each in _axe(page)]
    page.emulate_media(color_scheme="dark")
    found.extend(f"{called} dark: {each}" for each in _axe(page, "color-contrast"))
    return found


def too_wide(page: Page, called: str) -> list[str]:
    """Whether a page as it stands must be moved sideways: a line that begins as it is called."""
    sideways_px = page.evaluate(_SCROLLS)
    return [f"{called}: by {sideways_px} px"] if sideways_px > 0 else []


def _note_foreign(seen: Seen, at: str, url: str, asked: str) -> None:
    where = urlsplit(asked)
    if where.scheme not in ("data", "blob") and where.netloc != urlsplit(url).netloc:
        seen.foreign.append(f"{at}: {asked}")


def _note_said(seen: Seen, at: str, kind: str, text: str) -> None:
    is_expected = at.endswith("/nowhere") and "404" in text
    if kind in ("error", "warning") and not is_expected:
        seen.complaints.append(f"{at}: {text}")


def _axe(page: Page, *rules: str) -> list[str]:
    options: dict[str, Any] = {"resultTypes": ["violations"], "iframes": False}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']} at {node['target']}: {node['html'][:160]}"
        for violation in found["violations"]
        if violation["impact"] in _GRAVE
        for node in violation["nodes"]
    ]
