"""`chiso audit scores`."""

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
    OutOption,
    PolicyOption,
    SeedOption,
    TargetOption,
    columns_of,
    limits,
    plan_of,
)
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import require_new_or_empty
from chiso.interfaces.cli.options import JsonOption
from chiso.interfaces.cli.output import ActBars, progress
from chiso.services.audit.scores import audit_scores


def scores(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CSV or Parquet, one comparison a row.", show_default=False
        ),
    ],
    out: OutOption,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="Groups are in COLUMN_a and COLUMN_b; give it again to cross groups: "
            "--by ethnicity --by gender. Default: group.",
            show_default=False,
        ),
    ] = None,
    distance: Annotated[
        bool,
        typer.Option("--distance", help="Scores are distances: lower is more alike."),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="SCORE",
            help="Measure at this threshold, in the table's own scores; a score at it is a match. "
            "Default: fix one on some of the people, and measure on the others.",
            show_default=False,
        ),
    ] = None,
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
    """Measure any recogniser by group, from a table of its comparison scores.

    Columns: subject_a, subject_b, score, group_a, group_b. Two rows of the same two people are
    comparisons of different samples; name the samples in sample_a and sample_b to be sure of it. A
    row whose subject_a equals its subject_b is a mated comparison. Groups are what people reported
    of themselves. Other columns are not read.

    Writes a page, its numbers as JSON and a model card. The verdict is pass, fail or undecided;
    status 0 whichever it is: a failing recogniser is a finding, not a failure.

    Example: chiso audit scores scores.csv --out report

    Example: chiso audit scores scores.parquet --by ethnicity --by gender --distance
    --threshold 0.6 --out report
    """
    require_new_or_empty(out)
    requirements = limits(max_fmr, max_fnmr, max_fmr_ratio, max_fnmr_difference)
    plan = plan_of(seed, policy, target_fmr, threshold, "", requirements)
    columns = columns_of(by)
    opened = home_to_record_in(home)
    with progress("Reading", None):
        table = wiring.read_scores(source, columns)
    with ExitStack() as open_bars:
        bars = ActBars(open_bars)
        report = audit_scores(
            table, plan, is_distance=distance, now=wiring.clock().now(), watch=bars.told
        )
    answer(report, out, opened, json)
    return Exit.DONE
