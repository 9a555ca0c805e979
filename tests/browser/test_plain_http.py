"""Without TLS browsers say less of where a form comes from, and forms still work."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Playwright, expect
from tests.browser.chromium import chromium
from tests.browser.site import PASSWORD, Site
from tests.serve.processes import Served

_NAME = "clinic.test"
"""A name that no browser trusts as it does this machine's own."""


@pytest.fixture
def address(visited: tuple[Site, Served]) -> str:
    """Where the visited home is served, by that name."""
    return f"http://{_NAME}:{urlsplit(visited[1].url).port}"


def test_an_account_signs_in_and_out_where_there_is_no_tls(
    playwright: Playwright, address: str
) -> None:
    with chromium(playwright, None, f"--host-resolver-rules=MAP {_NAME} 127.0.0.1") as browser:
        page = browser.new_page()
        page.goto(address + "/sign-in")
        assert page.evaluate("isSecureContext") is False
        page.get_by_label("Name").fill("Auditor")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(address + "/")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Password")).to_be_visible()
