"""`chiso card`, and `chiso verify --card`: printed, shown, photographed, revoked, restored."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from tests.cli.running import PURPOSE, STORE, Chiso, Document, assert_error, assert_whole

Volunteer = Callable[..., Path]


@pytest.fixture
def issue(run: Chiso, volunteer: Volunteer, tmp_path: Path) -> Callable[..., Document]:
    """`issue("006")`: a card of that volunteer from a photo; the picture is at document["out"]."""

    def issued(number: str, *words: str, name: str = "card.png") -> Document:
        made = run(
            "card", "issue", f"Person {number}", volunteer(number), "--purpose", PURPOSE,
            "--expires", "2099-12-31", "--evidence", tmp_path / "form.pdf",
            "--out", tmp_path / name, *words,
        )  # fmt: skip
        assert made.status == 0, made
        return made.document

    return issued


def _shown(run: Chiso, card: str | Path, photo: Path, *words: str) -> Document:
    document = run("verify", "--card", card, photo, *words).document
    assert set(document) >= {"decision", "reason", "score", "llr"}
    return document


def test_a_card_says_who_she_is_to_the_home_that_made_it(
    run: Chiso, issue: Callable[..., Document], volunteer: Volunteer
) -> None:
    made = issue("006")
    assert made["bytes"] == 346
    own = _shown(run, made["out"], volunteer("006", "smiling"))
    assert (own["decision"], own["subject"], own["card"]) == ("match", "Person 006", made["card"])
    other = _shown(run, made["out"], volunteer("003", "smiling"))
    assert (other["decision"], other["subject"]) == ("no-match", None)
    held = run.holdings()
    assert (held.references, held.keys) == (0, frozenset())
    assert_whole(run)


def test_a_card_is_as_large_as_a_bank_card(issue: Callable[..., Document], tmp_path: Path) -> None:
    with Image.open(issue("006")["out"]) as picture:
        dpi = picture.info["dpi"]
        size_mm = [side / dots * 25.4 for side, dots in zip(picture.size, dpi, strict=True)]
    assert size_mm == pytest.approx([85.60, 53.98], abs=0.05)
    pdf = (tmp_path / issue("006", "--name", name="card.pdf")["out"]).read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert b"242.6" in pdf  # 85.60 mm in points
    assert b"153" in pdf


def _photographed(card: Image.Image, scale: float, blur_px: float) -> Image.Image:
    """The card on a table, seen from an angle, in light that falls from one side."""
    size = round(1920 * scale), round(1440 * scale)
    corners = [(300, 250), (1650, 420), (1560, 1150), (260, 1220)]
    edges = [(0, 0), (card.width, 0), card.size, (0, card.height)]
    rows, wanted = list[list[float]](), list[float]()
    for (x, y), (u, v) in zip(corners, edges, strict=True):
        a, b = x * scale, y * scale
        rows += [[a, b, 1, 0, 0, 0, -u * a, -u * b], [0, 0, 0, a, b, 1, -v * a, -v * b]]
        wanted += [u, v]
    found = np.linalg.solve(np.array(rows), np.array(wanted)).tolist()
    way, how = Image.Transform.PERSPECTIVE, Image.Resampling.BICUBIC
    seen = card.convert("RGB").transform(size, way, found, how)
    mask = Image.new("L", card.size, 255).transform(size, way, found)
    photo = Image.new("RGB", size, (110, 84, 66))
    photo.paste(seen, (0, 0), mask)
    light = np.linspace(0.35, 1, size[0])[None, :, None]
    noise = np.random.default_rng(1).normal(0, 8, (size[1], size[0], 1))
    pixels = np.asarray(photo.filter(ImageFilter.GaussianBlur(blur_px))) * light + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("seen", ["screenshot", "turned", "angle", "blurred", "far"])
def test_a_card_is_read_as_people_show_it(
    run: Chiso,
    issue: Callable[..., Document],
    volunteer: Volunteer,
    tmp_path: Path,
    seen: str,
) -> None:
    with Image.open(issue("006")["out"]) as opened:
        card = opened.convert("RGB")
    pictures = {
        "screenshot": lambda: card.resize((500, 315), Image.Resampling.LANCZOS),
        "turned": lambda: card.resize((900, 568)).rotate(100, expand=True, fillcolor=(90, 80, 70)),
        "angle": lambda: _photographed(card, 1.0, 1.0),
        "blurred": lambda: _photographed(card, 1.0, 2.0),
        "far": lambda: _photographed(card, 0.5, 0.0),
    }
    shown = tmp_path / "shown.jpg"
    pictures[seen]().save(shown, quality=60)
    assert _shown(run, shown, volunteer("006", "smiling"))["decision"] == "match"


def test_a_picture_without_a_card_is_refused(
    run: Chiso, issue: Callable[..., Document], volunteer: Volunteer, tmp_path: Path
) -> None:
    made = issue("006")
    document = _shown(run, volunteer("006"), volunteer("006", "smiling"))
    assert (document["decision"], document["reason"]) == ("refused", "card-unreadable")
    two = Image.new("RGB", (2022, 2600), "white")
    for place, card in enumerate((made["out"], issue("003", name="other.png")["out"])):
        with Image.open(card) as picture:
            two.paste(picture, (0, place * 1310))
    two.save(tmp_path / "two.png")
    refused = run("verify", "--card", tmp_path / "two.png", volunteer("006", "smiling"))
    assert (refused.status, refused.document["reason"]) == (3, "card-unreadable")
    assert "several cards" in refused.stderr
    (tmp_path / "bad.png").write_bytes(b"no picture")
    refused = run("verify", "--card", tmp_path / "bad.png", volunteer("006", "smiling"))
    assert (refused.status, refused.document["reason"]) == (3, "not-an-image")


def test_a_card_that_is_revoked_by_the_number_on_it_is_refused(
    run: Chiso, issue: Callable[..., Document], volunteer: Volunteer
) -> None:
    made = issue("006")
    revoked = run("card", "revoke", made["number"], "--reason", "stolen")
    assert (revoked.status, revoked.document["state"]) == (0, "revoked")
    refused = run("verify", "--card", made["out"], volunteer("006", "smiling"))
    assert (refused.status, refused.document["reason"]) == (4, "card-revoked")
    (listed,) = run("card", "list", "Person 006").document["cards"]
    assert (listed["reason"], listed["state"]) == ("stolen", "revoked")
    assert_error(run("card", "revoke", "0000 0000 0000"), 6, "card-unknown")


def test_nothing_is_issued_where_the_picture_cannot_be_written(
    run: Chiso, volunteer: Volunteer, tmp_path: Path
) -> None:
    words = ("card", "issue", "Rudo", volunteer("006"), "--purpose", PURPOSE)
    terms = ("--expires", "2099-12-31", "--evidence", tmp_path / "form.pdf")
    (tmp_path / "there.png").write_bytes(b"mine")
    for out in (tmp_path / "there.png", tmp_path / "no" / "card.png", tmp_path / "card.gif"):
        assert run(*words, *terms, "--out", out).status in (2, 6)
    assert (tmp_path / "there.png").read_bytes() == b"mine"
    (tmp_path / "blank.png").write_bytes(b"no photo")
    blank = run(
        "card", "issue", "Rudo", tmp_path / "blank.png", "--purpose", PURPOSE, *terms,
        "--out", tmp_path / "card.png",
    )  # fmt: skip
    assert_error(blank, 3, "not-an-image", "No card was issued")
    assert not (tmp_path / "card.png").exists()
    assert run("card", "list").document == {"cards": []}
    assert run.holdings().receipts == 0


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "x.jpg"),
        ("verify", "Rudo", "x.jpg"),
        ("verify", "--card", "card.png", "Rudo", "x.jpg"),
    ],
)
def test_verify_says_what_it_wants(run: Chiso, words: tuple[str, ...]) -> None:
    assert_error(run(*words), 2, "bad-argument")


@pytest.fixture
def backed_up(
    peopled: Chiso, issue: Callable[..., Document], tmp_path: Path
) -> tuple[Chiso, Path, Document]:
    """A home with 001, 003, 005 and a card of 006, its backup, and the card."""
    made = issue("006")
    backup = tmp_path / "clinic.backup"
    assert peopled.process("backup", "--out", backup).status == 0
    return peopled, backup, made


def test_a_restored_backup_does_not_bring_a_revoked_card_back(
    backed_up: tuple[Chiso, Path, Document], volunteer: Volunteer
) -> None:
    run, backup, made = backed_up
    assert run("card", "revoke", made["number"]).status == 0
    assert run.process("restore", backup).status == 0
    refused = run("verify", "--card", made["out"], volunteer("006", "smiling"))
    assert refused.document["reason"] == "card-revoked"
    assert_whole(run)


def test_a_home_restored_without_what_came_after_its_backup_revokes_every_card(
    backed_up: tuple[Chiso, Path, Document], volunteer: Volunteer
) -> None:
    run, backup, made = backed_up
    assert run("card", "revoke", made["number"]).status == 0
    key = (run.home / "operator.key").read_bytes()
    shutil.rmtree(run.home)
    key_file = run.home.parent / "operator.key"
    key_file.write_bytes(key)
    key_file.chmod(0o600)
    restored = run.process("restore", backup, "--operator-key", key_file, "--nobody-withdrew-since")
    assert restored.status == 0, restored
    refused = run("verify", "--card", made["out"], volunteer("006", "smiling"))
    assert refused.document["reason"] == "card-revoked"
    (listed,) = run("card", "list").document["cards"]
    assert listed["reason"] == "restored"
    assert_whole(run)


def test_a_restored_backup_does_not_bring_references_back_that_a_card_replaced(
    backed_up: tuple[Chiso, Path, Document], volunteer: Volunteer, tmp_path: Path
) -> None:
    run, backup, _ = backed_up
    out = tmp_path / "001.png"
    moved = run("card", "issue", "001", "--purpose", PURPOSE, "--out", out)
    assert moved.document["references_destroyed"] == 1
    with run.database(STORE) as store:  # someone else of the home is to be put back
        store.execute(
            "DELETE FROM reference_templates WHERE subject_id = "
            "(SELECT id FROM subjects WHERE label = '003')"
        )
    restored = run.process("restore", backup)
    assert restored.status == 0, restored
    assert _shown(run, out, volunteer("001", "smiling"))["decision"] == "match"
    document = run("verify", "001", volunteer("001", "smiling"), "--purpose", PURPOSE).document
    assert document["error"]["code"] == "reference-missing"
    again = run("verify", "003", volunteer("003", "smiling"), "--purpose", PURPOSE).document
    assert again["decision"] == "match"
    assert_whole(run)
