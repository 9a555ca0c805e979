"""Finds a folder of photos of volunteers for the demo, and reads who is in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.core.settings import DecodeLimits
from chiso.interfaces.cli.files import read_file
from chiso.interfaces.cli.study import PEOPLE_FILE, read_people
from chiso.services.demo.cast import Volunteer
from chiso.services.enrol import Photo

LONDON_VARIABLE = "CHISO_LONDON"
BESIDE = Path("..") / "shared" / "data" / "london"
GROUP_COLUMN = "ethnicity"
_LONDON_DOI = b"10.6084/m9.figshare.5047666"


@dataclass(frozen=True, slots=True)
class PhotoFolder:
    """Volunteers, the digest of what says that they agreed, and those without two photos."""

    path: Path
    volunteers: tuple[Volunteer, ...]
    evidence_sha256: str
    is_london: bool
    left_out: tuple[str, ...]


def find_folder(named: Path | None, fetch: Callable[[], Path] | None) -> Path:
    """The folder that was named, or the first there is; fetched only if `fetch` is given.

    Raises ChisoError(DATA_MISSING) where there is none, with how to get one.
    """
    variable = os.environ.get(LONDON_VARIABLE)
    chosen = named or (Path(variable) if variable else None)
    if chosen is not None:
        if not (chosen / PEOPLE_FILE).is_file():
            raise ChisoError(
                Code.DATA_MISSING,
                f"{chosen} is no folder of volunteers: it has no {PEOPLE_FILE}.",
                "It needs a people.csv with a column `subject`, and photos named after the "
                "subjects: 001_a.jpg, 001_b.jpg, 002_a.jpg …",
            )
        return chosen
    if (BESIDE / PEOPLE_FILE).is_file():
        return BESIDE
    fetched = wiring.fetched_london()
    if fetched is not None:
        return fetched
    if fetch is not None:
        return fetch()
    raise ChisoError(
        Code.DATA_MISSING,
        "The demo needs photos of people who agreed to be shown, and there are none here.",
        "`chiso demo --fetch` (or `make demo ARGS=--fetch`) fetches 53 volunteers of the London "
        "Set, 49 MB, CC BY 4.0: only then is the network used. Or name a folder of your own with "
        f"--data DIR or {LONDON_VARIABLE}: people.csv, and two photos of each person, 001_a.jpg, "
        "001_b.jpg …",
    )


def read_folder(folder: Path) -> PhotoFolder:
    """Everyone in the folder who has two photos: by name, the first enrols, the second is shown."""
    volunteers: list[Volunteer] = []
    left_out: list[str] = []
    for each in read_people(folder):
        if len(each.photos) < 2:
            left_out.append(each.subject)
            continue
        reference, probe = (_photo(path) for path in each.photos[:2])
        group = each.row.get(GROUP_COLUMN, "").strip()
        volunteers.append(Volunteer(each.subject, group, reference, probe))
    signed = _what_was_signed(folder)
    return PhotoFolder(
        folder,
        tuple(volunteers),
        hashlib.sha256(signed).hexdigest(),
        _LONDON_DOI in signed,
        tuple(left_out),
    )


def _photo(path: Path) -> Photo:
    return Photo(path.name, read_file(path, "a photo", DecodeLimits().max_bytes))


def _what_was_signed(folder: Path) -> bytes:
    """The folder's README, which says what its people agreed to; else their list."""
    readme = folder / "README.md"
    return read_file(readme if readme.is_file() else folder / PEOPLE_FILE, "what was signed")
