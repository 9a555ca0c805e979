"""What a form did is not done again by a page that is loaded again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser import steps
from tests.browser.chromium import sign_in
from tests.browser.site import NAMES, PURPOSE, Site
from tests.serve.processes import Served

from chiso.core.access import Role


@pytest.fixture
def admin(visited: tuple[Site, Served], browser: Browser, served: str) -> Iterator[Page]:
    """A page of an administrator's browser, at a home that may be changed."""
    context = browser.new_context()
    sign_in(context, served, visited[0].cookies[Role.ADMIN])
    yield context.new_page()
    context.close()


def test_a_key_is_made_once_and_its_secret_is_gone(admin: Page, served: str) -> None:
    steps.make_station_key(admin, served, "side door", PURPOSE)
    expect(admin).to_have_url(served + "/access")
    admin.reload()
    expect(admin.get_by_role("row").filter(has_text="side door")).to_have_count(1)
    expect(admin.locator("code.secret")).to_have_count(0)


def test_a_certificate_is_found_again_from_the_log(admin: Page, served: str) -> None:
    admin.goto(served + "/people")
    admin.get_by_role("link", name=NAMES["005"]).click()
    admin.get_by_role("link", name="Withdraw everything").click()
    admin.get_by_role("button", name="Withdraw and destroy").click()
    expect(admin).to_have_url(served + "/people")
    admin.reload()
    expect(admin.get_by_role("heading", level=1)).to_have_text("People")
    admin.goto(served + "/log")
    with admin.expect_download() as saved:
        admin.get_by_role("link", name="Its certificate").click()
    assert saved.value.suggested_filename.startswith("erasure-")
