"""A photo that takes the decoder over, given to every command that reads photos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.running import PURPOSE, Chiso, assert_error, assert_refused, assert_untouched
from tests.hostile.takeover import OBEDIENT, taking_over

from chiso import wiring
from chiso.adapters.decoding.child import ChildDecoder

Volunteer = Callable[..., Path]


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo that crashes its decoder, and a decoder that lets it."""
    monkeypatch.setattr(wiring, "ChildDecoder", lambda limits: ChildDecoder(limits, OBEDIENT))
    path = tmp_path / "hostile.jpg"
    path.write_bytes(taking_over("import ctypes; ctypes.string_at(0)"))
    return path


def test_it_is_not_enrolled(run: Chiso, hostile: Path) -> None:
    before = run.holdings()
    refused = run.enrol("Rudo", hostile)
    assert_error(refused, 3, "decoder-stopped", "hostile.jpg", "export it as JPEG")
    assert_untouched(run, before)


def test_it_is_not_compared(peopled: Chiso, hostile: Path) -> None:
    before = peopled.holdings()
    refused = peopled("verify", "001", hostile, "--purpose", PURPOSE)
    assert_refused(refused, 3, "decoder-stopped", "export it as JPEG")
    assert_untouched(peopled, before)


def test_the_photo_after_it_is_searched(
    peopled: Chiso, hostile: Path, volunteer: Volunteer
) -> None:
    good = volunteer("001", "smiling")
    answered = peopled("identify", hostile, good, hostile, good, "--purpose", PURPOSE)
    assert answered.status == 3
    bad, found, *again = answered.documents
    assert bad["error"]["code"] == "decoder-stopped"
    assert [each["subject"] for each in found["faces"][0]["candidates"]] == ["001"]
    assert [each["faces"] for each in again] == [bad["faces"], found["faces"]]
