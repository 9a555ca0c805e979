"""A folder of photos to measure with: `people.csv`, and files named after the people."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from chiso.core.errors import ChisoError, Code
from chiso.interfaces.cli.files import read_file, sha256_of
from chiso.services.fit import Study, StudyPhoto

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
PEOPLE_FILE = "people.csv"


def read_people(folder: Path) -> list[dict[str, str]]:
    """Rows of a folder's `people.csv`: `subject`, and whatever people said of themselves."""
    path = folder / PEOPLE_FILE
    try:
        text = read_file(path, "the list of people").decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad(path, f"it is not CSV in UTF-8 ({error})") from error
    if not rows or not rows[0].get("subject"):
        raise _bad(path, "it has no column `subject`, or no rows")
    return rows


def photos_of(folder: Path, subject: str) -> list[Path]:
    """Photos whose name is the subject's, alone or followed by `_` and anything; by name."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PHOTO_SUFFIXES
        and (path.stem == subject or path.stem.startswith(f"{subject}_"))
    )


def read_study(folder: Path, consent: Path, grouped_by: str | None) -> Study:
    """Every photo of everyone in a folder, with the group of column `grouped_by`."""
    rows = read_people(folder)
    if grouped_by is not None and grouped_by not in rows[0]:
        raise _bad(folder / PEOPLE_FILE, f"it has no column {grouped_by!r}")
    photos = [
        StudyPhoto(
            subject=row["subject"],
            group=row[grouped_by].strip() if grouped_by else "",
            name=path.name,
            content=read_file(path, "a photo"),
        )
        for row in rows
        for path in photos_of(folder, row["subject"])
    ]
    if not photos:
        raise ChisoError(
            Code.DATA_MISSING,
            f"{folder} has no photos of the people in its {PEOPLE_FILE}.",
            "Name each photo after its subject: 001_a.jpg, 001_b.jpg, 002_a.jpg …",
        )
    digest = sha256_of(consent, "what these people signed")
    return Study(folder.resolve().name, photos, digest, grouped_by or "")


def _bad(path: Path, why: str) -> ChisoError:
    return ChisoError(
        Code.BAD_MANIFEST,
        f"{path} is not a list of people: {why}.",
        "Its first line must name a column `subject`; others hold what people said of themselves.",
    )
