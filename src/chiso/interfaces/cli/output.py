"""Standard output and standard error: JSON for scripts, tables and sentences for people."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from enum import Enum
from typing import TYPE_CHECKING, TextIO

from chiso.core.errors import ChisoError

if TYPE_CHECKING:
    from rich.progress import Progress


_PIPED_COLUMNS = 132


def emit(document: Mapping[str, object]) -> None:
    """One JSON object, one line, on standard output."""
    # Escaped as JSON wants it: whoever parses the line has the file's name again.
    sys.stdout.write(_escaped(json.dumps(document, ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A line for a person, on standard error: progress, remarks."""
    sys.stderr.write(_fitted(text, sys.stderr) + "\n")
    sys.stderr.flush()


def show(text: str) -> None:
    """A line of the answer, on standard output."""
    sys.stdout.write(_escaped(_fitted(text, sys.stdout)) + "\n")


def show_exactly(text: str) -> None:
    """A line of the answer that someone may copy or check: never broken."""
    sys.stdout.write(text + "\n")


def _escaped(text: str) -> str:
    """A file's name need not be UTF-8; its odd bytes, lone surrogates here, are escaped."""
    return text.encode(errors="backslashreplace").decode()


def _fitted(text: str, stream: TextIO) -> str:
    """The text, broken between words where a terminal is narrower; left alone in a pipe."""
    if not stream.isatty():
        return text
    columns = shutil.get_terminal_size().columns
    return "\n".join(_broken(line, columns) for line in text.split("\n"))


def _broken(line: str, columns: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line.lstrip(),
        columns,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def counted(count: int, what: str, many: str | None = None) -> str:
    """`1 photo`, `3 photos`; `many` where more is not said with an s."""
    return f"{count} {what}" if count == 1 else f"{count} {many or what + 's'}"


def error_document(error: ChisoError) -> dict[str, str]:
    """An error as every JSON answer carries it."""
    return {"code": error.code.value, "message": error.message, "hint": error.hint}


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()
) -> None:
    """A table on standard output; columns named in `numeric` are set flush right."""
    from rich import box  # rich takes as long to import as a face takes to recognise
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, heading in enumerate(headings):
        is_number = column in numeric
        grid.add_column(
            heading,
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=is_number or column == 0,  # a name that is broken cannot be copied
        )
    for row in rows:
        grid.add_row(*row)
    width = None if sys.stdout.isatty() else _PIPED_COLUMNS
    Console(width=width, highlight=False, markup=False).print(grid)


@contextmanager
def progress(what: str, total: int | None, *, in_bytes: bool = False) -> Iterator[Step]:
    """A progress bar on standard error while the block runs; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield Step(None)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    amount = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task(what, total=total)
        yield Step(bar)


class Step:
    """Moves a progress bar, or nothing."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar

    def to(self, completed: int, total: int | None = None) -> None:
        """Say how much is done; `total` where it was not known before."""
        if self._bar is not None:
            task = self._bar.tasks[0].id
            if total is not None:
                self._bar.update(task, total=total)
            self._bar.update(task, completed=completed)


class ActBars:
    """One progress bar an act: the next one takes its place."""

    def __init__(self, open_bars: ExitStack) -> None:
        self._open = open_bars
        self._act: Enum | str | None = None
        self._step = Step(None)

    def told(self, act: Enum | str, done: int, total: int) -> None:
        """Show how far an act is; it is, or its value is, its title."""
        if act != self._act:
            self._open.close()
            self._act = act
            title = act if isinstance(act, str) else str(act.value)
            self._step = self._open.enter_context(progress(title, total))
        self._step.to(done)
