"""The manifest of `chiso enrol --manifest`: a CSV file, one row a photo."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from chiso.core.consent import Mode
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.cli.agreements import modes_from, until
from chiso.interfaces.cli.files import read_file, sha256_of
from chiso.services.enrol import Agreement

REQUIRED = ("subject", "photo", "purpose", "modes", "expires", "evidence")
OPTIONAL = ("notice", "guardian", "language")


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One row, parsed. Paths are relative to the manifest's folder. `line` counts from 1."""

    line: int
    subject: str
    photo: Path
    purpose: str
    modes: frozenset[Mode]
    expires: datetime
    evidence: Path
    notice: Path | None
    guardian: str | None
    language: str

    def agreement(self) -> Agreement:
        """The row as an agreement; reads the evidence and the notice for their digests."""
        return Agreement(
            subject=self.subject,
            purpose=self.purpose,
            modes=self.modes,
            expires=self.expires,
            evidence_sha256=sha256_of(self.evidence, "the evidence"),
            notice_sha256=None if self.notice is None else sha256_of(self.notice, "the notice"),
            guardian=self.guardian,
            language=self.language,
        )


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be parsed, and why."""

    line: int
    error: ChisoError


def read_manifest(path: Path) -> list[ManifestRow | BadRow]:
    """Every row of a manifest, good or bad. Raises ChisoError(BAD_MANIFEST) if it is none."""
    try:
        text = read_file(path, "the manifest").decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = [column.strip() for column in reader.fieldnames or ()]
        reader.fieldnames = columns
        missing = [column for column in REQUIRED if column not in columns]
        unknown = [column for column in columns if column not in REQUIRED + OPTIONAL]
        if missing or unknown:
            raise _bad(path, _columns_message(missing, unknown))
        return [_row(path.parent, reader.line_num, cells) for cells in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad(path, f"it is not CSV in UTF-8 ({error})") from error


def _row(
    folder: Path, line: int, cells: dict[str | None, str | list[str] | None]
) -> ManifestRow | BadRow:
    try:
        text = _texts(cells)
        empty = [column for column in REQUIRED if not text[column]]
        if empty:
            raise ChisoError(
                Code.BAD_MANIFEST, f"{', '.join(empty)} is empty.", "Fill it in, and run again."
            )
        return ManifestRow(
            line=line,
            subject=text["subject"],
            photo=folder / text["photo"],
            purpose=text["purpose"],
            modes=modes_from(text["modes"]),
            expires=until(text["expires"]),
            evidence=folder / text["evidence"],
            notice=folder / text["notice"] if text.get("notice") else None,
            guardian=text.get("guardian") or None,
            language=text.get("language") or "en",
        )
    except ChisoError as error:
        return BadRow(line, error)


def _texts(cells: dict[str | None, str | list[str] | None]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for column, cell in cells.items():
        if column is None or not isinstance(cell, str):
            raise ChisoError(
                Code.BAD_MANIFEST,
                "It has more or fewer cells than there are columns.",
                "Put cells that contain a comma in double quotes.",
            )
        texts[column] = cell.strip()
    return texts


def _columns_message(missing: list[str], unknown: list[str]) -> str:
    parts = []
    if missing:
        parts.append(f"it has no column {', '.join(missing)}")
    if unknown:
        parts.append(f"nobody knows its column {', '.join(unknown)}")
    return " and ".join(parts)


def _bad(path: Path, why: str) -> ChisoError:
    return ChisoError(
        Code.BAD_MANIFEST,
        f"{path} is not a manifest: {why}.",
        f"Its first line must name the columns {','.join(REQUIRED)} "
        f"(and may name {','.join(OPTIONAL)}).",
    )
