"""`chiso audit photos`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.compare.threshold import require_same_model
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.settings import CaptureSettings
from chiso.evaluate.audit_plan import TARGET_FMR
from chiso.evaluate.fit import Policy
from chiso.interfaces.cli.audit_answer import answer, home_to_record_in
from chiso.interfaces.cli.audit_options import (
    DEFAULTS,
    MaxDifferenceOption,
    MaxFmrOption,
    MaxFnmrOption,
    MaxRatioOption,
    NormaliserOption,
    OutOption,
    PolicyOption,
    SeedOption,
    TargetOption,
    columns_of,
    limits,
    plan_of,
    require_cosine,
)
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import require_new_or_empty
from chiso.interfaces.cli.options import DEFAULT_PACK, JsonOption
from chiso.interfaces.cli.output import ActBars
from chiso.interfaces.cli.photo_sets import read_photo_set
from chiso.services import thresholds
from chiso.services.audit.normalising import require_known
from chiso.services.audit.photos import PhotoUse, audit_photos
from chiso.services.home import Engine, Home


def photos(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder with people.csv and photos named after its subjects.",
            show_default=False,
        ),
    ],
    consent: Annotated[
        Path,
        typer.Option("--consent", metavar="FILE", help="What the people pictured signed for."),
    ],
    out: OutOption,
    by: Annotated[
        list[str],
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="Column of people.csv that people reported; give it again to cross groups: "
            "--by ethnicity --by gender.",
        ),
    ],
    references: Annotated[
        int,
        typer.Option(
            "--references",
            metavar="N",
            min=1,
            help="How many photos of each person are references: the first by name that pass the "
            "limits of enrolment. The others are probes; every probe is compared with every "
            "reference.",
        ),
    ] = 1,
    everyday: Annotated[
        bool,
        typer.Option(
            "--everyday",
            help="Degrade probes as everyday life does: small, blurred, dark, noisy, compressed.",
        ),
    ] = False,
    everyday_seed: Annotated[
        int,
        typer.Option("--everyday-seed", metavar="N", min=0, help="Chooses how each is degraded."),
    ] = 1,
    threshold: Annotated[
        str | None,
        typer.Option(
            "--threshold",
            metavar="COSINE|RECORD",
            help="Measure at this threshold, a cosine from -1 to 1, or at that of a record of the "
            "home, from `chiso threshold list`. Default: fix one on some of the people, and "
            "measure on the others.",
            show_default=False,
        ),
    ] = None,
    normaliser: NormaliserOption = None,
    policy: PolicyOption = Policy.WORST_GROUP,
    target_fmr: TargetOption = TARGET_FMR,
    seed: SeedOption = 1,
    max_fmr: MaxFmrOption = None,
    max_fnmr: MaxFnmrOption = DEFAULTS.max_fnmr,
    max_fmr_ratio: MaxRatioOption = DEFAULTS.max_fmr_ratio,
    max_fnmr_difference: MaxDifferenceOption = DEFAULTS.max_fnmr_difference,
    pack: Annotated[
        str | None,
        typer.Option(
            "--pack",
            metavar="NAME",
            help="The models to measure. Default: those of the home, or the offline pack.",
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
            help="Measure what this home uses, and record the report's digest in its log. Default: "
            "the offline pack, and no log.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Measure Chiso's own recogniser by group, with photos of people who agreed to it.

    Photos are named after a subject of people.csv: 001_a.jpg, 001_b.jpg, 002_a.jpg … A person's
    reference is her first photo by name that passes the limits of enrolment; the others are probes,
    which pass those of recognition. Photos that give no template are counted for their group as
    failures to enrol, and never dropped. Templates are kept nowhere.

    Writes a page, its numbers as JSON and a model card. The verdict is pass, fail or undecided;
    status 0 whichever it is: a failing recogniser is a finding, not a failure.

    Example: chiso audit photos people --consent signed.pdf --by ethnicity --out report

    Example: chiso audit photos people --consent signed.pdf --by ethnicity --everyday --out report
    """
    require_new_or_empty(out)
    require_known(normaliser)
    requirements = limits(max_fmr, max_fnmr, max_fmr_ratio, max_fnmr_difference)
    opened = home_to_record_in(home)
    photo_set = read_photo_set(source, consent, columns_of(by))
    engine = _engine(opened, pack)
    value, record = _threshold(threshold, opened, engine)
    require_cosine(value)
    given_by = "" if record is None else f"record {record}"
    plan = plan_of(seed, policy, target_fmr, value, given_by, requirements)
    use = PhotoUse(references, everyday_seed if everyday else None, normaliser)
    with ExitStack() as open_bars:
        bars = ActBars(open_bars)
        report = audit_photos(
            engine,
            wiring.catalogue().model(engine.detector.name).sha256,
            photo_set,
            use,
            plan,
            threshold_record=record,
            now=wiring.clock().now(),
            watch=bars.told,
        )
    answer(report, out, opened, json)
    return Exit.DONE


def _engine(home: Home | None, pack: str | None) -> Engine:
    if home is not None and pack is None:
        return home.engine()
    return wiring.open_engine(wiring.catalogue().pack(pack or DEFAULT_PACK), CaptureSettings())


def _threshold(
    given: str | None, home: Home | None, engine: Engine
) -> tuple[float | None, str | None]:
    """The threshold, and the id of the record that it is from, if it is from one."""
    if given is None:
        return None, None
    try:
        value = float(given)
    except ValueError:
        record = _record(given, home)
        require_same_model(record.model, engine.embedder.digest)
        return record.value, record.record_id
    return value, None


def _record(record_id: str, home: Home | None) -> ThresholdRecord:
    if home is None:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"--threshold {record_id!r} is no number, and there is no home to look for such a "
            "record in.",
            "Give a cosine such as 0.93; or name the home that has the record with --home.",
        )
    record, _ = thresholds.find(home, record_id)
    return record
