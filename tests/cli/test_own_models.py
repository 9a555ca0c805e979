"""A model of one's own: its references and the other model's never meet."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.running import PURPOSE, Chiso, assert_error, assert_untouched, assert_whole

Volunteer = Callable[..., Path]


@pytest.fixture
def own(
    peopled: Chiso,
    models: Path,
    tmp_path: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Chiso:
    """chiso with three volunteers, and the model `tiny` added but not in use."""
    peopled.models = tmp_path / "models"
    shutil.copytree(models, peopled.models)
    monkeypatch.setenv("CHISO_MODELS", str(peopled.models))
    added = peopled(
        *("models", "add", tiny_model, "--like", "arcface", "--name", "tiny", "--licence", "CC0")
    )
    assert added.status == 0, added
    return peopled


def test_an_added_model_is_listed_and_can_be_chosen(own: Chiso) -> None:
    listed = own("models", "list").document
    (model,) = [each for each in listed["models"] if each["name"] == "tiny"]
    assert (model["role"], model["licence"], model["dimensions"]) == ("embedder", "CC0", 512)
    assert model["is_here"]
    assert "tiny" in [pack["name"] for pack in listed["packs"]]
    used = own("models", "use", "tiny").document
    assert (used["pack"], used["references"]) == ("tiny", 0)
    assert_whole(own)


def test_nothing_is_decided_with_a_model_that_has_no_threshold(
    own: Chiso, volunteer: Volunteer
) -> None:
    own("models", "use", "tiny")
    before = own.holdings()
    photo = volunteer("001", "smiling")
    for words in (("verify", "001", photo), ("identify", photo)):
        refused = own(*words, "--purpose", PURPOSE)
        assert_error(refused, 6, "threshold-missing", "chiso threshold fit", "chiso threshold use")
    assert_untouched(own, before)


def test_references_of_another_model_are_not_compared(
    own: Chiso, volunteer: Volunteer, tmp_path: Path
) -> None:
    own("models", "use", "tiny")
    fitted = own(
        *("threshold", "fit", "--from", _study(tmp_path / "study", volunteer)),
        *("--consent", tmp_path / "form.pdf", "--target-fmr", "0.2"),
    )
    assert fitted.status == 0, fitted.document
    own("threshold", "use", fitted.document["record_id"])
    photo = volunteer("001", "smiling")

    identified = own("identify", photo, "--purpose", PURPOSE)
    assert_error(identified, 6, "reference-missing", "Enrol them again", "chiso models use")
    verified = own("verify", "001", photo, "--purpose", PURPOSE)
    assert_error(verified, 6, "reference-missing", "enrol her again")

    # Enrolled with this model too, under the receipt she has, she is found with either.
    again = own.enrol("001", volunteer("001")).document
    assert (again["new_receipt"], again["references"]) == (False, 1)
    assert _found(own, photo) == ["001"]
    own("models", "use", "offline")
    assert _found(own, photo) == ["001"]
    assert _found(own, volunteer("003", "smiling")) == ["003"]
    assert_whole(own)


def test_going_back_to_the_first_model_finds_everyone_again(
    own: Chiso, volunteer: Volunteer
) -> None:
    own("models", "use", "tiny")
    back = own("models", "use", "offline").document
    assert (back["pack"], back["references"]) == ("offline", 3)
    assert _found(own, volunteer("005", "smiling")) == ["005"]
    assert_whole(own)


def test_a_model_that_is_not_here_says_how_to_get_it(own: Chiso, volunteer: Volunteer) -> None:
    before = own.holdings()
    assert_error(own("models", "use", "opencv"), 6, "model-missing", "chiso models pull opencv")
    assert_untouched(own, before)
    assert own.enrol("006", volunteer("006")).status == 0


def test_an_added_model_that_was_changed_is_not_used(own: Chiso, volunteer: Volunteer) -> None:
    own("models", "use", "tiny")
    before = own.holdings()
    (file,) = own.models.glob("tiny-*.onnx")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    refused = own.enrol("006", volunteer("006"))
    assert_error(refused, 5, "digest-mismatch", "tiny", "chiso models add")
    assert_untouched(own, before)


@pytest.mark.parametrize(
    ("content", "like", "name", "said"),
    [
        (b"not a model", "arcface", "mine", "not ONNX"),
        (None, "sface", "mine", "like sface"),
        (None, "magic", "mine", "'magic'"),
        (None, "arcface", "tiny", "taken"),
        (None, "arcface", "../mine", "cannot name a model"),
    ],
    ids=["no model", "another shape", "no such kind", "name taken", "no name"],
)
def test_what_cannot_be_a_model_is_not_added(
    own: Chiso,
    tmp_path: Path,
    tiny_model: Path,
    content: bytes | None,
    like: str,
    name: str,
    said: str,
) -> None:
    before = sorted(own.models.iterdir())
    (tmp_path / "mine.onnx").write_bytes(tiny_model.read_bytes() if content is None else content)
    refused = own(
        *("models", "add", tmp_path / "mine.onnx", "--like", like),
        *("--name", name, "--licence", "CC0"),
    )
    assert_error(refused, 2, "bad-argument", said)
    assert sorted(own.models.iterdir()) == before


def _found(chiso: Chiso, photo: Path) -> list[str]:
    (face,) = chiso("identify", photo, "--purpose", PURPOSE).document["faces"]
    return [each["subject"] for each in face["candidates"][:1]]


def _study(folder: Path, volunteer: Volunteer) -> Path:
    folder.mkdir()
    people = ("003", "005", "006", "009", "011", "012", "014")
    (folder / "people.csv").write_text("subject\n" + "".join(f"{each}\n" for each in people))
    for each in people:
        for face in ("neutral", "smiling"):
            shutil.copy(volunteer(each, face), folder)
    return folder
