"""Photos that cannot be used: nothing is enrolled, nothing is compared, and chiso says why."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.running import (
    PURPOSE,
    Chiso,
    Holdings,
    Outcome,
    assert_error,
    assert_refused,
    assert_untouched,
)

Volunteer = Callable[..., Path]


@pytest.fixture
def before(run: Chiso) -> Holdings:
    return run.holdings()


def test_a_photo_without_a_face_is_not_enrolled(
    run: Chiso, before: Holdings, tmp_path: Path
) -> None:
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "wall.png")
    refused = run.enrol("Rudo", tmp_path / "wall.png")
    assert_error(refused, 3, "no-face", "wall.png", "come closer")
    assert_untouched(run, before)


def test_two_faces_cannot_be_enrolled_as_one_person(
    run: Chiso, before: Holdings, tmp_path: Path, volunteer: Volunteer
) -> None:
    _side_by_side(volunteer("001"), volunteer("003")).save(tmp_path / "two.jpg")
    refused = run.enrol("Rudo", tmp_path / "two.jpg")
    assert_error(refused, 3, "several-faces", "There are 2 faces", "crop it to one face")
    assert_untouched(run, before)


def test_one_bad_photo_among_good_ones_enrols_none_of_them(
    run: Chiso, before: Holdings, tmp_path: Path, volunteer: Volunteer
) -> None:
    _side_by_side(volunteer("001"), volunteer("003")).save(tmp_path / "two.jpg")
    refused = run.enrol("Rudo", volunteer("001"), tmp_path / "two.jpg", volunteer("005"))
    assert_error(refused, 3, "several-faces", "two.jpg")
    assert_untouched(run, before)


def test_an_image_of_one_pixel_is_too_small(run: Chiso, before: Holdings, tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    refused = run.enrol("Rudo", tmp_path / "dot.png")
    assert_error(refused, 3, "image-too-small", "dot.png", "1 × 1")
    assert_untouched(run, before)


def test_a_png_that_claims_60000_by_60000_pixels_is_refused_unread(
    run: Chiso, before: Holdings, tmp_path: Path
) -> None:
    (tmp_path / "bomb.png").write_bytes(_png_claiming(60_000, 60_000))
    refused = run.enrol("Rudo", tmp_path / "bomb.png")
    assert_error(refused, 3, "image-too-large", "bomb.png", "pixels")
    assert_untouched(run, before)


def test_a_truncated_jpeg_is_damaged(
    run: Chiso, before: Holdings, tmp_path: Path, volunteer: Volunteer
) -> None:
    whole = volunteer("001").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    refused = run.enrol("Rudo", tmp_path / "half.jpg")
    assert_error(refused, 3, "damaged-image", "half.jpg")
    assert_untouched(run, before)


def test_text_named_jpg_is_not_an_image(run: Chiso, before: Holdings, tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("Dear clinic, here is my face.\n" * 100)
    refused = run.enrol("Rudo", tmp_path / "letter.jpg")
    assert_error(refused, 3, "not-an-image", "letter.jpg", "JPEG, PNG or WebP")
    assert_untouched(run, before)


def test_an_empty_file_is_not_an_image(run: Chiso, before: Holdings, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    refused = run.enrol("Rudo", tmp_path / "empty.jpg")
    assert_error(refused, 3, "not-an-image", "empty.jpg")
    assert_untouched(run, before)


def test_a_gif_is_not_read_even_when_it_is_named_jpg(
    run: Chiso, before: Holdings, tmp_path: Path, volunteer: Volunteer
) -> None:
    with Image.open(volunteer("001")) as photo:
        photo.save(tmp_path / "face.jpg", format="GIF")
    refused = run.enrol("Rudo", tmp_path / "face.jpg")
    assert_error(refused, 3, "unsupported-format", "face.jpg", "a GIF", "export it as JPEG")
    assert_untouched(run, before)


def test_a_directory_is_not_a_photo(run: Chiso, before: Holdings, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    refused = run.enrol("Rudo", tmp_path / "photos")
    assert_error(refused, 2, "not-a-file", "photos is a directory", "Name the file")
    assert_untouched(run, before)


def test_a_missing_photo_is_named(run: Chiso, before: Holdings, tmp_path: Path) -> None:
    refused = run.enrol("Rudo", tmp_path / "nowhere.jpg")
    assert_error(refused, 6, "file-missing", "nowhere.jpg", "Check its name")
    assert_untouched(run, before)


def test_a_missing_evidence_file_enrols_nobody(
    run: Chiso, before: Holdings, volunteer: Volunteer
) -> None:
    (run.home.parent / "form.pdf").unlink()
    refused = run.enrol("Rudo", volunteer("001"))
    assert_error(refused, 6, "file-missing", "form.pdf", "Check its name")
    assert_untouched(run, before)


def test_verify_refuses_a_bad_photo_without_comparing_it(peopled: Chiso, tmp_path: Path) -> None:
    before = peopled.holdings()
    (tmp_path / "letter.jpg").write_text("It is me, truly.\n" * 100)
    refused = peopled("verify", "001", tmp_path / "letter.jpg", "--purpose", PURPOSE)
    assert_refused(refused, 3, "not-an-image", "JPEG, PNG or WebP")
    assert_untouched(peopled, before)


def test_verify_refuses_two_faces_since_nobody_can_say_who_asks(
    peopled: Chiso, tmp_path: Path, volunteer: Volunteer
) -> None:
    before = peopled.holdings()
    _side_by_side(volunteer("001"), volunteer("003")).save(tmp_path / "two.jpg")
    refused = peopled("verify", "001", tmp_path / "two.jpg", "--purpose", PURPOSE)
    assert_refused(refused, 3, "several-faces", "There are 2 faces")
    assert_untouched(peopled, before)


def test_identify_answers_for_good_photos_beside_bad_ones(
    peopled: Chiso, tmp_path: Path, volunteer: Volunteer
) -> None:
    before = peopled.holdings()
    (tmp_path / "letter.jpg").write_text("no face here\n" * 100)
    missing, good = tmp_path / "nowhere.jpg", volunteer("001", "smiling")
    answered = peopled("identify", tmp_path / "letter.jpg", good, missing, "--purpose", PURPOSE)
    letter, face, nowhere = answered.documents
    assert letter["faces"] == []
    assert letter["error"]["code"] == "not-an-image"
    assert [each["subject"] for each in face["faces"][0]["candidates"]] == ["001"]
    assert nowhere["faces"] == []
    assert nowhere["error"]["code"] == "file-missing"
    assert answered.status == 6  # the worst of the three
    after = peopled.holdings()
    assert after.leaves == before.leaves + 1  # one search, one leaf
    assert after.references == before.references


def test_identify_finds_both_of_two_faces_in_one_photo(
    peopled: Chiso, tmp_path: Path, volunteer: Volunteer
) -> None:
    _side_by_side(volunteer("001", "smiling"), volunteer("006")).save(tmp_path / "two.jpg")
    answered = peopled("identify", tmp_path / "two.jpg", "--purpose", PURPOSE)
    left, right = sorted(answered.document["faces"], key=lambda face: int(face["box"][0]))
    assert (left["decision"], left["candidates"][0]["subject"]) == ("match", "001")
    assert (right["decision"], right["candidates"]) == ("unknown", [])
    assert answered.status == 1


@pytest.mark.parametrize("words", [("enrol", "Rudo"), ("verify", "001"), ("identify",)])
def test_a_photo_of_endless_bytes_is_refused_after_a_few(
    peopled: Chiso, tmp_path: Path, words: tuple[str, ...]
) -> None:
    before = peopled.holdings()
    endless = tmp_path / "endless.jpg"
    with endless.open("wb") as file:
        file.truncate(40 * 1024**3)
    terms = ("--modes", "verify", "--expires", "2099-01-01", "--evidence", tmp_path / "form.pdf")
    refused = peopled(*words, endless, "--purpose", PURPOSE, *(terms if "enrol" in words else ()))
    assert refused.status == 3
    assert _code(refused) == "image-too-large"
    assert_untouched(peopled, before)


def _code(outcome: Outcome) -> str:
    document = outcome.document
    return str(document["error"]["code"] if "error" in document else document["reason"])


def _side_by_side(left: Path, right: Path) -> Image.Image:
    with Image.open(left) as one, Image.open(right) as other:
        both = Image.new("RGB", (one.width + other.width, max(one.height, other.height)))
        both.paste(one, (0, 0))
        both.paste(other, (one.width, 0))
    return both


def _png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1024))
    chunks = (b"IHDR" + header, b"IDAT" + pixels, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )
