"""The console without a mouse, and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from tests.browser.site import NAMES, PASSWORD

from chiso.core.access import Role

_MOST_TABS = 60


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which no script runs."""
    context = browser.new_context(java_script_enabled=False)
    yield context
    context.close()


@pytest.fixture
def by_keyboard(browser: Browser) -> Iterator[Page]:
    """A page in which nothing is clicked."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def _tab_to(page: Page, named: str) -> None:
    """Press Tab until what has this name is focused; it must be seen to be."""
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and focused.and_(_called(page, named)).count():
            assert focused.evaluate("each => getComputedStyle(each).outlineStyle") != "none"
            return
    pytest.fail(f"Tab does not lead to {named!r}")


def _called(page: Page, named: str) -> Locator:
    found = page.get_by_label(named, exact=False)
    for role in ("link", "button"):
        found = found.or_(page.get_by_role(role, name=named))
    return found


def test_someone_is_found_and_withdrawn_by_keyboard_alone(by_keyboard: Page, served: str) -> None:
    page = by_keyboard
    page.goto(served + "/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.keyboard.type(Role.ENROLLER.value.title())
    _tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/people")

    _tab_to(page, "Name, or a part of it")
    page.keyboard.type("Tariro")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    _tab_to(page, NAMES["003"])
    page.keyboard.press("Enter")
    _tab_to(page, "Withdraw everything…")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nobody can undo it")).to_be_visible()
    _tab_to(page, "Withdraw and destroy")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Withdrawn, and destroyed")


def test_the_first_tab_skips_to_the_content(by_keyboard: Page, served: str) -> None:
    by_keyboard.goto(served + "/me")
    by_keyboard.keyboard.press("Tab")
    expect(by_keyboard.get_by_text("Skip to the content")).to_be_focused()
    by_keyboard.keyboard.press("Enter")
    expect(by_keyboard.locator("main")).to_be_focused()


def test_forms_need_no_script(without_scripts: BrowserContext, served: str) -> None:
    page = without_scripts.new_page()
    page.goto(served + "/log")
    page.get_by_label("Name", exact=True).fill(Role.ADMIN.value.title())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Verify it now").click()
    expect(page.get_by_text("It holds, over")).to_be_visible()
    page.goto(served + "/people")
    page.get_by_role("link", name=NAMES["005"]).click()
    page.get_by_role("link", name="Withdraw everything").click()
    page.get_by_role("button", name="Withdraw and destroy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Withdrawn, and destroyed")
