"""Options that the audits by group share, and the plan that they state."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from chiso.core.errors import ChisoError, Code
from chiso.core.labels import label_from
from chiso.evaluate.audit_plan import AuditPlan, Requirements
from chiso.evaluate.fit import Policy

DEFAULTS = Requirements()
GROUP = "group"

OutOption = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="A new or empty folder for the report.")
]
PolicyOption = Annotated[
    Policy,
    typer.Option(
        "--policy",
        help="Whose false matches must meet the target: those of every group with enough people, "
        "or those of everyone pooled.",
    ),
]
TargetOption = Annotated[
    float,
    typer.Option(
        "--target-fmr",
        metavar="RATE",
        help="False match rate that the threshold is fixed for, 0 to 1: 0.001 is one in a "
        "thousand.",
    ),
]
SeedOption = Annotated[
    int,
    typer.Option("--seed", metavar="N", min=0, help="Chooses who is in which part of the split."),
]
MaxFmrOption = Annotated[
    float | None,
    typer.Option(
        "--max-fmr",
        metavar="RATE",
        help="Limit of every group's false match rate, 0 to 1. Default: that of --target-fmr.",
        show_default=False,
    ),
]
MaxFnmrOption = Annotated[
    float,
    typer.Option(
        "--max-fnmr", metavar="RATE", help="Limit of every group's false non-match rate, 0 to 1."
    ),
]
MaxRatioOption = Annotated[
    float,
    typer.Option(
        "--max-fmr-ratio",
        metavar="X",
        help="Limit of the higher to the lower false match rate of two groups, 1 or more.",
    ),
]
MaxDifferenceOption = Annotated[
    float,
    typer.Option(
        "--max-fnmr-difference",
        metavar="RATE",
        help="Limit of the difference of two groups' false non-match rates, 0 to 1: 0.02 is two "
        "percentage points.",
    ),
]
NormaliserOption = Annotated[
    str | None,
    typer.Option(
        "--normaliser",
        metavar="NAME|all",
        help="Show beside it what a score normaliser changes for every group, in both errors: "
        "as-norm, fsn, faircal, local-density, or all of them. Each is fitted to a third of the "
        "people, who are then in no other part; none sees a group, but for an oracle that shows "
        "what knowing would give.",
        show_default=False,
    ),
]
LogHomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="CHISO_HOME",
        metavar="DIR",
        readable=False,
        help="Record the report's digest in this home's log. Default: in none.",
        show_default=False,
    ),
]


def limits(
    max_fmr: float | None, max_fnmr: float, max_fmr_ratio: float, max_fnmr_difference: float
) -> Requirements:
    """What is required of the recogniser. Raises ChisoError(BAD_ARGUMENT)."""
    if max_fmr is not None:
        _require(0 < max_fmr <= 1, "--max-fmr", "above 0 and at most 1", max_fmr)
    _require(0 < max_fnmr <= 1, "--max-fnmr", "above 0 and at most 1", max_fnmr)
    _require(
        max_fmr_ratio >= 1 and isfinite(max_fmr_ratio),
        "--max-fmr-ratio",
        "1 or more",
        max_fmr_ratio,
    )
    _require(
        0 < max_fnmr_difference <= 1,
        "--max-fnmr-difference",
        "above 0 and at most 1",
        max_fnmr_difference,
    )
    return Requirements(max_fmr, max_fnmr, max_fmr_ratio, max_fnmr_difference)


def plan_of(
    seed: int,
    policy: Policy,
    target_fmr: float,
    threshold: float | None,
    given_by: str,
    requirements: Requirements,
) -> AuditPlan:
    """What the audit is asked to do. Raises ChisoError(BAD_ARGUMENT)."""
    _require(0 < target_fmr < 1, "--target-fmr", "between 0 and 1", target_fmr)
    if threshold is not None:
        _require(isfinite(threshold), "--threshold", "a finite number", threshold)
    return AuditPlan(
        seed=seed,
        policy=policy,
        target_fmr=target_fmr,
        given_threshold=threshold,
        given_by=given_by,
        requirements=requirements,
    )


def require_cosine(threshold: float | None) -> None:
    """Raise ChisoError(BAD_ARGUMENT) where a given threshold is no cosine."""
    if threshold is not None:
        _require(-1 <= threshold <= 1, "--threshold", "a cosine from -1 to 1", threshold)


def columns_of(by: Sequence[str] | None) -> tuple[str, ...]:
    """The columns that groups are in, each once. Raises ChisoError(BAD_ARGUMENT)."""
    columns = tuple(label_from(each, "column") for each in by or (GROUP,))
    twice = next((each for each in columns if columns.count(each) > 1), None)
    if twice is not None:
        raise ChisoError(Code.BAD_ARGUMENT, f"--by names {twice} twice.", "Name each column once.")
    return columns


def _require(holds: bool, option: str, wanted: str, given: float) -> None:
    if not holds:
        raise ChisoError(
            Code.BAD_ARGUMENT, f"{option} is {wanted}, not {given:g}.", "Give another number."
        )
