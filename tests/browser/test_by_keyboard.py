"""The console without a mouse, and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect
from tests.browser import steps
from tests.browser.camera import film_of
from tests.browser.chromium import chromium, sign_in
from tests.browser.site import NAMES, PASSWORD, PURPOSE, Site
from tests.serve.processes import Served

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


@pytest.fixture
def before_a_camera(playwright: Playwright, london: Path, tmp_path: Path) -> Iterator[Page]:
    """A page in which nothing is clicked; someone stands before its camera."""
    with chromium(playwright, film_of(london / "009_smiling.jpg", tmp_path)) as browser:
        yield browser.new_page(locale="en-GB")


def _tab_to(page: Page, named: str) -> None:
    """Press Tab until what has this name is focused; it must be seen to be."""
    expect(_called(page, named).first).to_be_enabled()  # its page is there, and its script
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


def _press(page: Page, named: str, key: str = "Enter") -> None:
    _tab_to(page, named)
    page.keyboard.press(key)


def _type(page: Page, named: str, text: str) -> None:
    _tab_to(page, named)
    page.keyboard.type(text)


def _enrolled(page: Page, url: str, name: str) -> str:
    """Enrol whoever stands before the camera; her own link."""
    page.goto(url + "/enrol")
    _press(page, PURPOSE, "Space")
    _press(page, "Show her the notice")
    _press(page, "She has read it: go on")
    _type(page, "Her name", name)
    _press(page, "Check that it is me.", "Space")
    _type(page, "Until when", "01012099")
    _press(page, "She types her name", "Space")
    _type(page, "Name of who agrees", name)
    _press(page, "Go on to the photos")
    _press(page, "Take a photo", "Space")
    expect(page.locator("#thumbs li")).to_have_count(1)
    expect(page.get_by_role("button", name="Take a photo")).to_be_focused()
    _press(page, "Enrol her")
    return page.locator("code.secret").inner_text(timeout=steps.PATIENCE_MS)


def _own_page_opened(page: Page, link: str) -> None:
    """Open a person's own page with her link and a look."""
    page.goto(link)
    _tab_to(page, "Look into the camera")
    opened = page.locator("ol.done")
    for _ in range(steps.TRIES):
        page.keyboard.press("Enter")
        opened.or_(page.get_by_role("button", name="Try again")).wait_for(timeout=steps.PATIENCE_MS)
        if opened.is_visible():
            return


def test_someone_is_found_and_withdrawn_by_keyboard_alone(by_keyboard: Page, served: str) -> None:
    page = by_keyboard
    page.goto(served + "/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.keyboard.type(Role.ENROLLER.value.title())
    _type(page, "Password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/people")

    _type(page, "Name, or a part of it", "Tariro")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    _press(page, NAMES["003"])
    _press(page, "Withdraw everything…")
    expect(page.get_by_text("Nobody can undo it")).to_be_visible()
    _press(page, "Withdraw and destroy")
    expect(page.get_by_role("heading", level=1)).to_have_text("Withdrawn, and destroyed")


def test_someone_is_enrolled_sees_what_is_held_and_goes_by_keyboard_alone(
    before_a_camera: Page, visited: tuple[Site, Served], served: str
) -> None:
    page = before_a_camera
    sign_in(page.context, served, visited[0].cookies[Role.ENROLLER])
    link = _enrolled(page, served, "Ruvimbo K.")
    _own_page_opened(page, link)

    _press(page, "Verify entry")
    expect(page.get_by_text("It holds")).to_be_visible()
    expect(page.locator(":focus")).to_have_text("Verify")
    _press(page, "Withdraw everything…")
    _press(page, "Withdraw and destroy")
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
