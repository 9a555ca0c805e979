"""How long the console's pages take to load, in a browser that has nothing of them yet.

python -m bench.pages

Every page, as each visitor sees it, of a served home with three volunteers: from asking for it to
the end of the browser's load event, scripts, styles and pictures included.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from unittest.mock import patch

from bench import london
from bench.rows import Row, as_table
from bench.timing import say
from chiso.wiring import MODELS_VARIABLE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MAX_LOAD_S = 1.0
_TURNS = 3
_LOADED_MS = """
() => new Promise((tell) => {
  const look = () => {
    const [load] = performance.getEntriesByType("navigation");
    if (load.loadEventEnd > 0) tell(load.duration);
    else setTimeout(look, 1);
  };
  look();
})
"""


def can_open() -> bool:
    """Whether there is a browser here, and what drives it."""
    if find_spec("playwright") is None:
        return False
    from tests.browser.chromium import PROGRAM

    return PROGRAM is not None


def measured(photos: Path) -> list[Row]:
    """How long the slowest page takes, and the one in the middle."""
    from playwright.sync_api import sync_playwright
    from tests.browser.chromium import chromium
    from tests.browser.site import VISITORS, make_site, with_an_audit
    from tests.serve.processes import server

    say("making a home with something on every page")
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ):
        models = Path(folder) / "models"
        os.environ[MODELS_VARIABLE] = str(models)
        site = make_site(Path(folder) / "home", photos)
        with (
            server(site.home, models) as served,
            sync_playwright() as playwright,
            chromium(playwright) as browser,
        ):
            site = with_an_audit(site, served)
            say("loading every page as each visitor")
            taken_ms = {
                f"{path}, {visitor or 'nobody'}": _load_ms(
                    browser, served.url, path, site.cookies.get(visitor)
                )
                for visitor in VISITORS
                for path in site.paths(visitor)
            }
    slowest = max(taken_ms, key=taken_ms.__getitem__)
    return [
        Row(
            f"the slowest of {len(taken_ms)} pages to load",
            f"{taken_ms[slowest]:.0f} ms ({slowest})",
            target=f"< {MAX_LOAD_S:g} s",
            met=taken_ms[slowest] < MAX_LOAD_S * 1e3,
        ),
        Row("  the one in the middle", f"{median(taken_ms.values()):.0f} ms"),
    ]


def _load_ms(browser: Browser, url: str, path: str, secret: str | None) -> float:
    from tests.browser.chromium import sign_in

    taken_ms = []
    for _ in range(_TURNS):
        context = browser.new_context()
        sign_in(context, url, secret)
        page = context.new_page()
        page.goto(url + path)
        taken_ms.append(float(page.evaluate(_LOADED_MS)))
        context.close()
    return median(taken_ms)


def main() -> int:
    """Measure and print; status 1 where a page takes too long."""
    photos = london.folder()
    if photos is None or not can_open():
        sys.exit("bench.pages needs the London photos (CHISO_LONDON), Playwright and Chromium.")
    rows = measured(photos)
    print(as_table(rows))
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
