"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from chiso import __version__
from chiso.interfaces.cli import (
    access,
    api,
    audit,
    backup,
    calibrate,
    card,
    enrol,
    erasure,
    home,
    keys,
    log,
    log_checkpoints,
    log_schema,
    log_witness,
    measure,
    models,
    people,
    purge,
    recognise,
    render,
    retention,
    serve,
    story,
    thresholds,
    witness,
)
from chiso.interfaces.cli.output import show

app = typer.Typer(
    name="chiso",
    help=(
        "Face recognition for people who said yes.\n\n"
        "Start with `chiso init`, then `chiso enrol --help`. Or see the whole story: `chiso demo`."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        show(f"chiso {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command("init")(home.init)
app.command("demo")(story.demo)
app.command("enrol")(enrol.enrol)
app.command("verify")(recognise.verify)
app.command("identify")(recognise.identify)
app.command("withdraw")(people.withdraw)
app.command("purge")(purge.purge)
app.command("subjects")(people.subjects)
app.command("receipts")(people.receipts)
app.command("export")(people.export)
app.add_typer(audit.app, name="audit")
log.app.command("checkpoint")(log_checkpoints.checkpoint)
log.app.command("checkpoints")(log_checkpoints.checkpoints)
log.app.command("schedule")(log_checkpoints.schedule)
log.app.command("schema")(log_schema.schema)
log.app.command("compare")(log_witness.compare_notes)
log.app.add_typer(log_witness.app, name="witness")
app.add_typer(log.app, name="log")
app.add_typer(erasure.app, name="erasure")
app.add_typer(keys.app, name="keys")
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(witness.app, name="witness")
app.add_typer(thresholds.app, name="threshold")
app.add_typer(retention.app, name="retention")
app.add_typer(models.app, name="models")
app.add_typer(card.app, name="card")
app.command("serve")(serve.serve)
app.add_typer(api.app, name="api")
app.add_typer(access.app, name="access")
render.app.command("calibrate")(calibrate.calibrate_tones)
render.app.command("measure")(measure.measure_set)
app.add_typer(render.app, name="volunteers")
