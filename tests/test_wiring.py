"""Homes: made whole or not at all, opened with the right key."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from chiso import wiring
from chiso.core.errors import ChisoError, Code


def test_a_home_is_made_whole_and_opens_again(tmp_path: Path) -> None:
    made, starter = wiring.make_home(tmp_path / "home", "Clinic", "offline")
    assert starter is not None
    opened = wiring.open_home(tmp_path / "home")
    assert (opened.home_id, opened.controller) == (made.home_id, "Clinic")
    assert opened.signer.public_key == made.signer.public_key
    assert opened.model() == starter.model


def test_the_key_of_the_environment_is_used_and_never_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_OPERATOR_KEY", b64encode(bytes(range(32))).decode())
    made, _ = wiring.make_home(tmp_path / "home", "Clinic", "offline")
    assert not (tmp_path / "home" / "operator.key").exists()
    assert wiring.open_home(tmp_path / "home").signer.public_key == made.signer.public_key
    monkeypatch.delenv("CHISO_OPERATOR_KEY")
    with pytest.raises(ChisoError) as caught:
        wiring.open_home(tmp_path / "home")
    assert caught.value.code is Code.OPERATOR_KEY_MISSING


def test_an_existing_folder_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ChisoError) as caught:
        wiring.make_home(tmp_path, "Clinic", "offline")
    assert caught.value.code is Code.HOME_EXISTS
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_pack_that_nobody_has_makes_no_home(tmp_path: Path) -> None:
    with pytest.raises(ChisoError) as caught:
        wiring.make_home(tmp_path / "home", "Clinic", "no-such-pack")
    assert caught.value.code is Code.BAD_ARGUMENT
    assert list(tmp_path.iterdir()) == []


def test_a_pack_whose_models_are_not_here_makes_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_MODELS", str(tmp_path / "models"))
    with pytest.raises(ChisoError) as caught:
        wiring.make_home(tmp_path / "home", "Clinic", "opencv")
    assert caught.value.code is Code.MODEL_MISSING
    assert "chiso models pull opencv" in caught.value.hint
    assert not (tmp_path / "home").exists()
