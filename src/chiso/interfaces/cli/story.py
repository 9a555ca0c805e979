"""`chiso demo`."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.core.times import to_text
from chiso.interfaces.cli.demo_summary import show_summary, summary_document
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import DEFAULT_PACK, JsonOption
from chiso.interfaces.cli.output import ActBars, emit, progress, say
from chiso.interfaces.cli.volunteers import PhotoFolder, find_folder, read_folder
from chiso.interfaces.demo_report.wording import LONDON, OWN, RENDERED, Wording
from chiso.services.demo.results import DemoResult
from chiso.services.demo.story import Stage, tell
from chiso.services.demo.verdict import unexpected
from chiso.services.home import Home

REPORT_FILE = "report.html"
_CONTROLLER = "the Chiso demo"


def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Folder with people.csv and two photos of each person, named after the subject. "
            "Default: CHISO_LONDON, then ../shared/data/london, then what --fetch fetched, then "
            "rendered people, whom Chiso carries.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the report goes.")
    ] = Path("chiso-demo"),
    fetch: Annotated[
        bool,
        typer.Option(
            "--fetch",
            help="Where no photos are here, fetch the London Set's (49 MB, CC BY 4.0) and do not "
            "show rendered people. Without this the network is not used.",
        ),
    ] = False,
    json: JsonOption = False,
) -> int:
    """The whole story, in a home that is deleted afterwards; writes a page with pictures.

    Enrols three volunteers in four, shows everyone's second photo, verifies some, searches a group
    picture, withdraws one person and looks for what is left of them in every byte of the home.
    Status 0 if all went as it should, 1 if anything did not. What is counted and is no fault: an
    error on rendered faces, and as many misses as the threshold record itself foresees.

    Example: chiso demo --data photos --out report
    """
    folder = read_folder(find_folder(data, _fetch if fetch else None))
    for subject in folder.left_out:
        say(f"{subject} has fewer than two photos in {folder.path}, and is left out.")
    wording = _wording(folder)
    report = _place_for(out)
    with _temporary_home() as home:
        result = _tell(home, folder)
        page = _page(home, result, wording)
    _write(report, page)
    if json:
        if wording.notice:
            say(wording.notice)
        emit(summary_document(result, folder.is_rendered, report))
    else:
        show_summary(result, wording, report)
    return Exit.NO_MATCH if unexpected(result, recogniser=wording.errors_fail) else Exit.DONE


def _fetch() -> Path:
    say("Fetching the London Set from github.com/debruine/webmorphR.stim; CC BY 4.0.")
    with progress("Fetching", None, in_bytes=True) as step:
        return wiring.fetch_london(step.to)


def _tell(home: Home, folder: PhotoFolder) -> DemoResult:
    with ExitStack() as open_bars:
        bars = ActBars(open_bars)
        stage = Stage(
            home,
            folder.evidence_sha256,
            partial(wiring.wrapped_key, home),
            time.perf_counter,
            bars.told,
        )
        return tell(stage, folder.volunteers)


@contextmanager
def _temporary_home() -> Iterator[Home]:
    """A home that is gone when the block ends, however it ends."""
    with tempfile.TemporaryDirectory(prefix="chiso-demo-") as place:
        home, _ = wiring.make_home(Path(place) / "home", _CONTROLLER, DEFAULT_PACK)
        try:
            yield home
        finally:
            home.store.close()


def _wording(folder: PhotoFolder) -> Wording:
    if folder.is_rendered:
        return RENDERED
    return LONDON if folder.is_london else OWN


def _page(home: Home, result: DemoResult, wording: Wording) -> str:
    from chiso.interfaces.demo_report.page import render  # Jinja2, which no other command needs

    made = to_text(home.clock.now())
    return render(result, home.engine().decoder.decode, wording, made)


def _place_for(out: Path) -> Path:
    """The report's path, once it is sure that it can be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK):
            raise PermissionError(0, "it may not be written to")
    except OSError as error:
        raise _unwritable(out, error) from error
    return out / REPORT_FILE


def _write(path: Path, page: str) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(page, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ChisoError:
    return ChisoError(
        Code.FILE_UNREADABLE,
        f"The report cannot be written to {path} ({error.strerror}).",
        "Name another folder with --out.",
    )
