"""`chiso purge`: erases what consent no longer covers, once or on schedule."""

from __future__ import annotations

import json as jsonlib
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.core.times import to_text
from chiso.interfaces.cli.durations import in_words, seconds_from
from chiso.interfaces.cli.erasure import erased_words, show_certificate
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import reserved
from chiso.interfaces.cli.options import HomeOption, JsonOption, live_on
from chiso.interfaces.cli.output import counted, emit, error_document, say, show
from chiso.services.erasure import certificate_document
from chiso.services.home import Home
from chiso.services.purge import Due, Purged, due, purge_due

_PASSING = (Code.ERASURE_UNFINISHED, Code.STORE_BUSY)


def purge(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what is due; erase nothing.")
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(
            "--every",
            metavar="TIME",
            help="Run on, and purge each time this long has passed: 24h, 7d, 30min.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Write certificates here, a file each, and show a summary."
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Erase what consent no longer covers.

    What rests on a receipt that expired, by its own date or its purpose's maximum, or that had no
    match for longer than its purpose allows (`chiso retention`). The receipt is kept, marked, to
    show that she agreed and that it ended; where nothing in force is left of a person and one of
    her receipts has run out, all of her goes, with her key. Each erasure gets a leaf in the log,
    which says why, and a signed certificate. What has not begun yet is let be.

    With --every it runs until it is stopped (Ctrl-C, SIGTERM), and says on standard error what it
    did; a file of certificates names people, so keep --out no longer than you need.

    Example: chiso purge --dry-run

    On schedule: chiso purge --every 24h --out certificates
    """
    if dry_run and (every is not None or out is not None):
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "--dry-run erases nothing: there is nothing to do with --every or --out.",
            "Leave --dry-run or the others out.",
        )
    wait_s = None if every is None else seconds_from(every)
    if wait_s is not None:
        live_on(context)
    opened = wiring.open_home(wiring.home_directory(home))
    if dry_run:
        _show_due(due(opened), json)
        return Exit.DONE
    if wait_s is None:
        if out is not None:
            _require_folder(out)
        _report(purge_due(opened), out, json)
        return Exit.DONE
    _run_on(opened, wait_s, out, json)
    return Exit.DONE


def _run_on(home: Home, wait_s: int, out: Path | None, json: bool) -> None:
    period = in_words(wait_s)
    say(f"Purging every {period}. Ctrl-C or SIGTERM ends it.")
    with _asked_to_stop() as stop:
        while not stop.is_set():
            now = to_text(home.clock.now())
            if out is not None:
                _require_folder(out)  # it may have gone since the round before
            try:
                purged = purge_due(home, stop.is_set)
            except ChisoError as error:
                if error.code not in _PASSING:
                    raise
                say(f"{now}: {error.message} {error.hint} Trying again in {period}.")
                if json:
                    emit({"error": error_document(error)})
            else:
                say(f"{now}: {_summary(purged)}")
                if purged:
                    _report(purged, out, json)
            stop.wait(wait_s)
    say("Stopped. Nothing is half done.")


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set while the block runs, instead of ending it midway."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(purged: Sequence[Purged], out: Path | None, json: bool) -> None:
    if out is not None:
        for each in purged:
            _write(out, each)
    if json:
        emit({"purged": [_purged_document(each) for each in purged]})
        return
    if out is not None or not purged:
        show(_summary(purged))
        return
    for each in purged:
        show(f"Erased for {_what(each.due)}: {erased_words(each.certificate)}.")
        show_certificate(each.certificate)
    say("Give each person hers; `chiso erasure verify` checks one. Chiso keeps no names.")


def _write(out: Path, purged: Purged) -> None:
    """A file named after the leaf: never over another home's, nor with a name in it."""
    proof = purged.certificate.proof
    seq = "unknown" if proof is None else str(proof.leaf.seq)
    numbered = (f"erasure-{seq}-{number}.json" for number in count(2))
    names = chain([f"erasure-{seq}.json"], numbered)
    with reserved(next(out / each for each in names if not (out / each).exists())) as file:
        if file is not None:
            document = certificate_document(purged.certificate)
            file.write(jsonlib.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _show_due(found: Sequence[Due], json: bool) -> None:
    if json:
        emit({"due": [_due_document(each) for each in found]})
        return
    if not found:
        show("Nothing is due.")
    for each in found:
        show(f"{_what(each)}.")


def _summary(purged: Sequence[Purged]) -> str:
    if not purged:
        return "Nothing is due."
    whole = sum(each.due.receipt_id is None for each in purged)
    people = counted(whole, "person").replace("persons", "people")
    return (
        f"Erased {people} and what rested on {counted(len(purged) - whole, 'receipt')} of others."
    )


def _what(each: Due) -> str:
    part = "all of her" if each.receipt_id is None else f"receipt {each.receipt_id}"
    return f"{each.subject.label}: {part}, {each.end.cause} {to_text(each.end.at)}"


def _due_document(each: Due) -> dict[str, object]:
    return {
        "subject": each.subject.label,
        "receipt": each.receipt_id,
        "cause": each.end.cause,
        "ended": to_text(each.end.at),
    }


def _purged_document(each: Purged) -> dict[str, object]:
    return {**_due_document(each.due), **certificate_document(each.certificate)}


def _require_folder(out: Path) -> None:
    """Make the folder of certificates; what cannot be written is known before anything is erased.

    Raises ChisoError(FILE_UNREADABLE).
    """
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = out / ".chiso-purge"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise ChisoError(
            Code.FILE_UNREADABLE,
            f"{out} cannot be written ({error.strerror}). Nothing was erased.",
            "Name a folder that you may write to with --out.",
        ) from error
