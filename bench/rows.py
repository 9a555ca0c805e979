"""The rows that a benchmark reports, as a table for people and as JSON for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One thing measured. `met` is None where there is no target, only something to know."""

    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None


_HEADINGS = ("", "what", "ours", "peer", "ratio", "target")
_MARKS = {True: "✓", False: "✗", None: " "}


def as_table(rows: Sequence[Row]) -> str:
    """Columns of equal width, one line a row; ✓ met, ✗ missed."""
    cells = [_HEADINGS]
    cells += [
        (_MARKS[row.met], row.what, row.ours, row.peer, row.ratio, row.target) for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "─" * len(max(lines, key=len)), *lines[1:]])


def as_json(rows: Sequence[Row], skipped: Sequence[str]) -> str:
    """The same, for scripts."""
    missed = [row.what for row in rows if row.met is False]
    document = {"rows": [asdict(row) for row in rows], "missed": missed, "skipped": list(skipped)}
    return json.dumps(document, ensure_ascii=False, indent=1)
