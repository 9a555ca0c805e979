"""A small home to copy for each run, the photos of its people, and what the models say of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from tests.faults.recorded import record, recorded_engine

from chiso import wiring
from chiso.core.consent import Mode
from chiso.core.ports import Detector, Embedder
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.home import Engine, Home

PURPOSE = "clinic door"
PEOPLE = tuple(f"kit-person-{number}" for number in ("001", "002", "004", "005", "006", "007"))
AT_FIRST = PEOPLE[:3]
"""Who is enrolled in the home that runs begin with, each with her first photo."""
_NUMBER = slice(-3, None)
_TAKES = ("01", "02")


@dataclass(frozen=True)
class Kit:
    """A folder that holds `home`, `models.npz` and the photos. Reading it loads no model."""

    folder: Path

    @property
    def home(self) -> Path:
        """The home to copy; nobody may work in it."""
        return self.folder / "home"

    @cached_property
    def engine(self) -> Engine:
        """Both models, as recorded."""
        return recorded_engine(self.folder / "models.npz")

    def photo(self, label: str, take: int) -> Photo:
        """The first (0) or second (1) photo of a person."""
        file = self.folder / f"{label}.{take}.jpg"
        return Photo(file.name, file.read_bytes())

    def copied(self, target: Path) -> Path:
        """A fresh copy of the home at `target`."""
        shutil.copytree(self.home, target)
        return target

    def opened(self, directory: Path) -> Home:
        """A copy, opened as a command opens it: what a crash left unfinished is finished now."""
        return replace(wiring.open_home(directory), engine=lambda: self.engine)


def agreement(label: str) -> Agreement:
    """What everyone of the kit says yes to."""
    until = datetime(2099, 1, 1, tzinfo=UTC)
    return Agreement(label, PURPOSE, frozenset(Mode), until, "ab" * 32)


def make_kit(folder: Path, photos: Path, detector: Detector, embedder: Embedder) -> Kit:
    """Fill `folder` from rendered people, who do not exist; asks the real models, once."""
    for label in PEOPLE:
        for take, name in enumerate(_TAKES):
            (found,) = photos.glob(f"{label[_NUMBER]}_*_{name}.jpg")
            shutil.copy(found, folder / f"{label}.{take}.jpg")
    contents = [each.read_bytes() for each in sorted(folder.glob("*.jpg"))]
    record(detector, embedder, contents, folder / "models.npz")
    kit = Kit(folder)
    wiring.make_home(kit.home, "Mbare Clinic", "offline")[0].store.close()
    home = kit.opened(kit.home)
    for label in AT_FIRST:
        assert isinstance(enrol(home, agreement(label), [kit.photo(label, 0)]), Enrolled)
    home.store.close()
    return kit
