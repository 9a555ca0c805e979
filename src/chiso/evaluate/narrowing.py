"""What each normaliser changes for every group, in both errors, and whether to recommend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chiso.evaluate.audit_plan import OWN_FMRS, AuditPlan
from chiso.evaluate.bootstrap import drawn_fmr, drawn_fnmr, percentile_interval
from chiso.evaluate.counting import at_least, mated_errors, nonmated_errors, require_kept
from chiso.evaluate.disparities import max_min
from chiso.evaluate.evidence import ComparisonSource, Evidence, Mask, Scores
from chiso.evaluate.findings import (
    EVERYONE,
    FrozenThreshold,
    GroupChange,
    GroupFindings,
    NormaliserFindings,
    Rate,
)
from chiso.evaluate.fixing import fix_threshold, lowest_threshold
from chiso.evaluate.intervals import rate_of
from chiso.evaluate.separability import separability
from chiso.evaluate.split import Split

_ORACLE = "oracle"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was found without a normaliser, and the draws that its intervals are from.

    `drawn_fmr`, `drawn_fnmr`: shape (draws, 1 + groups), everyone first. `weights`: shape (draws,
    people).
    """

    groups: tuple[GroupFindings, ...]
    threshold: FrozenThreshold
    drawn_fmr: Scores
    drawn_fnmr: Scores
    weights: Scores


def compare_normalisers(
    baseline: Baseline,
    normalised: Mapping[str, ComparisonSource],
    plan: AuditPlan,
    split: Split,
    tell: Callable[[str], None],
) -> tuple[NormaliserFindings, ...]:
    """Each at its own threshold, fixed by the same policy on the same people.

    With a given threshold none is fixed; then each is compared at the threshold with which it has
    the same pooled FMR on the test, and says so.
    """
    found: list[NormaliserFindings] = []
    for name, source in normalised.items():
        tell(f"measuring with the normaliser {name}")
        found.append(_measured(name, source, baseline, plan, split))
    return tuple(found)


def _measured(
    name: str, source: ComparisonSource, baseline: Baseline, plan: AuditPlan, split: Split
) -> NormaliserFindings:
    test = source.evidence(split.test)
    threshold = _threshold(source, test, baseline, plan, split)
    require_kept(test, threshold, split.test, split.test)
    near = at_least(test, threshold)
    masks = [test.chosen, *(test.chosen & test.crowd.members(group) for group in test.crowd.groups)]
    changes = tuple(
        _change(index, test, near, threshold, members, baseline)
        for index, members in enumerate(masks)
    )
    spread = _max_min([change.fmr for change in changes[1:]])
    is_oracle = _ORACLE in name
    why = _why_not(changes, spread, baseline, is_oracle)
    said = why or "No error of any group rises beyond its interval, and max/min FMR falls."
    if plan.given_threshold is not None:
        said += " Its threshold is the one with the same pooled FMR on the test."
    return NormaliserFindings(name, threshold, changes, spread, is_oracle, not why, said)


def _threshold(
    source: ComparisonSource, test: Evidence, baseline: Baseline, plan: AuditPlan, split: Split
) -> float:
    if plan.given_threshold is None:
        return fix_threshold(
            source.evidence(split.threshold),
            plan.target_fmr,
            plan.policy,
            plan.min_people,
            scores_are_cosines=False,
        ).value
    return lowest_threshold(test, split.test, baseline.groups[0].fmr.value)


def _change(
    index: int,
    test: Evidence,
    near: Evidence,
    threshold: float,
    members: Mask,
    baseline: Baseline,
) -> GroupChange:
    """Paired: both sides of a change are computed from the same draws of people."""
    before = baseline.groups[index]
    fmr = rate_of(nonmated_errors(near, threshold, members, members))
    fnmr = rate_of(mated_errors(near, threshold, members))
    weights = baseline.weights
    fmr_draws = drawn_fmr(near, threshold, members, members, weights)
    fnmr_draws = drawn_fnmr(near, threshold, members, weights)
    return GroupChange(
        group=before.group,
        fmr=fmr,
        fnmr=fnmr,
        fmr_change=fmr.value - before.fmr.value,
        fmr_change_interval=_paired(fmr_draws - baseline.drawn_fmr[:, index]),
        fnmr_change=fnmr.value - before.fnmr.value,
        fnmr_change_interval=_paired(fnmr_draws - baseline.drawn_fnmr[:, index]),
        separability_change=_separability_change(test, members, before),
    )


def _paired(changes: Scores) -> tuple[float, float]:
    return percentile_interval(changes) or (-1.0, 1.0)


def _separability_change(test: Evidence, members: Mask, before: GroupFindings) -> float | None:
    after = separability(test, members, OWN_FMRS[0], None).fnmr
    own = before.separability[0].fnmr
    return None if after is None or own is None else after.value - own.value


def _max_min(rates: Sequence[Rate]) -> float | None:
    told = [rate.value for rate in rates if rate.trials]
    if len(told) < 2:
        return None
    ratio = float(max_min(np.array(told)))
    return ratio if np.isfinite(ratio) else None


def _why_not(
    changes: Sequence[GroupChange], spread: float | None, baseline: Baseline, is_oracle: bool
) -> str:
    """Why it is not recommended; empty if it is.

    An error rises beyond its interval where all of the change's interval is a rise, or where the
    rate is above the whole interval that it had without the normaliser.
    """
    if is_oracle:
        return "It sees groups; for comparison only."
    for change, before in zip(changes, baseline.groups, strict=True):
        if change.group == EVERYONE:
            continue
        for name, rate, low, had in (
            ("FMR", change.fmr, change.fmr_change_interval[0], before.fmr),
            ("FNMR", change.fnmr, change.fnmr_change_interval[0], before.fnmr),
        ):
            if rate.value > had.value and (low > 0 or rate.value > had.interval[1]):
                return (
                    f"The {name} of {change.group} rises beyond its interval, from "
                    f"{100 * had.value:.3g} % to {100 * rate.value:.3g} %."
                )
    without = _max_min([group.fmr for group in baseline.groups[1:]])
    if spread is None or without is None:
        return "Some group has no false match, so that max/min FMR cannot be told to fall."
    if spread >= without:
        return f"Max/min FMR does not fall: {without:.3g} without, {spread:.3g} with it."
    return ""
