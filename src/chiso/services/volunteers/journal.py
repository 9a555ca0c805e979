"""What is known of each finished photo, a line each, so that none is rendered twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from chiso.services.volunteers.folder import unwritable, write_whole
from chiso.volunteers.portraits import Portrait

JOURNAL_FILE = "render.jsonl"
_LANDMARK_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """One finished photo: its file, its digest, and all that `photos.csv` says of it."""

    photo: str
    subject: str
    person: int
    capture: int
    tone: int
    sha256: str
    landmarks: Sequence[Sequence[float]]
    person_traits: Mapping[str, str]
    capture_traits: Mapping[str, str]


def facts_of(portrait: Portrait, photo: str, subject: str) -> PhotoFacts:
    """What is worth knowing of a portrait that is to be named so."""
    return PhotoFacts(
        photo=photo,
        subject=subject,
        person=portrait.person,
        capture=portrait.capture,
        tone=portrait.tone,
        sha256=hashlib.sha256(portrait.jpeg).hexdigest(),
        landmarks=[
            [round(float(each), _LANDMARK_DECIMALS) for each in point]
            for point in portrait.landmarks
        ],
        person_traits=dict(portrait.person_traits),
        capture_traits=dict(portrait.capture_traits),
    )


def read_journal(folder: Path) -> dict[str, PhotoFacts]:
    """Facts by photo, of photos that are there as they were written.

    A line that is torn, or was meddled with, or whose photo is gone, counts for nothing.
    """
    try:
        lines = (folder / JOURNAL_FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unwritable(folder / JOURNAL_FILE, error) from error
    known = (_parsed(line) for line in lines)
    return {each.photo: each for each in known if each is not None and _is_there(folder, each)}


def write_journal(folder: Path, photos: Iterable[PhotoFacts]) -> None:
    """Replace the journal by these lines."""
    write_whole(folder / JOURNAL_FILE, b"".join(map(_line, photos)))


def note(folder: Path, photos: Iterable[PhotoFacts]) -> None:
    """Add lines to the journal, once the photos are in their place."""
    path = folder / JOURNAL_FILE
    try:
        with path.open("ab") as file:
            file.write(b"".join(map(_line, photos)))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(path, error) from error


def _line(photo: PhotoFacts) -> bytes:
    return json.dumps(asdict(photo), ensure_ascii=False).encode() + b"\n"


def _parsed(line: bytes) -> PhotoFacts | None:
    try:
        document = json.loads(line)
        if set(document) != {each.name for each in fields(PhotoFacts)}:
            return None
        return PhotoFacts(**document)
    except (ValueError, TypeError):
        return None


def _is_there(folder: Path, photo: PhotoFacts) -> bool:
    try:
        content = (folder / photo.photo).read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content).hexdigest() == photo.sha256
