"""The folders of photos in a home that audits may be run on: `studies/NAME/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chiso.core.errors import ChisoError
from chiso.interfaces.cli.study import PEOPLE_FILE, read_people
from chiso.services.home import Home
from chiso.services.people import not_found

FOLDER = "studies"
CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class PhotoFolder:
    """A folder of photos. `consent`: what its people signed; None where it is not there yet."""

    path: Path
    columns: tuple[str, ...]
    people: int
    photos: int
    consent: Path | None
    problem: ChisoError | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.name

    @property
    def is_ready(self) -> bool:
        """Whether an audit can be run on it."""
        return self.problem is None and self.consent is not None


def photo_folders(home: Home) -> list[PhotoFolder]:
    """Every folder of photos of this home, by name."""
    place = home.path / FOLDER
    folders = sorted(place.iterdir()) if place.is_dir() else []
    return [_folder(each) for each in folders if (each / PEOPLE_FILE).is_file()]


def photo_folder(home: Home, name: str) -> PhotoFolder:
    """The folder of that name. Raises NOT_FOUND."""
    for each in photo_folders(home):
        if each.name == name:
            return each
    raise not_found("folder of photos")


def _folder(path: Path) -> PhotoFolder:
    consent = next((each for each in sorted(path.iterdir()) if each.stem == CONSENT), None)
    try:
        people = read_people(path)
    except ChisoError as error:
        return PhotoFolder(path, (), 0, 0, consent, error)
    columns = tuple(name.strip() for name in people[0].row if name.strip() != "subject")
    return PhotoFolder(path, columns, len(people), sum(len(x.photos) for x in people), consent)
