"""`chiso audit embeddings`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.evaluate.audit_plan import TARGET_FMR
from chiso.evaluate.fit import Policy
from chiso.interfaces.cli.audit_answer import answer, home_to_record_in
from chiso.interfaces.cli.audit_options import (
    DEFAULTS,
    LogHomeOption,
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
from chiso.interfaces.cli.options import JsonOption
from chiso.interfaces.cli.output import ActBars
from chiso.services.audit.embeddings import audit_embeddings
from chiso.services.audit.normalising import require_known


def embeddings(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Parquet or NPZ, one sample a row.", show_default=False
        ),
    ],
    out: OutOption,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="Column that groups are in; give it again to cross groups: --by ethnicity --by "
            "gender. Default: group.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="COSINE",
            help="Measure at this threshold, a cosine from -1 to 1; one at it is a match. Default: "
            "fix one on some of the people, and measure on the others.",
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
    home: LogHomeOption = None,
    json: JsonOption = False,
) -> int:
    """Measure any recogniser by group, from its embeddings; every two samples are compared.

    Columns of a Parquet file, or arrays of an NPZ file: sample (a name, its subject's own),
    subject, group, and vector (floating-point numbers, as many in each row). A score is the cosine
    of two vectors, whatever their length. Groups are what people reported of themselves.

    Writes a page, its numbers as JSON and a model card. The verdict is pass, fail or undecided;
    status 0 whichever it is: a failing recogniser is a finding, not a failure.

    Example: chiso audit embeddings embeddings.parquet --by ethnicity --out report
    """
    require_new_or_empty(out)
    require_known(normaliser)
    require_cosine(threshold)
    requirements = limits(max_fmr, max_fnmr, max_fmr_ratio, max_fnmr_difference)
    plan = plan_of(seed, policy, target_fmr, threshold, "", requirements)
    columns = columns_of(by)
    opened = home_to_record_in(home)
    table = wiring.read_embeddings(source, columns)
    with ExitStack() as open_bars:
        bars = ActBars(open_bars)
        report = audit_embeddings(
            table, plan, normaliser=normaliser, now=wiring.clock().now(), watch=bars.told
        )
    answer(report, out, opened, json)
    return Exit.DONE
