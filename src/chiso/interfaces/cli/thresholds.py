"""`chiso threshold fit | list | use | show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.compare.normalise.of_record import name_of
from chiso.compare.threshold import record_bytes
from chiso.core.catalogue import PackCard
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.evaluate.fit import Policy
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import DEFAULT_PACK, HomeOption, JsonOption
from chiso.interfaces.cli.output import counted, emit, say, show
from chiso.interfaces.cli.records import record_document
from chiso.interfaces.cli.threshold_table import normaliser_text, show_record, show_scale
from chiso.services import thresholds
from chiso.services.home import Home
from chiso.services.thresholds import Laxer

app = typer.Typer(
    help="Threshold records: fit, list, use, show.",
    no_args_is_help=True,
)
_RecordArgument = Annotated[
    str, typer.Argument(help="Id of the record, from `chiso threshold list`.")
]


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
        show_record(each, used)
    return Exit.DONE


@app.command("show")
def show_one(record: _RecordArgument, home: HomeOption = None, json: JsonOption = False) -> int:
    """One record in full: also what searches of each size ask for, and what that costs whom.

    Example: chiso threshold show london-worst-group-0.001-1a2b3c4d
    """
    found, used = thresholds.find(wiring.open_home(wiring.home_directory(home)), record)
    if json:
        emit({**record_document(found), "in_use": used})
    else:
        show_record(found, used)
        show_scale(found)
    return Exit.DONE


@app.command("use")
def use(record: _RecordArgument, home: HomeOption = None, json: JsonOption = False) -> int:
    """Let a record decide from now on; the change is written into the log.

    A record laxer than the one in use is taken too, and said to be so.

    Example: chiso threshold use london-worst-group-0.001-1a2b3c4d
    """
    choice = thresholds.use(wiring.open_home(wiring.home_directory(home)), record)
    chosen, before = choice.record, choice.before
    laxer = choice.laxer
    if before is not None and laxer:
        say(_laxer_than(before, chosen, laxer[0]))
    if json:
        emit(
            {
                "in_use": chosen.record_id,
                "model": chosen.model,
                "normaliser_name": name_of(chosen),
                "value": chosen.value,
                "value_before": None if before is None else before.value,
                "laxer_than_before": None if laxer is None else bool(laxer),
                "laxer_at_references": None if laxer is None else [at.references for at in laxer],
            }
        )
    else:
        show(
            f"{chosen.record_id} decides from now on: a match is {chosen.value:.4f} or more; "
            f"normaliser {normaliser_text(chosen)}."
        )
    return Exit.DONE


def _laxer_than(before: ThresholdRecord, chosen: ThresholdRecord, first: Laxer) -> str:
    where = ""
    if first.references is not None:
        where = f" in a search among {counted(first.references, 'reference')}"
    return (
        f"This is laxer than before:{where} {before.record_id} asked for {first.before:.4f}, "
        f"{chosen.record_id} asks for {first.now:.4f}. More scores match now, false ones among "
        "them."
    )


@app.command("fit")
def fit(
    source: Annotated[
        Path,
        typer.Option(
            "--from",
            metavar="PATH",
            help="A folder with people.csv and photos named after subjects; a file of embeddings "
            "(Parquet or NPZ); or the report.json of an audit.",
        ),
    ],
    consent: Annotated[
        Path | None,
        typer.Option(
            "--consent", metavar="FILE", help="With photos: what the people pictured signed for."
        ),
    ] = None,
    target_fmr: Annotated[
        float | None,
        typer.Option(
            "--target-fmr",
            metavar="RATE",
            help="False match rate to stay below. Default: 0.001; a report's own.",
            show_default=False,
        ),
    ] = None,
    policy: Annotated[
        Policy | None,
        typer.Option(
            "--policy",
            help="Whose false matches must meet the target. Default: worst-group; a report's own.",
            show_default=False,
        ),
    ] = None,
    target_fpir: Annotated[
        float,
        typer.Option(
            "--target-fpir",
            metavar="RATE",
            help="Share of searches for someone who is not enrolled that may name anybody.",
        ),
    ] = 0.01,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="Column of what people reported. Default: none for photos, group for embeddings.",
            show_default=False,
        ),
    ] = None,
    normaliser: Annotated[
        str | None,
        typer.Option(
            "--normaliser",
            metavar="NAME",
            help="fsn, faircal or local-density: fit this score normaliser to a third of the "
            "people, and the threshold to the scores that it gives the others. The record carries "
            "it, and a home that uses the record decides by it. Only with local-density does a "
            "record hold an FPIR. Default: none; scores are cosines.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the record here, and touch no home."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="The pack or the embedder measured. Default: the home's; with --out, offline.",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Fit a threshold to photos or embeddings of people who agreed, or take an audit's.

    The record is kept in the home; `chiso threshold use` lets it decide. A target FPIR of 0.01 is
    what the default target FMR gives among ten people; among more, identify is stricter. Of photos,
    each person's first by name that passes the limits of enrolment is compared with the others'
    other photos.

    A normaliser moves each score by how alike faces around both are, and sees nobody's group. Look
    first whether it helps, and whom: chiso audit embeddings FILE --normaliser all --out DIR.

    Example: chiso threshold fit --from photos --consent signed.pdf --by ethnicity

    Example: chiso threshold fit --from embeddings.parquet --normaliser local-density
    """
    from chiso.interfaces.cli import threshold_sources as sources  # polars, scipy

    opened = None if out is not None else wiring.open_home(wiring.home_directory(home))
    asked = sources.Asked(consent, target_fmr, policy, target_fpir, by, normaliser)
    made = sources.record_of(source, asked, _pack(opened, model))
    if opened is not None:
        thresholds.add(opened, made.record)
    elif out is not None:
        _write(out, made.record)
    for name, refusal in made.refused:
        say(f"{name}: {refusal.message} Left out.")
    if json:
        emit({**record_document(made.record), "refused": [name for name, _ in made.refused]})
        return Exit.DONE
    show_record(made.record, False)
    show_scale(made.record)
    if opened is not None:
        show(f"`chiso threshold use {made.record.record_id}` lets it decide.")
    return Exit.DONE


def _pack(opened: Home | None, named: str | None) -> PackCard:
    """The models that were named, by pack or by embedder; else those of the home."""
    catalogue = wiring.catalogue()
    if named is None and opened is not None:
        home_model = opened.model()
        return next(each for each in catalogue.packs() if each.digest == home_model)
    wanted = DEFAULT_PACK if named is None else named
    for each in catalogue.packs():
        if wanted in (each.name, each.embedder):
            return each
    return catalogue.pack(wanted)


def _write(path: Path, record: ThresholdRecord) -> None:
    try:
        path.write_bytes(record_bytes(record) + b"\n")
    except OSError as error:
        raise ChisoError(
            Code.FILE_UNREADABLE, f"{path} cannot be written ({error.strerror}).", "Name another."
        ) from error
