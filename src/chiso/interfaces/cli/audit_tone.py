"""`chiso audit tone`."""

from __future__ import annotations

import json as json_format
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.core.decisions import ThresholdRecord
from chiso.core.settings import CaptureSettings
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import require_new_or_empty, write_folder
from chiso.interfaces.cli.options import DEFAULT_PACK, JsonOption
from chiso.interfaces.cli.output import ActBars, emit, say, show, table
from chiso.services.home import Engine
from chiso.services.thresholds import active_record
from chiso.services.tone_audit.audit import Probe, ToneAudit, audit_tone
from chiso.services.tone_audit.design import (
    FULL_CAPTURES,
    FULL_PEOPLE,
    MAX_SIZE_PX,
    MIN_CAPTURES,
    MIN_PEOPLE,
    MIN_SIZE_PX,
    Design,
)
from chiso.services.tone_audit.rendering import Renders

REPORT_FILE, NUMBERS_FILE, FACES_FILE = "report.html", "report.json", "faces.csv"


def tone(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="A new or empty folder for the report."),
    ],
    people: Annotated[
        int,
        typer.Option(
            "--people",
            metavar="N",
            min=MIN_PEOPLE,
            help="How many people to render; more of them find smaller differences.",
        ),
    ] = FULL_PEOPLE,
    captures: Annotated[
        int,
        typer.Option(
            "--captures",
            metavar="N",
            min=MIN_CAPTURES,
            help="How many captures to see each in: pose, expression, light, camera.",
        ),
    ] = FULL_CAPTURES,
    size_px: Annotated[
        int,
        typer.Option(
            "--size",
            metavar="PX",
            min=MIN_SIZE_PX,
            max=MAX_SIZE_PX,
            help="Side of a portrait.",
        ),
    ] = 256,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Chooses people and captures.")
    ] = 1,
    detector: Annotated[
        str | None,
        typer.Option(
            "--detector",
            metavar="NAME",
            help="Default: that of the home, or of the offline pack.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="The embedder. Default: that of the home, or of the offline pack.",
            show_default=False,
        ),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            envvar="CHISO_HOME",
            metavar="DIR",
            readable=False,
            help="Probe what this home uses, at its threshold. Default: the offline pack, at its "
            "starter threshold.",
            show_default=False,
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            metavar="DIR",
            help="Where renders are kept for the next run. Default: the user's cache.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            help="Processes that render. Default: one a core.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Show the same rendered people at ten skin tones, and find where tone alone matters.

    Nothing but the skin's tone changes. Writes a page, its numbers and one row a portrait; the
    verdict on each stage is: no difference found, a difference of this size, or cannot tell. Status
    0 when it is done: a difference is a finding, not a failure. Renders are kept, so that another
    model is probed in minutes; an interrupted run goes on where it was.

    Example: chiso audit tone --out tone-report
    """
    require_new_or_empty(out)
    design = Design(seed, people, captures, size_px)
    if design.is_trial:
        say(f"A trial: an audit takes {FULL_PEOPLE} people in {FULL_CAPTURES} captures or more.")
    probe = _probe(home, detector, model)
    if probe.threshold is None:
        say(f"There is no threshold record for {probe.engine.embedder.name}: nothing is decided.")
    renders = Renders(
        wiring.studio_opener(),
        wiring.render_cache() if cache is None else cache,
        (os.cpu_count() or 1) if jobs is None else jobs,
    )
    with ExitStack() as open_bars:
        bars = ActBars(open_bars)
        audit = audit_tone(probe, renders, design, wiring.clock().now(), bars.told)
    _write(out, audit)
    _report(out, audit, json)
    return Exit.DONE


def _probe(home: Path | None, detector: str | None, model: str | None) -> Probe:
    """The models to probe, and the record that decides for them, if there is one."""
    if home is None:
        pack = wiring.catalogue().pack(DEFAULT_PACK)
        names = (pack.detector, pack.embedder)
        engine = wiring.open_models(*_chosen(names, detector, model), CaptureSettings())
        return _probe_of(engine, wiring.starter_record_of(engine.embedder.digest))
    opened = wiring.open_home(wiring.home_directory(home))
    engine = opened.engine()
    names = (engine.detector.name, engine.embedder.name)
    chosen = _chosen(names, detector, model)
    if chosen != names:
        engine = wiring.open_models(*chosen, engine.capture)
    with opened.store.reading() as view:
        return _probe_of(engine, active_record(opened, view, engine.embedder.digest))


def _probe_of(engine: Engine, threshold: ThresholdRecord | None) -> Probe:
    detector = wiring.catalogue().model(engine.detector.name)
    return Probe(engine, detector.sha256, detector.score_min, threshold)


def _chosen(names: tuple[str, str], detector: str | None, model: str | None) -> tuple[str, str]:
    usual_detector, usual_model = names
    return (
        usual_detector if detector is None else detector,
        usual_model if model is None else model,
    )


def _write(out: Path, audit: ToneAudit) -> None:
    from chiso.interfaces.tone_report.documents import faces_csv, report_document
    from chiso.interfaces.tone_report.page import render  # Jinja2, which few commands need

    numbers = json_format.dumps(report_document(audit), indent=1, allow_nan=False)
    write_folder(
        out,
        {
            REPORT_FILE: render(audit).encode(),
            NUMBERS_FILE: f"{numbers}\n".encode(),
            FACES_FILE: faces_csv(audit).encode(),
        },
    )


def _report(out: Path, audit: ToneAudit, json: bool) -> None:
    from chiso.interfaces.tone_report.summary import HEADINGS, summary_document, summary_rows
    from chiso.interfaces.tone_report.words import headline

    if json:
        files = {name: str(out / name) for name in (REPORT_FILE, NUMBERS_FILE, FACES_FILE)}
        emit(summary_document(audit, files))
        return
    show(headline(audit))
    table(HEADINGS, summary_rows(audit), numeric=(3, 4, 5, 6))
    show(f"The report: {out / REPORT_FILE}")
