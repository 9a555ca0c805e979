"""CSV files read by polars, and the line of what it cannot read, found by reading again slowly."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

import polars as pl

from chiso.adapters.tables.opening import bad_table
from chiso.core.errors import ChisoError

_NO_CSV = "Save the table as CSV: UTF-8, commas between cells, one comparison a line."
_QUOTES = (
    "Put a cell that holds a comma or a quote in double quotes, and write a quote inside it "
    'twice: "".'
)
_LINE_ENDS = "End each line with a line feed, or with a carriage return and a line feed."
_MAX_CELL_CHARACTERS = 1 << 20


def csv_headings(path: Path) -> list[str]:
    """Names of the columns, trimmed, from the first line. Raises ChisoError(BAD_TABLE)."""
    _, cells = next(_records(path), (1, []))
    headings = [cell.strip() for cell in cells]
    if not all(map(_is_unicode, headings)):
        raise bad_table(path, "its first line is not text in UTF-8", _NO_CSV)
    for delimiter, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(headings) == 1 and delimiter in headings[0]:
            raise bad_table(path, f"its cells are separated by {name}, not by commas", _NO_CSV)
    return headings


def read_csv(path: Path, labels: Sequence[str], numbers: Sequence[str]) -> pl.DataFrame:
    """These columns of a CSV file, labels as Categorical and numbers as the text they are.

    A missing or empty cell is null. Raises ChisoError(BAD_TABLE), naming the line, where the file
    is not CSV in UTF-8 or a line has more cells than there are columns.
    """
    headings = csv_headings(path)
    kinds = dict.fromkeys(labels, pl.Categorical) | dict.fromkeys(numbers, pl.String)
    # Columns go by their place, named as polars does: headings may have spaces, or be there twice.
    schema = {
        f"column_{place}": kinds.get(name, pl.String) for place, name in enumerate(headings, 1)
    }
    wanted = {f"column_{headings.index(name) + 1}": name for name in kinds}
    try:
        frame = pl.read_csv(
            path,
            has_header=False,
            skip_lines=_lines_of_headings(path),
            schema=schema,
            columns=list(wanted),
            missing_columns="insert",  # where the first row has too few cells: they are null
            raise_if_empty=False,
        )
    except pl.exceptions.PolarsError as error:
        raise _diagnosis(path, len(headings), error) from error
    return _without_blank_lines(path, frame.rename(wanted))


def _lines_of_headings(path: Path) -> int:
    """Lines up to and with the headings."""
    with _text(path) as stream:
        reader = csv.reader(stream, strict=True)
        next(reader)
        return reader.line_num


def line_place(path: Path) -> Callable[[int], str]:
    """What tells on which line a row begins, rows counted from 0 after the headings.

    Lines are counted from 1; blank ones are no rows.
    """

    def place(row: int) -> str:
        rows = (line for line, cells in _records(path) if cells)
        return f"line {next(islice(rows, row + 1, None))}"

    return place


def _without_blank_lines(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """Polars reads a blank line as a row of nulls; a row of empty cells must stay one."""
    if not len(frame) or not frame.select(pl.all_horizontal(pl.all().is_null()).any()).item():
        return frame
    blank = [not cells for _, cells in _records(path)][1:]
    # A line of one empty cell too few, at the end of the file, is none to polars.
    kept = pl.Series([not each for each in blank[: len(frame)]])
    return frame.filter(kept)


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every record and the line, counted from 1, on which it begins.

    Raises ChisoError(BAD_TABLE), naming the line, at one that is not CSV: stricter than polars is.
    """
    csv.field_size_limit(_MAX_CELL_CHARACTERS)
    line = 1
    with _text(path) as stream:
        reader = csv.reader(stream, strict=True)
        try:
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            if "new-line" in str(error):
                what = f"line {line} holds a carriage return within a cell, or ends with one"
                raise bad_table(path, what, _LINE_ENDS) from error
            what = f"line {line}: a cell is not quoted as CSV is ({error})"
            raise bad_table(path, what, _QUOTES) from error


def _text(path: Path) -> TextIO:
    """Bytes that are not UTF-8 come through as lone surrogates, so that their line can be named.

    Lines end where polars ends them, at a line feed.
    """
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n")


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _diagnosis(path: Path, columns: int, error: pl.exceptions.PolarsError) -> ChisoError:
    """Which line polars could not read, and why."""
    try:
        for line, cells in _records(path):
            if len(cells) > columns:
                what = f"line {line} has {len(cells)} cells, and there are {columns} columns"
                return bad_table(path, what, _QUOTES)
            if not all(map(_is_unicode, cells)):
                return bad_table(path, f"line {line} is not text in UTF-8", _NO_CSV)
    except ChisoError as refusal:
        return refusal
    reason = str(error).splitlines()[0]
    # Nothing is wrong with the records, so polars parted them otherwise: at a quote within a cell.
    suspect = _first_line_with_a_lone_quote(path)
    if suspect is not None:
        return bad_table(path, f"line {suspect} cannot be read as CSV ({reason})", _QUOTES)
    return bad_table(path, f"it cannot be read as CSV ({reason})", _NO_CSV)


def _first_line_with_a_lone_quote(path: Path) -> int | None:
    with _text(path) as stream:
        return next((at for at, line in enumerate(stream, 1) if line.count('"') % 2), None)
