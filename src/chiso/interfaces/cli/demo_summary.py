"""The demo's summary: a page of terminal for a person, one object for a script."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chiso.interfaces.cli.records import record_document
from chiso.interfaces.demo_report import words
from chiso.interfaces.demo_report.wording import Wording
from chiso.services.demo.errors import GroupErrors, errors_by_group
from chiso.services.demo.results import DemoResult
from chiso.services.demo.verdict import unexpected

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH_COLUMNS = 92


def show_summary(result: DemoResult, wording: Wording, report: Path) -> None:
    """Print the story on standard output."""
    from rich.console import Console  # rich takes as long to import as a face takes to recognise
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False, markup=False, soft_wrap=False)
    console.width = min(console.width, _WIDTH_COLUMNS) if sys.stdout.isatty() else _WIDTH_COLUMNS

    def paragraph(text: str, style: str = "") -> None:
        console.print(Padding(Text(text, style=style), (0, 2), expand=False))

    groups = errors_by_group(result.shown)
    people = len(result.cast.everyone)
    console.print()
    paragraph(f"Chiso, the whole story: {people} volunteers, {result.elapsed_s:.1f} s", "bold")
    if wording.notice:
        paragraph(wording.notice, "yellow")
    console.print()
    console.print(Padding(_findings(result), (0, 2), expand=False))
    console.print()
    paragraph(f"Errors, {wording.by_group}", "bold")
    console.print(Padding(_groups(groups), (0, 2), expand=False))
    paragraph(words.parity(groups), "dim")
    console.print()
    paragraph("Time, as the caller waits", "bold")
    console.print(Padding(_timings(result), (0, 2), expand=False))
    console.print()
    threshold = result.threshold
    paragraph(
        f"A match is {threshold.value:.3f} or more, by record {threshold.record_id}, fitted to "
        f"{threshold.people} people. If they are those above, these counts show that fit and "
        "prove nothing about other people."
    )
    paragraph(f"The log's root is {result.log.root.hex()[:32]}…")
    for each in unexpected(result, recogniser=wording.errors_fail):
        paragraph(f"Not as it should be: {each}", "red")
    console.print()
    paragraph(f"Report, with pictures: {report}", "bold")
    console.print()


def summary_document(result: DemoResult, is_rendered: bool, report: Path) -> dict[str, object]:
    """The story as one JSON object. `is_rendered`: nobody in the photos exists."""
    wrong = unexpected(result, recogniser=not is_rendered)
    withdrawal = result.withdrawal
    return {
        "as_expected": not wrong,
        "unexpected": list(wrong),
        "people": len(result.cast.everyone),
        "rendered": is_rendered,
        "enrolled": _count(
            sum(each.refusal is None for each in result.enrolments), len(result.enrolments)
        ),
        "found": _count(
            sum(each.is_found for each in result.enrolled_shown), len(result.enrolled_shown)
        ),
        "strangers_unknown": _count(
            sum(each.is_unknown for each in result.strangers_shown), len(result.strangers_shown)
        ),
        "verified": _count(
            sum(each.is_right for each in result.verifications), len(result.verifications)
        ),
        "group_picture": _count(result.scene.right, len(result.scene.people)),
        "other_purpose": result.other_purpose_refused,
        "groups": [_group(each) for each in errors_by_group(result.shown)],
        "withdrawn": {
            "subject": withdrawal.before.volunteer.label,
            "found_before": withdrawal.before.is_found,
            "unknown_after": withdrawal.after.is_unknown,
            "claim_refused": withdrawal.claim_refused,
            "traces": [
                {
                    "what": each.what,
                    "bytes": each.size_bytes,
                    "stored": each.is_stored,
                    "pieces": each.pieces,
                    "found_before": each.before,
                    "found_after": each.after,
                }
                for each in withdrawal.sightings
            ],
            "likeness_before": withdrawal.likeness_before,
            "likeness_after": withdrawal.likeness_after,
            "files": withdrawal.files,
            "bytes": withdrawal.size_bytes,
        },
        "log": {
            "verified": True,
            "size": result.log.size,
            "root": result.log.root.hex(),
            "payloads_destroyed": result.log.payloads_destroyed,
            "checkpoint": result.checkpoint,
        },
        "threshold": record_document(result.threshold),
        "timings": [
            {
                "what": each.what,
                "times": each.times,
                "median_ms": each.median_ms,
                "slowest_ms": each.slowest_ms,
            }
            for each in words.timings(result)
        ],
        "elapsed_s": result.elapsed_s,
        "report": str(report),
    }


def _findings(result: DemoResult) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    for style in ("", "", "bold", "dim"):
        grid.add_column(style=style, overflow="fold")
    for each in words.findings(result):
        mark = Text("✓", "green") if each.is_right else Text("✗", "bold red")
        grid.add_row(mark, each.what, each.count, each.remark)
    return grid


def _groups(groups: Sequence[GroupErrors]) -> Table:
    rows = [
        (
            words.group_name(each.group),
            str(each.people),
            words.of(each.missed, each.enrolled),
            words.interval(each.missed_interval) if each.enrolled else "–",
            words.of(each.misnamed, each.people),
            words.interval(each.misnamed_interval),
        )
        for each in groups
    ]
    return _table(("", "people", "missed", "95 % interval", "misnamed", "95 % interval"), rows)


def _timings(result: DemoResult) -> Table:
    rows = [
        (
            each.what,
            str(each.times),
            words.milliseconds(each.median_ms),
            words.milliseconds(each.slowest_ms),
        )
        for each in words.timings(result)
    ]
    return _table(("", "times", "median", "slowest"), rows)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column, heading in enumerate(headings):
        grid.add_column(heading, justify="right" if column else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    return grid


def _count(right: int, of: int) -> dict[str, int]:
    return {"right": right, "of": of}


def _group(each: GroupErrors) -> dict[str, object]:
    return {
        "group": each.group,
        "people": each.people,
        "enrolled": each.enrolled,
        "missed": each.missed,
        "missed_interval": list(each.missed_interval),
        "misnamed": each.misnamed,
        "misnamed_interval": list(each.misnamed_interval),
    }
