"""`chiso enrol --manifest`: good rows land, bad ones are listed with their line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.running import (
    FAR_AWAY,
    PURPOSE,
    Chiso,
    assert_error,
    assert_untouched,
    assert_whole,
    write_manifest,
)

from chiso.adapters.models.centerface import CenterFace
from chiso.adapters.models.embedder import OnnxEmbedder
from chiso.core.samples import Pixels

Volunteer = Callable[..., Path]
SmallPhotos = list[tuple[str, Path, Path]]
HEADER = "subject,photo,purpose,modes,expires,evidence\n"


def _remembering(ask: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    said: dict[object, Any] = {}

    def asked(model: Any, given: Pixels | Sequence[Pixels]) -> Any:
        pictures = [given] if isinstance(given, np.ndarray) else given
        key = tuple((each.shape, each.tobytes()) for each in pictures)
        if key not in said:
            said[key] = ask(model, given)
        return said[key]

    return asked


@pytest.fixture
def each_photo_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both models answer from memory what they were asked before; a thousand rows are many."""
    for model, ask in ((CenterFace, "detect"), (OnnxEmbedder, "embed_references")):
        monkeypatch.setattr(model, ask, _remembering(getattr(model, ask)))


@pytest.mark.usefixtures("each_photo_looked_at_once")
def test_one_bad_row_among_a_thousand_is_listed_and_the_others_land(
    run: Chiso, tmp_path: Path, small_photos: SmallPhotos
) -> None:
    purposes = [f"door {number}" for number in range(10)]
    people = small_photos[:50]
    rows = [
        (subject, photo, purpose)
        for purpose in purposes
        for subject, *photos in people
        for photo in photos
    ]
    rows[499] = ("Rudo", tmp_path / "nowhere.jpg", PURPOSE)
    done = run("enrol", "--manifest", write_manifest(tmp_path / "people.csv", rows))

    assert len(rows) == 1000
    assert done.status == 3
    assert (done.document["enrolled"], done.document["already_enrolled"]) == (999, 0)
    (refused,) = done.document["refused"]
    assert refused["line"] == 501  # the heading is line 1
    assert refused["error"]["code"] == "file-missing"
    assert f"people.csv:501: There is no file {tmp_path / 'nowhere.jpg'}" in done.stderr
    held = run.holdings()
    assert (len(held.subjects), held.receipts, held.references) == (50, 500, 999)
    assert_whole(run)


def test_every_kind_of_bad_row_is_listed_with_its_own_line(
    run: Chiso, tmp_path: Path, volunteer: Volunteer
) -> None:
    (tmp_path / "letter.jpg").write_text("Dear clinic\n" * 100)
    good = volunteer("001")
    rows = (
        f"001,{good},{PURPOSE},verify,{FAR_AWAY},form.pdf\n"  # line 2
        f"Rudo,letter.jpg,{PURPOSE},verify,{FAR_AWAY},form.pdf\n"
        f"Rudo,{good},{PURPOSE},follow,{FAR_AWAY},form.pdf\n"
        f"Rudo,{good},{PURPOSE},verify,next week,form.pdf\n"
        f"Rudo,{good},{PURPOSE},verify,2020-01-01,form.pdf\n"
        f"Rudo,{good},{PURPOSE},verify,{FAR_AWAY},no-form.pdf\n"
        f"Rudo,{good},,verify,{FAR_AWAY},form.pdf\n"
        f"Rudo,{good},{PURPOSE},verify,identify,{FAR_AWAY},form.pdf\n"
        "Rudo\n"
        f'"Ru\ndo",{good},{PURPOSE},verify,{FAR_AWAY},form.pdf\n'  # lines 11 and 12
        f'003,{volunteer("003")},{PURPOSE},"verify,identify",{FAR_AWAY},form.pdf\n'
    )
    (tmp_path / "people.csv").write_text(HEADER + rows)
    done = run("enrol", "--manifest", tmp_path / "people.csv")

    assert done.status == 3
    assert done.document["enrolled"] == 2
    listed = [(each["line"], each["error"]["code"]) for each in done.document["refused"]]
    assert listed == [
        (3, "not-an-image"),
        (4, "bad-argument"),
        (5, "bad-argument"),
        (6, "consent-expired"),
        (7, "file-missing"),
        (8, "bad-manifest"),
        (9, "bad-manifest"),
        (10, "bad-manifest"),
        (12, "bad-argument"),
    ]
    assert all(each["error"]["hint"] for each in done.document["refused"])
    assert len(run.holdings().subjects) == 2
    assert_whole(run)


def test_the_same_manifest_again_changes_nothing(
    run: Chiso, tmp_path: Path, small_photos: SmallPhotos
) -> None:
    rows = [(subject, photo, PURPOSE) for subject, photo, _ in small_photos[:5]]
    manifest = write_manifest(tmp_path / "people.csv", rows)
    assert run("enrol", "--manifest", manifest).document["enrolled"] == 5
    before = run.holdings()
    again = run("enrol", "--manifest", manifest)
    assert again.status == 0
    assert again.document == {"enrolled": 0, "already_enrolled": 5, "refused": []}
    assert_untouched(run, before)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it has no column subject"),
        (b"subject,photo\n001,a.jpg\n", "it has no column purpose, modes, evidence"),
        (HEADER.strip().encode() + b",age\n", "nobody knows its column age"),
        (b"\xff\xfe\x00\x01" * 50, "not CSV in UTF-8"),
        (b'"' + HEADER.encode(), "not CSV in UTF-8"),
        (b"\xe9" + HEADER.encode(), "not CSV in UTF-8"),
    ],
    ids=[
        "empty",
        "columns missing",
        "column unknown",
        "not text",
        "quote never closed in its heading",
        "heading in Latin-1",
    ],
)
def test_a_file_that_is_no_manifest_enrols_nobody(
    run: Chiso, tmp_path: Path, content: bytes, said: str
) -> None:
    before = run.holdings()
    (tmp_path / "people.csv").write_bytes(content)
    refused = run("enrol", "--manifest", tmp_path / "people.csv")
    assert_error(refused, 2, "bad-manifest", said, "must name the columns subject,photo,purpose")
    assert_untouched(run, before)


def test_a_manifest_with_a_byte_order_mark_and_spaces_is_read(
    run: Chiso, tmp_path: Path, volunteer: Volunteer
) -> None:
    with (tmp_path / "people.csv").open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["subject ", " photo", "purpose", "modes", "expires", "evidence"])
        table.writerow(
            [" 001", volunteer("001"), PURPOSE, "verify; identify", FAR_AWAY, "form.pdf"]
        )
    done = run("enrol", "--manifest", tmp_path / "people.csv")
    assert done.status == 0
    assert run("subjects").document["subjects"][0]["subject"] == "001"
    assert_whole(run)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (b'Rudo,"a.jpg,door,verify,2099-12-31,form.pdf', "quoted"),
        (b'Rudo,"a".jpg,door,verify,2099-12-31,form.pdf', "quoted"),
        (b'"Rudo,a.jpg,door,verify,2099-12-31,form.pdf', "quoted"),
        (b"Andr\xe9,a.jpg,door,verify,2099-12-31,form.pdf", "UTF-8"),
        (b"Rudo,a\xff.jpg,door,verify,2099-12-31,form.pdf", "UTF-8"),
    ],
    ids=["quote never closed", "quote closed early", "first quote open", "Latin-1", "stray byte"],
)
@pytest.mark.parametrize("quoted", [False, True], ids=["plain rows", "quoted rows"])
def test_a_row_that_cannot_be_read_costs_no_other_row(
    run: Chiso, tmp_path: Path, volunteer: Volunteer, spoilt: bytes, said: str, quoted: bool
) -> None:
    modes = '"verify,identify"' if quoted else "verify"
    first, last = (
        f"{each},{volunteer(each)},{PURPOSE},{modes},{FAR_AWAY},form.pdf".encode()
        for each in ("001", "003")
    )
    content = b"\r\n".join([HEADER.strip().encode(), first, b"", spoilt, last, b""])
    (tmp_path / "people.csv").write_bytes(content)
    done = run("enrol", "--manifest", tmp_path / "people.csv")

    assert done.status == 3
    assert done.document["enrolled"] == 2
    (refused,) = done.document["refused"]
    assert (refused["line"], refused["error"]["code"]) == (4, "bad-manifest")
    assert said in refused["error"]["message"]
    assert_whole(run)


def test_a_guardian_or_language_that_is_none_is_refused_with_its_line(
    run: Chiso, tmp_path: Path, volunteer: Volunteer
) -> None:
    row = f"001,{volunteer('001')},{PURPOSE},verify,{FAR_AWAY},form.pdf"
    (tmp_path / "people.csv").write_text(
        f'{HEADER.strip()},guardian,language\n{row},bell\a,en\n{row},,"sn\nZW"\n{row},Ambuya,sn\n'
    )
    done = run("enrol", "--manifest", tmp_path / "people.csv")
    assert done.document["enrolled"] == 1
    listed = [(each["line"], each["error"]["code"]) for each in done.document["refused"]]
    assert listed == [(2, "bad-argument"), (4, "bad-argument")]
    (receipt,) = run("receipts").document["receipts"]
    assert (receipt["guardian"], receipt["language"]) == ("Ambuya", "sn")
