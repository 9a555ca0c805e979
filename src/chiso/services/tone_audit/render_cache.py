"""Keeps rendered portraits on disk, so that a second model is probed without rendering again."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from chiso.core.errors import ChisoError, Code
from chiso.volunteers.portraits import Portrait

_INDEX = "portraits.json"
_FORMAT = "chiso-portraits-1"
ABANDONED_AFTER = timedelta(hours=1)
"""Writing a file takes a second at most: what is half written for longer, nobody is writing."""
_DAMAGED = (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError)
# One moment for every entry: the same portraits are the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class RenderCache:
    """Portraits of one studio at one size: a file for each person and capture, with all tones.

    A file is a zip archive, not compressed: the JPEGs as the studio made them, and an index with
    their SHA-256, landmarks and traits. One that is damaged, cut or another studio's is as if it
    were not there.
    """

    folder: Path
    studio: str
    size_px: int

    def read(self, person: int, capture: int, tones: Sequence[int]) -> tuple[Portrait, ...] | None:
        """The portraits of a person seed and a capture seed at these tones, if they are here."""
        try:
            with zipfile.ZipFile(self._path(person, capture)) as archive:
                index = json.loads(archive.read(_INDEX))
                if index["studio"] != self.studio or index["format"] != _FORMAT:
                    return None
                portraits = {each["tone"]: each for each in index["portraits"]}
                read = [
                    self._portrait(archive, index, portraits[tone], person, capture)
                    for tone in tones
                ]
        except _DAMAGED:
            return None
        whole = [each for each in read if each is not None]
        return tuple(whole) if len(whole) == len(read) else None

    def write(self, portraits: Sequence[Portrait]) -> None:
        """Keep the portraits of one person in one capture; the file appears whole or not at all.

        Raises ChisoError(FILE_UNREADABLE) where the folder cannot be written to.
        """
        path = self._path(portraits[0].person, portraits[0].capture)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(
                dir=path.parent, prefix=f".{path.stem}.", suffix=".part"
            )
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    self._fill(stream, portraits)
                Path(temporary).replace(path)
            finally:
                Path(temporary).unlink(missing_ok=True)
        except OSError as error:
            raise ChisoError(
                Code.FILE_UNREADABLE,
                f"Portraits cannot be kept in {self.folder} ({error.strerror}).",
                "Name another folder with --cache.",
            ) from error

    def sweep(self, now: datetime) -> None:
        """Remove what renders that were interrupted left half written.

        Not what is younger than ABANDONED_AFTER: another process may be writing it.
        """
        for left in self._shelf.glob(".*.part"):
            with suppress(FileNotFoundError):  # another sweep was faster
                if datetime.fromtimestamp(left.stat().st_mtime, UTC) < now - ABANDONED_AFTER:
                    left.unlink()

    @property
    def _shelf(self) -> Path:
        return self.folder / f"{self.studio[:16]}-{self.size_px}px"

    def _path(self, person: int, capture: int) -> Path:
        return self._shelf / f"{person:016x}-{capture:016x}.zip"

    def _fill(self, stream: Any, portraits: Sequence[Portrait]) -> None:
        first = portraits[0]
        index = {
            "format": _FORMAT,
            "studio": self.studio,
            "person_traits": dict(first.person_traits),
            "capture_traits": dict(first.capture_traits),
            "portraits": [
                {
                    "tone": each.tone,
                    "sha256": hashlib.sha256(each.jpeg).hexdigest(),
                    "landmarks": each.landmarks.tolist(),
                }
                for each in portraits
            ],
        }
        with zipfile.ZipFile(stream, "w") as archive:
            for each in portraits:
                archive.writestr(zipfile.ZipInfo(_photo(each.tone), _EPOCH), each.jpeg)
            text = json.dumps(index, sort_keys=True)
            archive.writestr(zipfile.ZipInfo(_INDEX, _EPOCH), text)

    def _portrait(
        self,
        archive: zipfile.ZipFile,
        index: dict[str, Any],
        entry: dict[str, Any],
        person: int,
        capture: int,
    ) -> Portrait | None:
        jpeg = archive.read(_photo(entry["tone"]))
        if hashlib.sha256(jpeg).hexdigest() != entry["sha256"]:
            return None
        landmarks = np.array(entry["landmarks"], dtype=np.float32).reshape(5, 2)
        return Portrait(
            person=person,
            capture=capture,
            tone=entry["tone"],
            jpeg=jpeg,
            size_px=self.size_px,
            landmarks=landmarks,
            person_traits=index["person_traits"],
            capture_traits=index["capture_traits"],
        )


def _photo(tone: int) -> str:
    return f"tone-{tone:02d}.jpg"
