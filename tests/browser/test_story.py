"""The whole story before a camera: enrolled, recognised, unknown, withdrawn, forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect
from tests.browser import steps
from tests.browser.camera import film_of
from tests.browser.chromium import chromium
from tests.browser.site import PASSWORD, PURPOSE, STATION
from tests.serve.processes import server

from chiso import wiring

_NAME = "Rudo M."
_UNKNOWN = "I don’t know you, and I have kept nothing"


def test_a_person_is_enrolled_recognised_and_forgotten_by_camera(
    tmp_path: Path,
    built_models: Path,
    london: Path,
    playwright: Playwright,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CHISO_OPERATOR_KEY", raising=False)
    home = tmp_path / "home"
    wiring.make_home(home, "Mbare Clinic", "offline")[0].store.close()
    at_the_desk, rudo, stranger = (
        film_of(london / f"{name}.jpg", tmp_path)
        for name in ("001_neutral", "001_smiling", "030_smiling")
    )
    with server(home, built_models) as served:
        with chromium(playwright, at_the_desk) as browser:
            desk = browser.new_page()
            assert served.setup is not None
            steps.make_first_account(desk, served.setup, "Tendai", PASSWORD)
            steps.agree(desk, served.url, _NAME, PURPOSE)
            steps.take_a_photo(desk)
            link = steps.enrol_her(desk)
            key = steps.make_station_key(desk, served.url, STATION, PURPOSE)

        with chromium(playwright, stranger) as browser:
            kiosk = browser.new_page()
            steps.open_kiosk(kiosk, served.url, key)
            assert steps.ask_kiosk(kiosk) == _UNKNOWN

        with chromium(playwright, rudo) as browser:
            kiosk, own = browser.new_page(), browser.new_context().new_page()
            steps.open_kiosk(kiosk, served.url, key)
            assert steps.ask_kiosk(kiosk) == f"Hello, {_NAME}"

            steps.open_own_page(own, link)
            newest = own.locator("ol.done > li").filter(has_text=STATION).first
            newest.get_by_role("button").click()
            expect(newest.get_by_text("It holds")).to_be_visible(timeout=steps.PATIENCE_MS)

            own.get_by_role("link", name="Withdraw everything").click()
            own.get_by_role("button", name="Withdraw and destroy").click()
            expect(own.get_by_role("heading", level=1)).to_have_text("Withdrawn, and destroyed")
            assert steps.ask_kiosk(kiosk) == _UNKNOWN
