"""`python -m bench`: every measurement, in one table. Status 1 where a target is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench import (
    accuracy,
    audit,
    capture,
    command,
    log,
    london,
    million,
    pages,
    serving,
    volunteers,
)
from bench.rows import Row, as_json, as_table

_NO_PHOTOS = (
    "No London photos: {} not measured. Name their folder in CHISO_LONDON, "
    "or put it at ../shared/data/london."
)
_NO_BROWSER = "No Playwright or no Chromium: pages were not loaded. `make test` installs the first."
_NO_RENDERER = "No anny or no mitsuba: rendering was not measured. `make volunteers` installs both."


def main() -> int:
    """Measure, print, and say by the status whether every target was met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--no-million", action="store_true", help="leave out the slow, large part")
    parser.add_argument("--no-audit", action="store_true", help="leave out the audit at scale")
    parser.add_argument(
        "--no-volunteers", action="store_true", help="leave out rendering, which takes long too"
    )
    options = parser.parse_args()
    photos = london.folder()
    rows = capture.measured(photos)
    skipped = [] if photos else [_NO_PHOTOS.format("the way from photo to template was")]
    needing_photos: tuple[tuple[str, Callable[[Path], list[Row]]], ...] = (
        ("`chiso verify` was", command.measured),
        ("error rates were", accuracy.measured),
        ("serving was", serving.measured),
    )
    for what, measured in needing_photos:
        if photos is None:
            skipped.append(_NO_PHOTOS.format(what))
        else:
            rows += measured(photos)
    if photos is not None and pages.can_open():
        rows += pages.measured(photos)
    else:
        skipped.append(_NO_BROWSER if photos else _NO_PHOTOS.format("loading pages was"))
    rows += log.measured(photos)
    if photos is None:
        skipped.append(_NO_PHOTOS.format("`identify` with its leaf was"))
    if options.no_million:
        skipped.append("The million references and the long logs were left out, as asked.")
    else:
        rows += million.measured()
        rows += log.million_measured()
    if options.no_audit:
        skipped.append("The audit at scale was left out, as asked.")
    else:
        rows += audit.measured()
        skipped += [] if audit.peer_python() else [audit.NO_PEER]
    if options.no_volunteers:
        skipped.append("Rendered volunteers were left out, as asked.")
    elif volunteers.can_render():
        rows += volunteers.measured()
    else:
        skipped.append(_NO_RENDERER)
    print(as_json(rows, skipped) if options.json else as_table(rows))
    return _verdict(rows, skipped)


def _verdict(rows: list[Row], skipped: list[str]) -> int:
    missed = [row.what.strip() for row in rows if row.met is False]
    for line in [*skipped, *(f"MISSED: {what}" for what in missed)]:
        print(line, file=sys.stderr)
    if not missed:
        print("Every target that was measured is met.", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
