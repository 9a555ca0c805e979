"""A walk through what no address leads to: pages that answer a form, and states of a page.

At each of them `look(page, name)` is called: it takes a picture, or says what is wrong there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect
from tests.browser import steps
from tests.browser.chromium import sign_in
from tests.browser.site import PURPOSE, STATION, Site, Visitor

from chiso.core.access import Role

Look = Callable[[Page, str], None]
_STAYS = """{
  const later = window.setTimeout;
  window.setTimeout = (what, ms, ...rest) => (ms < 5000 ? later(what, ms, ...rest) : 0);
}"""
"""What a kiosk says stays until a button is pressed: it would be gone before it is looked at."""
_LOOK = re.compile(r"/kiosk/look\b")
_CARD = re.compile(r"/kiosk/card\?")
_CARD_AND_FACE = re.compile(r"/kiosk/card-look\b")


@dataclass(frozen=True, slots=True)
class Walk:
    """Where to walk, with which browser, and what is done at each place."""

    browser: Browser
    site: Site
    url: str
    viewport: ViewportSize
    look: Look

    def someone_unknown(self, name: str, at_desk: str) -> None:
        """Before the camera of someone whom nobody knows: she comes by that name, and goes again.

        `at_desk`: who is given a link and a card meanwhile, and then is withdrawn.
        """
        kiosk, desk = self._page_of(STATION), self._page_of(Role.ADMIN)
        self._stranger(kiosk)
        link = self._enrolment(desk, name)
        self._known(kiosk)
        self._check_ins()
        self._own_page(link)
        self._desk(desk, at_desk)
        for page in (kiosk, desk):
            page.context.close()

    def nobody(self) -> None:
        """Before a camera that shows no face; and what is refused to whoever has no secret."""
        kiosk = self._page_of(STATION)
        kiosk.goto(self.url + "/kiosk")
        go = kiosk.locator("#go")
        kiosk.route(_LOOK, lambda route: route.abort(), times=1)
        go.press("Enter")
        self._in_state(kiosk, "broken")
        with _unanswered(kiosk, go, _LOOK):
            kiosk.evaluate("Date.now = () => Infinity")  # the time is up
        self._in_state(kiosk, "again")
        kiosk.context.close()
        self._refused()

    def a_card(self) -> None:
        """Before a camera that shows a card, and then a face."""
        kiosk = self._page_of(STATION)
        kiosk.goto(self.url + "/kiosk")
        held: list[Route] = []
        kiosk.route(_CARD_AND_FACE, lambda route: held.append(route), times=1)
        with (
            kiosk.expect_request(_CARD_AND_FACE, timeout=steps.PATIENCE_MS),
            _unanswered(kiosk, kiosk.locator("#show"), _CARD),
        ):
            self._in_state(kiosk, "card")
        self._in_state(kiosk, "face")
        held.pop().continue_()
        kiosk.context.close()

    def _stranger(self, kiosk: Page) -> None:
        kiosk.goto(self.url + "/kiosk")
        self._in_state(kiosk, "ask")
        go = kiosk.locator("#go")
        with _unanswered(kiosk, go, _LOOK):
            self._in_state(kiosk, "look")
            go.press("Enter")  # stop
        steps.ask_kiosk(kiosk)
        self._in_state(kiosk, "unknown")

    def _known(self, kiosk: Page) -> None:
        kiosk.goto(self.url + "/kiosk")
        steps.ask_kiosk(kiosk)
        self._in_state(kiosk, "hello")
        kiosk.context.clear_cookies()
        kiosk.locator("#go").press("Enter")  # the next one
        kiosk.locator("#go").press("Enter")
        self._in_state(kiosk, "closed")

    def _in_state(self, kiosk: Page, state: str) -> None:
        kiosk.locator(f"#kiosk[data-state={state}]").wait_for(timeout=steps.PATIENCE_MS)
        self.look(kiosk, f"kiosk-{state}")

    def _check_ins(self) -> None:
        page = self._page_of(Role.VERIFIER)
        page.goto(self.url + "/check-ins")
        page.get_by_label("The station’s key").fill(self.site.station_key)
        page.get_by_role("button", name="Show today’s check-ins").click()
        self.look(page, "check-ins")
        page.context.close()

    def _enrolment(self, page: Page, name: str) -> str:
        steps.hear(page, self.url, PURPOSE)
        page.get_by_role("textbox", name="Her name").fill(name)
        steps.sign(page, name)
        expect(page.get_by_role("alert")).to_contain_text("No box is ticked")
        self.look(page, "enrol-agreement-refused")
        steps.say_yes(page, name)
        steps.sign(page, name)
        steps.take_a_photo(page)
        self.look(page, "enrol-photos")
        link = steps.enrol_her(page)
        self.look(page, "enrol-done")
        return link

    def _own_page(self, link: str) -> None:
        page = self._page_of(None)
        steps.open_own_page(page, link)
        page.locator("button.verify").first.click()
        page.locator(".proof ol").first.wait_for(timeout=steps.PATIENCE_MS)
        self.look(page, "me-verified")
        page.get_by_role("link", name="Withdraw everything").click()
        self._withdrawn(page, "me-withdrawn")
        page.context.close()

    def _desk(self, page: Page, name: str) -> None:
        page.goto(self.url + "/people")
        page.get_by_role("link", name=name).click()
        page.get_by_role("button", name="Make a link").click()
        self.look(page, "her-link")
        page.get_by_role("link", name=name).click()
        page.get_by_text("Make a card for").click()
        page.get_by_role("button", name="Make the card").click()
        self.look(page, "card-made")
        page.get_by_role("link", name="To her page").click()
        page.get_by_text("Revoke…").click()
        self.look(page, "her-card-to-revoke")
        page.get_by_role("link", name="Withdraw everything").click()
        self._withdrawn(page, "withdrawn")

    def _withdrawn(self, page: Page, name: str) -> None:
        page.get_by_role("button", name="Withdraw and destroy").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Withdrawn, and destroyed")
        self.look(page, name)

    def _refused(self) -> None:
        page = self._page_of(None)
        for path, button, fields in (
            ("/sign-in", "Sign in", {"Name": "Nobody", "Password": "not it at all"}),
            ("/kiosk", "Open the kiosk", {"The station’s key": "none"}),
            (
                f"/join/{self.site.values['token']}",
                "Make the account",
                {"Your name": "Chipo", "A password": "x" * 20, "The same password again": "y" * 20},
            ),
        ):
            page.goto(self.url + path)
            for label, text in fields.items():
                page.get_by_label(label).fill(text)
            page.get_by_role("button", name=button).click()
            page.get_by_role("alert").wait_for()
            self.look(page, f"{path.split('/')[1]}-refused")
        page.context.close()

    def _page_of(self, visitor: Visitor) -> Page:
        context = self.browser.new_context(viewport=self.viewport, reduced_motion="reduce")
        context.add_init_script(_STAYS)
        sign_in(context, self.url, self.site.cookies.get(visitor))
        return context.new_page()


@contextmanager
def _unanswered(page: Page, button: Locator, asked: re.Pattern[str]) -> Iterator[None]:
    """Press this, and hold back what is then asked: what is shown meanwhile stays."""
    held: list[Route] = []
    page.route(asked, lambda route: held.append(route), times=1)
    with page.expect_request(asked):
        button.press("Enter")
    yield
    held.pop().continue_()
