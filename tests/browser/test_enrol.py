"""Enrolling without a camera: a signature drawn with the mouse, and photos from files."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.browser import steps
from tests.browser.chromium import sign_in
from tests.browser.site import PURPOSE, Site
from tests.serve.processes import Served

from chiso import wiring
from chiso.core.access import Role
from chiso.core.consent import Receipt

_NAME = "Ruvimbo K."
_DARK = 100
"""Of 255: what is darker on the field is ink."""


@pytest.fixture
def desk(visited: tuple[Site, Served], browser: Browser, served: str) -> Iterator[Page]:
    """A page of an enroller's browser, at a home that may be changed."""
    context = browser.new_context()
    sign_in(context, served, visited[0].cookies[Role.ENROLLER])
    yield context.new_page()
    context.close()


def _ink_px(drawn: str) -> int:
    """How much of a PNG, in base64, is drawn on."""
    with Image.open(io.BytesIO(base64.b64decode(drawn))) as opened:
        return sum(opened.convert("L").histogram()[:_DARK])


def _receipt(home: Path) -> Receipt:
    """Hers, as the home holds it."""
    store = wiring.open_home(home).store
    with store.reading() as view:
        subject = view.subject(_NAME)
        assert subject is not None
        (signed,) = view.receipts(subject.subject_id)
    store.close()
    return signed.receipt


def test_she_is_enrolled_with_a_drawn_signature_and_photos_from_files(
    desk: Page, served: str, london: Path, tmp_path: Path
) -> None:
    steps.hear(desk, served, PURPOSE)
    steps.say_yes(desk, _NAME)
    desk.get_by_label("She draws her signature").check()
    field = desk.locator("#drawn")
    steps.draw(desk)
    expect(field).not_to_have_value("")
    desk.get_by_role("button", name="Clear it").click()
    expect(field).to_have_value("")
    steps.draw(desk)
    drawn = field.input_value()
    assert _ink_px(drawn) > 1000
    desk.get_by_role("button", name="Go on to the photos").click()

    signature = desk.get_by_role("img", name="her signature, drawn")
    expect(signature).to_have_attribute("src", f"data:image/png;base64,{drawn}")
    desk.get_by_role("button", name="Change something").click()
    expect(desk.get_by_label("She draws her signature")).to_be_checked()
    expect(field).to_have_value(drawn)
    desk.get_by_role("button", name="Go on to the photos").click()
    with desk.expect_download() as saved:
        desk.get_by_role("button", name="Download the signed form").click()
    form = saved.value.path().read_bytes()
    assert drawn.encode() in form

    nobody = tmp_path / "nobody.jpg"
    Image.new("RGB", (640, 480), "grey").save(nobody)
    photos = [london / "009_neutral.jpg", nobody, london / "009_smiling.jpg"]
    desk.get_by_label("Photos from a file").set_input_files(photos)
    expect(desk.get_by_text("That photo was left out.")).to_be_visible()
    taken = desk.get_by_role("list", name="Photos that will be used").get_by_role("listitem")
    expect(taken).to_have_count(2)
    desk.get_by_role("button", name="Remove: Photo 2").click()
    expect(taken).to_have_count(1)
    desk.get_by_label("Photos from a file").set_input_files(photos[2])
    expect(taken).to_have_count(2)
    steps.enrol_her(desk)

    expect(desk.get_by_role("heading", level=1)).to_have_text(f"{_NAME} is enrolled")
    expect(desk.get_by_text("2 templates, no photo")).to_be_visible()
    evidence = hashlib.sha256(form).hexdigest()
    expect(desk.get_by_text(evidence)).to_be_visible()
    assert _receipt(tmp_path / "home").grounds.evidence_sha256 == evidence
