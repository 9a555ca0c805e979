"""A button of the camera cannot be pressed before the script is there that hears it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Route, expect
from tests.browser.chromium import sign_in
from tests.browser.site import STATION, Site, Visitor
from tests.serve.processes import Served


@pytest.mark.parametrize(
    ("visitor", "path", "script"),
    [
        (STATION, "/kiosk", "kiosk.js"),
        (None, "/me", "me_card.js"),
        (None, "/me/{link}", "me_look.js"),
    ],
)
def test_a_button_waits_for_its_script(
    visited: tuple[Site, Served], browser: Browser, visitor: Visitor, path: str, script: str
) -> None:
    site, served = visited
    context = browser.new_context(base_url=served.url)
    sign_in(context, served.url, site.cookies.get(visitor))
    page = context.new_page()
    late: list[Route] = []
    page.route(f"**/{script}*", lambda route: late.append(route))
    with page.expect_request(f"**/{script}*"):
        page.goto(path.format_map(site.values), wait_until="commit")
    button = page.locator("#go")
    expect(button).to_be_disabled()
    late.pop().continue_()
    expect(button).to_be_enabled()
    context.close()
