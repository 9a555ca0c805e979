"""A folder made by `chiso volunteers render`: its lists, and every photo as it was rendered."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from chiso.core.errors import ChisoError, Code
from chiso.interfaces.cli.files import read_file
from chiso.interfaces.cli.study import read_people
from chiso.services.volunteers.comparing import RenderedPhoto, RenderedSet
from chiso.services.volunteers.folder import TERMS_FILE
from chiso.services.volunteers.lists import PEOPLE_FILE, PHOTOS_FILE
from chiso.volunteers.portraits import TONES

_LANDMARKS = ("image_left_eye", "image_right_eye", "nose", "image_left_mouth", "image_right_mouth")
_MADE_BY = "`chiso volunteers render --people 24 --captures 4 --one-tone --out DIR` makes one."


def read_rendered(folder: Path) -> RenderedSet:
    """Every photo that a folder's `photos.csv` lists.

    A photo whose SHA-256 is not the listed one is refused: what was swapped afterwards is not
    taken for a render. Whoever writes the list is believed. Raises ChisoError: DATA_MISSING,
    BAD_MANIFEST, FILE_MISSING, FILE_UNREADABLE, DIGEST_MISMATCH.
    """
    if not folder.is_dir():
        raise ChisoError(Code.DATA_MISSING, f"There is no folder {folder}.", _MADE_BY)
    for name in (TERMS_FILE, PEOPLE_FILE, PHOTOS_FILE):
        if not (folder / name).is_file():
            raise ChisoError(
                Code.DATA_MISSING,
                f"{folder} is no finished folder of rendered people: it has no {name}.",
                _MADE_BY,
            )
    subjects = {each.subject for each in read_people(folder)}
    photos = _photos(folder)
    unlike = subjects ^ {each.subject for each in photos}
    if unlike:
        raise _bad(folder / PHOTOS_FILE, f"{min(unlike)} is not both in it and in {PEOPLE_FILE}")
    return RenderedSet(photos, _studio(folder / TERMS_FILE))


def _studio(path: Path) -> str:
    """The digest of the studio that rendered."""
    try:
        return str(json.loads(read_file(path, "the terms of a rendering"))["studio"])
    except (ValueError, KeyError, TypeError) as error:
        raise _bad(path, f"it names no studio ({error!r})") from error


def _photos(folder: Path) -> list[RenderedPhoto]:
    path = folder / PHOTOS_FILE
    try:
        text = read_file(path, "the list of photos").decode()
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad(path, f"it is not CSV in UTF-8 ({error})") from error
    if not rows:
        raise _bad(path, "it has no rows")
    photos: dict[str, RenderedPhoto] = {}
    for line, row in enumerate(rows, start=2):
        try:
            photo = _photo(folder, row)
        except (KeyError, ValueError, TypeError) as error:
            raise _bad(path, f"line {line} is of no photo ({error!r})") from error
        if photo.name in photos:
            raise _bad(path, f"{photo.name} is in it twice")
        photos[photo.name] = photo
    return list(photos.values())


def _photo(folder: Path, row: Mapping[str, str]) -> RenderedPhoto:
    """A row's photo. Raises KeyError, ValueError or TypeError where the row is not one."""
    name, tone = row["photo"], int(row["tone"])
    if name != Path(name).name or tone not in TONES:
        raise ValueError(f"{name} at tone {tone}")
    points = [[float(row[f"{each}_{axis}_px"]) for axis in "xy"] for each in _LANDMARKS]
    landmarks = np.array(points, np.float32)
    if not np.isfinite(landmarks).all() or (landmarks[0] == landmarks[1]).all():
        raise ValueError("its landmarks are no face's")
    capture, subject, sha256 = int(row["capture"]), row["subject"], row["sha256"]
    if not 0 <= capture < 2**63:
        raise ValueError(f"capture {capture}")
    return RenderedPhoto(name, subject, tone, capture, landmarks, _content(folder / name, sha256))


def _content(path: Path, sha256: str) -> bytes:
    if not path.exists():
        raise ChisoError(
            Code.FILE_MISSING,
            f"{PHOTOS_FILE} lists {path.name}, and it is not in {path.parent}.",
            "Run the `chiso volunteers render` that made the folder again: it adds what is "
            "missing.",
        )
    content = read_file(path, "a photo")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ChisoError(
            Code.DIGEST_MISMATCH,
            f"{path} is not the photo that was rendered: its SHA-256 is not that in {PHOTOS_FILE}.",
            "Remove it, and run the `chiso volunteers render` that made the folder again.",
        )
    return content


def _bad(path: Path, why: str) -> ChisoError:
    return ChisoError(
        Code.BAD_MANIFEST,
        f"{path} is not as `chiso volunteers render` writes it: {why}.",
        "Run the command that made the folder again, or name another folder.",
    )
