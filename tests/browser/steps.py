"""What people do in the console, step by step, as a test or a screenshot needs it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

PATIENCE_MS = 90_000
TRIES = 4
_STROKE = ((0.1, 0.8), (0.3, 0.2), (0.5, 0.8), (0.9, 0.4))
"""Shares of the width and the height."""
_ANSWERED = ("hello", "unknown", "other", "refused", "again", "broken", "closed")


def make_first_account(page: Page, link: str, name: str, password: str) -> None:
    """Open the link that `chiso serve` printed, and become the first administrator."""
    page.goto(link)
    page.get_by_label("Your name").fill(name)
    page.get_by_label("A password").fill(password)
    page.get_by_label("The same password again").fill(password)
    page.get_by_role("button", name="Make the account").click()
    page.wait_for_url("**/")


def agree(page: Page, url: str, name: str, purpose: str) -> None:
    """Enrol, up to the photos: the notice is read, both boxes are ticked, a name is typed."""
    hear(page, url, purpose)
    say_yes(page, name)
    sign(page, name)


def hear(page: Page, url: str, purpose: str) -> None:
    """Enrol, up to the boxes: the notice is read."""
    page.goto(url + "/enrol")
    known = page.get_by_role("checkbox", name=purpose)
    if known.count():
        known.check()
    else:
        page.get_by_label("A new purpose").fill(purpose)
    page.get_by_role("button", name="Show her the notice").click()
    page.get_by_role("button", name="She has read it").click()


def say_yes(page: Page, name: str) -> None:
    """Tick both boxes, which nobody ticked before, and say who agrees, and until when."""
    page.get_by_role("textbox", name="Her name").fill(name)
    for box in page.locator("fieldset.agree input[type=checkbox]").all():
        expect(box).not_to_be_checked()
        box.check()
    page.get_by_label("Until when").fill("2099-01-01")


def sign(page: Page, name: str) -> None:
    """Type the name of who agrees, and go on."""
    page.get_by_label("She types her name").check()
    page.get_by_label("Name of who agrees").fill(name)
    page.get_by_role("button", name="Go on to the photos").click()


def draw(page: Page) -> None:
    """Draw a stroke of a few corners in the field for a signature, with the mouse."""
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    for place, (right, down) in enumerate(_STROKE):
        page.mouse.move(box["x"] + box["width"] * right, box["y"] + box["height"] * down)
        if place == 0:
            page.mouse.down()
    page.mouse.up()


def take_a_photo(page: Page) -> None:
    """Let the camera take one, as soon as it finds that it can be used."""
    page.get_by_role("button", name="Take a photo").click()
    expect(page.locator("#thumbs li")).to_have_count(1, timeout=PATIENCE_MS)


def enrol_her(page: Page) -> str:
    """Finish enrolling; her own link, as it is shown once."""
    page.get_by_role("button", name="Enrol her").click()
    link = page.locator("code.secret")
    expect(link).to_be_visible(timeout=PATIENCE_MS)
    return link.inner_text()


def make_station_key(page: Page, url: str, station: str, purpose: str) -> str:
    """Make a key of a station; its secret, as it is shown once."""
    page.goto(url + "/access")
    form = page.locator("form[action='/access/keys']")
    form.get_by_label("What it is for").fill(station)
    form.get_by_label("Role").select_option("verifier")
    form.get_by_role("checkbox", name=purpose).check()
    form.get_by_label("Station").fill(station)
    form.get_by_label("Its last day").fill("2099-01-01")
    form.get_by_role("button", name="Make the key").click()
    return page.locator("code.secret").inner_text()


def open_kiosk(page: Page, url: str, key: str) -> None:
    """Let this browser be the station whose key this is."""
    page.goto(url + "/kiosk")
    page.get_by_label("The station’s key").fill(key)
    page.get_by_role("button", name="Open the kiosk").click()


def ask_kiosk(page: Page) -> str:
    """Let the kiosk look, with Enter alone; what it says. It may ask for another try."""
    said = ""
    if page.locator("#kiosk").get_attribute("data-state") == "hello":  # of whoever came before
        page.locator("#go").press("Enter")
    for _ in range(TRIES):
        page.locator("#kiosk[data-state=ask], #kiosk[data-state=again]").wait_for()
        expect(page.locator("#go")).to_be_enabled(timeout=PATIENCE_MS)  # its script is there
        page.locator("#go").press("Enter")
        said = _answer(page)
        if page.locator("#kiosk").get_attribute("data-state") != "again":
            break
    return said


def show_card(page: Page, url: str) -> str:
    """Let the kiosk read a card and look at the face; what it says, from the start if it must."""
    said = ""
    for _ in range(TRIES):
        page.goto(url + "/kiosk")
        page.get_by_role("button", name="I show my card").click()
        said = _answer(page)
        if page.locator("#kiosk").get_attribute("data-state") != "again":
            break
    return said


def _answer(page: Page) -> str:
    states = ", ".join(f"#kiosk[data-state={state}]" for state in _ANSWERED)
    page.locator(states).wait_for(timeout=PATIENCE_MS)
    return page.locator("#say").inner_text()


def open_own_page(page: Page, link: str) -> None:
    """Open a person's own page with a look: with her link, or at /me with her card."""
    page.goto(link)
    opened = page.locator("ol.done")
    for _ in range(TRIES):
        page.locator("#go").click()
        opened.or_(page.get_by_role("button", name="Try again")).wait_for(timeout=PATIENCE_MS)
        if opened.is_visible():
            break
