"""The manifest of `chiso enrol --manifest`: a CSV file, one row a photo."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from chiso.core.consent import Mode
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.agreements import guardian_from, language_from, modes_from, until
from chiso.interfaces.cli.files import read_file, sha256_of
from chiso.services.enrol import Agreement

REQUIRED = ("subject", "photo", "purpose", "modes", "evidence")
OPTIONAL = ("expires", "notice", "guardian", "language")


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One row, parsed. Paths are relative to the manifest's folder. `line` counts from 1."""

    line: int
    subject: str
    photo: Path
    purpose: str
    modes: frozenset[Mode]
    expires: datetime | None
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
    # Bytes that are not UTF-8 come through as lone surrogates, so that they spoil one row each.
    text = read_file(path, "the manifest").decode("utf-8-sig", errors="surrogateescape")
    lines = list(io.StringIO(text, newline=""))
    try:
        heading = _next_record(lines, 0)
    except csv.Error as error:
        raise _bad(path, f"it is not CSV in UTF-8 ({error})") from error
    columns = [column.strip() for column in heading.cells]
    if not all(map(_is_unicode, columns)):
        raise _bad(path, "it is not CSV in UTF-8")
    missing = [column for column in REQUIRED if column not in columns]
    unknown = [column for column in columns if column not in REQUIRED + OPTIONAL]
    if missing or unknown:
        raise _bad(path, _columns_message(missing, unknown))
    return list(_rows(path.parent, columns, lines, heading.line))


@dataclass(frozen=True, slots=True)
class _Record:
    """Cells of one record, and its last line, counted from 1."""

    cells: list[str]
    line: int


def _next_record(lines: Sequence[str], start: int) -> _Record:
    """The first record at or after line `start`, counted from 0; no cells at the end of the file.

    Raises csv.Error.
    """
    reader = csv.reader(islice(lines, start, None), strict=True)
    cells = next((cells for cells in reader if cells), [])
    return _Record(cells, start + reader.line_num)


def _rows(
    folder: Path, columns: list[str], lines: Sequence[str], start: int
) -> Iterator[ManifestRow | BadRow]:
    """Rows from line `start` on. A quote that is never closed costs its own line and no other."""
    while start < len(lines):
        if not lines[start].strip("\r\n"):
            start += 1
            continue
        try:
            record = _next_record(lines, start)
        except csv.Error as error:
            yield BadRow(start + 1, _ill_quoted(str(error)))
            start += 1
            continue
        if record.line > start + 1 and len(record.cells) != len(columns):
            yield BadRow(start + 1, _ill_quoted("a quote that opens in it closes in another row"))
            start += 1
            continue
        yield _row(folder, record.line, columns, record.cells)
        start = record.line


def _row(folder: Path, line: int, columns: list[str], cells: list[str]) -> ManifestRow | BadRow:
    try:
        text = _texts(columns, cells)
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
            expires=until(text["expires"]) if text.get("expires") else None,
            evidence=folder / text["evidence"],
            notice=folder / text["notice"] if text.get("notice") else None,
            guardian=guardian_from(text.get("guardian") or None),
            language=language_from(text.get("language") or "en"),
        )
    except ChisoError as error:
        return BadRow(line, error)


def _texts(columns: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise ChisoError(
            Code.BAD_MANIFEST,
            "It has more or fewer cells than there are columns.",
            "Put cells that contain a comma in double quotes.",
        )
    if not all(map(_is_unicode, cells)):
        raise ChisoError(
            Code.BAD_MANIFEST, "It is not text in UTF-8.", "Save the manifest as CSV in UTF-8."
        )
    return dict(zip(columns, (cell.strip() for cell in cells), strict=True))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _ill_quoted(why: str) -> ChisoError:
    return ChisoError(
        Code.BAD_MANIFEST,
        f"It is not quoted as CSV is: {why}.",
        'Put the whole cell in double quotes, and write a quote inside it twice: "".',
    )


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
