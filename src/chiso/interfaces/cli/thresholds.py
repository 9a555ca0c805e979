"""`chiso threshold fit | list | use`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.compare.threshold import record_bytes
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.settings import CaptureSettings
from chiso.evaluate.fit import Policy
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import emit, progress, say, show, table
from chiso.interfaces.cli.records import record_document
from chiso.interfaces.cli.study import read_study
from chiso.services import thresholds
from chiso.services.fit import Fitted
from chiso.services.fit import fit as fit_study

app = typer.Typer(
    help="Threshold records: fit, list, use.",
    no_args_is_help=True,
)


@app.command("list")
def list_records(home: HomeOption = None, json: JsonOption = False) -> int:
    """Every threshold record of the home: where it comes from, and its errors by group.

    Example: chiso threshold list
    """
    known = thresholds.records(wiring.open_home(wiring.home_directory(home)))
    if json:
        emit({"thresholds": [{**record_document(each), "in_use": used} for each, used in known]})
        return Exit.DONE
    if not known:
        show("There is no threshold record: `chiso threshold fit --help` shows how to make one.")
    for each, used in known:
        _show(each, used)
    return Exit.DONE


@app.command("use")
def use(
    record: Annotated[str, typer.Argument(help="Id of the record, from `chiso threshold list`.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Let a record decide from now on; the change is written into the log.

    Example: chiso threshold use london-worst-group-0.001-1a2b3c4d
    """
    chosen = thresholds.use(wiring.open_home(wiring.home_directory(home)), record)
    if json:
        emit({"in_use": chosen.record_id, "model": chosen.model, "value": chosen.value})
    else:
        show(f"{chosen.record_id} decides from now on: a match is {chosen.value:.4f} or more.")
    return Exit.DONE


@app.command("fit")
def fit(
    source: Annotated[
        Path,
        typer.Option(
            "--from", metavar="DIR", help="Folder with people.csv and photos named after subjects."
        ),
    ],
    consent: Annotated[
        Path,
        typer.Option("--consent", metavar="FILE", help="What the people pictured signed for."),
    ],
    target_fmr: Annotated[
        float, typer.Option("--target-fmr", metavar="RATE", help="False match rate to stay below.")
    ] = 0.001,
    policy: Annotated[
        Policy, typer.Option("--policy", help="Whose false matches must meet the target.")
    ] = Policy.WORST_GROUP,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="COLUMN", help="Column of people.csv that people reported."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the record here, and touch no home."),
    ] = None,
    pack: Annotated[
        str, typer.Option("--pack", metavar="NAME", help="With --out: the models to measure.")
    ] = "offline",
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Fit a threshold to photos of people who agreed to be measured.

    The record is kept in the home; `chiso threshold use` lets it decide.

    Example: chiso threshold fit --from photos --consent signed.pdf --by ethnicity
    """
    study = read_study(source, consent, by)
    if out is None:
        opened = wiring.open_home(wiring.home_directory(home))
        engine, now = opened.engine(), opened.clock.now()
    else:
        opened = None
        engine = wiring.open_engine(wiring.catalogue().pack(pack), CaptureSettings())
        now = wiring.clock().now()
    with progress("Measuring", len(study.photos)) as step:
        fitted = fit_study(engine, study, target_fmr, policy, now, step.to)
    if opened is not None:
        thresholds.add(opened, fitted.record)
    elif out is not None:
        _write(out, fitted.record)
    _report(fitted, json)
    return Exit.DONE


def _write(path: Path, record: ThresholdRecord) -> None:
    try:
        path.write_bytes(record_bytes(record) + b"\n")
    except OSError as error:
        raise ChisoError(
            Code.FILE_UNREADABLE, f"{path} cannot be written ({error.strerror}).", "Name another."
        ) from error


def _report(fitted: Fitted, json: bool) -> None:
    for name, refusal in fitted.refused:
        say(f"{name}: {refusal.message} Left out.")
    if json:
        emit({**record_document(fitted.record), "refused": [name for name, _ in fitted.refused]})
        return
    _show(fitted.record, False)
    show(f"`chiso threshold use {fitted.record.record_id}` lets it decide.")


def _show(record: ThresholdRecord, used: bool) -> None:
    low, high = record.interval
    show(f"{record.record_id}{'  (in use)' if used else ''}")
    show(
        f"  A match is {record.value:.4f} or more (95 % interval {low:.4f} to {high:.4f}); "
        f"target FMR {record.target_fmr:g}, policy {record.policy}."
    )
    show(
        f"  {record.source}; {record.people} people; made {record.made}; model {record.model[:12]}."
    )
    show(f"  {record.note}")
    table(
        ("group", "people", "false matches", "FMR 95 %", "missed", "FNMR 95 %"),
        [
            (
                group.group,
                str(group.people),
                f"{group.false_matches} of {group.nonmated}",
                _percent(group.fmr_interval),
                f"{group.false_nonmatches} of {group.mated}",
                _percent(group.fnmr_interval),
            )
            for group in record.groups
        ],
        numeric=(1, 2, 3, 4, 5),
    )


def _percent(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{low * 100:.1f}-{high * 100:.1f} %"
