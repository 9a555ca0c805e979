"""Finds a folder of photos of volunteers for the demo, and reads who is in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.core.settings import DecodeLimits
from chiso.interfaces.cli.files import read_file
from chiso.interfaces.cli.rendered import read_rendered
from chiso.interfaces.cli.study import PEOPLE_FILE, read_people
from chiso.services.demo.cast import Volunteer
from chiso.services.enrol import Photo
from chiso.services.volunteers.folder import TERMS_FILE

LONDON_VARIABLE = "CHISO_LONDON"
BESIDE = Path("..") / "shared" / "data" / "london"
GROUP_COLUMN, TONE_COLUMN = "ethnicity", "tone"
_LONDON_DOI = b"10.6084/m9.figshare.5047666"


@dataclass(frozen=True, slots=True)
class PhotoFolder:
    """Volunteers, the digest of what says that they agreed, and those without two photos.

    `is_rendered`: none of them exists; their groups are the skin tones they were rendered at.
    """

    path: Path
    volunteers: tuple[Volunteer, ...]
    evidence_sha256: str
    is_london: bool
    is_rendered: bool
    left_out: tuple[str, ...]


def find_folder(named: Path | None, fetch: Callable[[], Path] | None) -> Path:
    """The folder that was named, or the first there is; fetched only if `fetch` is given.

    Without any of them, the rendered volunteers that Chiso carries. Raises
    ChisoError(DATA_MISSING) where the folder that was named is none.
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
    return wiring.shipped_volunteers() if fetch is None else fetch()


def read_folder(folder: Path) -> PhotoFolder:
    """Everyone in the folder who has two photos: by name, the first enrols, the second is shown."""
    is_rendered = (folder / TERMS_FILE).is_file()
    rendered = {each.name for each in read_rendered(folder).photos} if is_rendered else set()
    volunteers: list[Volunteer] = []
    left_out: list[str] = []
    for each in read_people(folder):
        if len(each.photos) < 2:
            left_out.append(each.subject)
            continue
        if is_rendered:
            _require_rendered(each.photos[:2], rendered)
        reference, probe = (_photo(path) for path in each.photos[:2])
        group = _tone(each.row) if is_rendered else each.row.get(GROUP_COLUMN, "").strip()
        volunteers.append(Volunteer(each.subject, group, reference, probe))
    signed = _what_was_signed(folder)
    return PhotoFolder(
        folder,
        tuple(volunteers),
        hashlib.sha256(signed).hexdigest(),
        _LONDON_DOI in signed,
        is_rendered,
        tuple(left_out),
    )


def _tone(row: Mapping[str, str]) -> str:
    """`tone 05`, so that tones sort by name; all of them where she was rendered at several."""
    return " ".join(["tone", *(each.zfill(2) for each in row.get(TONE_COLUMN, "").split())])


def _require_rendered(photos: Sequence[Path], rendered: set[str]) -> None:
    """The page says that nobody exists: then nobody may be among them who does."""
    for path in photos:
        if path.name not in rendered:
            raise ChisoError(
                Code.BAD_MANIFEST,
                f"{path} lies among rendered photos, and is none: photos.csv does not list it.",
                "Put photos of people in a folder of their own.",
            )


def _photo(path: Path) -> Photo:
    return Photo(path.name, read_file(path, "a photo", DecodeLimits().max_bytes))


def _what_was_signed(folder: Path) -> bytes:
    """The folder's README, which says what its people agreed to; else their list."""
    readme = folder / "README.md"
    return read_file(readme if readme.is_file() else folder / PEOPLE_FILE, "what was signed")
