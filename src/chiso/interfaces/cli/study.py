"""A folder of photos to measure with: `people.csv`, and files named after the people."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chiso.core.errors import ChisoError, Code
from chiso.core.labels import label_from
from chiso.interfaces.cli.files import name_of, read_file, sha256_of
from chiso.services.fit import Study
from chiso.services.study_photos import StudyPhoto

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
PEOPLE_FILE = "people.csv"


@dataclass(frozen=True, slots=True)
class PhotographedPerson:
    """A row of `people.csv` by column, and her photos by name."""

    row: dict[str, str]
    photos: tuple[Path, ...]

    @property
    def subject(self) -> str:
        """What her photos are named after."""
        return self.row["subject"]


def read_people(folder: Path) -> list[PhotographedPerson]:
    """Everyone in a folder's `people.csv`, with her photos.

    Hers are those whose name is hers, alone or followed by `_` and anything. Raises
    ChisoError(BAD_MANIFEST) where the list is none, or where one photo would be two people's.
    """
    path = folder / PEOPLE_FILE
    rows = _rows(path)
    photos: dict[str, list[Path]] = {row["subject"]: [] for row in rows}
    for photo in sorted(folder.iterdir()):
        if photo.suffix.lower() not in PHOTO_SUFFIXES:
            continue
        owners = [subject for subject in _subjects_in(photo.stem) if subject in photos]
        if len(owners) > 1:
            raise _bad(path, f"{photo.name} would be a photo of {' and of '.join(owners)}")
        for owner in owners:
            photos[owner].append(photo)
    return [PhotographedPerson(row, tuple(photos[row["subject"]])) for row in rows]


def _subjects_in(stem: str) -> list[str]:
    """Every subject that a photo of this name may be of: `001_a_x` of 001, 001_a and 001_a_x."""
    parts = stem.split("_")
    return ["_".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = read_file(path, "the list of people").decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        rows: dict[str, dict[str, str]] = {}
        for row in reader:
            if None in row or None in row.values():
                raise _bad(path, f"line {reader.line_num} has more or fewer cells than columns")
            subject = row.get("subject")
            if not subject:
                raise _bad(path, f"line {reader.line_num} names no subject")
            if subject in rows:
                raise _bad(path, f"{subject} is in it twice")
            rows[subject] = row
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad(path, f"it is not CSV in UTF-8 ({error})") from error
    if not rows:
        raise _bad(path, "it has no rows")
    return list(rows.values())


def reported(folder: Path, people: Sequence[PhotographedPerson], column: str) -> list[str]:
    """What each person reported in a column of `people.csv`, written one way; "" for nothing.

    Raises ChisoError: BAD_MANIFEST where there is no such column, BAD_ARGUMENT for what cannot be
    a label.
    """
    columns = [each.strip() for each in people[0].row]
    if column not in columns:
        raise ChisoError(
            Code.BAD_MANIFEST,
            f"{folder / PEOPLE_FILE} has no column {column}; it has {', '.join(columns)}.",
            "Name one of them with --by, or add what people reported of themselves.",
        )
    written = list(people[0].row)[columns.index(column)]
    cells = [each.row[written].strip() for each in people]
    return [label_from(each, column) if each else "" for each in cells]


def read_study(folder: Path, consent: Path, grouped_by: str | None) -> Study:
    """Every photo of everyone in a folder, with the group of column `grouped_by`."""
    people = read_people(folder)
    groups = [""] * len(people) if grouped_by is None else reported(folder, people, grouped_by)
    subjects = [(each.subject, group) for each, group in zip(people, groups, strict=True)]
    photos = study_photos(folder, people)
    digest = sha256_of(consent, "what these people signed")
    return Study(name_of(folder), subjects, photos, digest, grouped_by or "")


def study_photos(folder: Path, people: Sequence[PhotographedPerson]) -> tuple[StudyPhoto, ...]:
    """Everyone's photos, to be read one by one. Raises ChisoError(DATA_MISSING) for none."""
    photos = tuple(
        StudyPhoto(index, path.name, partial(read_file, path, "a photo"))
        for index, each in enumerate(people)
        for path in each.photos
    )
    if not photos:
        raise ChisoError(
            Code.DATA_MISSING,
            f"{folder} has no photos of the people in its {PEOPLE_FILE}.",
            "Name each photo after its subject: 001_a.jpg, 001_b.jpg, 002_a.jpg and so on.",
        )
    return photos


def _bad(path: Path, why: str) -> ChisoError:
    return ChisoError(
        Code.BAD_MANIFEST,
        f"{path} is not a list of people: {why}.",
        "Its first line must name a column `subject`, each other line a person of her own; no "
        "subject may begin with another's name and `_`, where both have photos.",
    )
