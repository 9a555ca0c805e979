"""What scripts say is in the language of the page, and a kiosk's language can be touched."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.chromium import PHONE, sign_in
from tests.browser.site import STATION, Site
from tests.serve.processes import Served

from chiso.core.access import Role


@pytest.fixture
def shona(visited: tuple[Site, Served], browser: Browser) -> Page:
    """A page of a browser that would rather have Shona, at the station's kiosk."""
    site, served = visited
    context = browser.new_context(viewport=PHONE, locale="sn-ZW", base_url=served.url)
    sign_in(context, served.url, site.cookies[STATION])
    return context.new_page()


def test_a_kiosk_guides_in_its_language_and_changes_it_at_a_touch(shona: Page) -> None:
    shona.goto("/kiosk")
    expect(shona.locator("#say")).to_have_text("Nditarise here kuti ndimi ani?")
    shona.locator("#go").click()
    expect(shona.locator("#more")).to_have_text("Uyai pamberi pekamera, motarisa mairi.")
    shona.get_by_role("link", name="English").click()
    expect(shona.locator("#say")).to_have_text("Shall I look who you are?")
    assert shona.locator("html").get_attribute("lang") == "en"
    shona.goto("/kiosk")
    expect(shona.locator("#say")).to_have_text("Shall I look who you are?")
    shona.context.close()


def test_a_proof_is_checked_in_the_language_of_the_page(
    shona: Page, visited: tuple[Site, Served]
) -> None:
    site, served = visited
    sign_in(shona.context, served.url, site.cookies[Role.SUBJECT])
    shona.goto("/me")
    shona.get_by_role("button", name="Ona chokwadi").first.click()
    said = "Ichokwadi: chinyorwa ichi chiri mubhuku rezviitiko, hachina kuchinjwa."
    expect(shona.get_by_text(said, exact=True)).to_be_visible()
    shona.context.close()
