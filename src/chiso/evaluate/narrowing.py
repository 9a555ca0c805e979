"""What each normaliser changes for every group, in both errors, and whether to recommend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chiso.core.decisions import NO_NORMALISER
from chiso.evaluate.audit_plan import OWN_FMRS, AuditPlan
from chiso.evaluate.bootstrap import drawn_fmr, drawn_fnmr, drawn_separability, percentile_interval
from chiso.evaluate.counting import at_least, mated_errors, nonmated_errors, require_kept
from chiso.evaluate.disparities import max_min
from chiso.evaluate.evidence import Evidence, Mask, Normalised, Scores
from chiso.evaluate.findings import (
    GroupChange,
    NormaliserFindings,
    Rate,
)
from chiso.evaluate.fixing import fix_threshold, lowest_threshold
from chiso.evaluate.intervals import rate_of
from chiso.evaluate.populations import everyone_and_groups
from chiso.evaluate.separability import separability

_OTHERS = "What the others change."
_IN_SAMPLE = (
    "What the others change. Since the threshold was given, each of the others has the one with "
    "the same pooled FMR on the test itself: it is fitted to the people that it is measured on "
    "(in-sample), which flatters it a little."
)


@dataclass(frozen=True, slots=True)
class _Population:
    """One population (everyone, or a group) under one normaliser; `drawn_*`: shape (draws,)."""

    name: str
    fmr: Rate
    fnmr: Rate
    drawn_fmr: Scores
    drawn_fnmr: Scores
    separability: float | None
    drawn_separability: Scores


def compare_normalisers(
    fixing: Evidence | None,
    test: Evidence,
    normalised: Mapping[str, Normalised],
    plan: AuditPlan,
    weights: Scores,
    tell: Callable[[str], None],
) -> tuple[NormaliserFindings, ...]:
    """Without a normaliser first, then each; empty where none is to be compared.

    `fixing` and `test`: the comparisons of the threshold's and the test's people as they are.
    Each has its own threshold, fixed by the same policy on the same people from counted false
    matches alone, since a model of angles is of cosines only. With a given threshold none is fixed
    (`fixing` is None), and each has the threshold with the same pooled FMR on the test. `weights`:
    draws of people, shape (draws, people), the same for all: changes are paired.
    """
    if not normalised:
        return ()
    given = plan.given_threshold
    pooled_fmr, at_fmr = None, plan.target_fmr
    threshold = _fixed(fixing, plan) if fixing is not None else given
    if threshold is None:
        raise ValueError("either people to fix a threshold on or a given threshold")
    without = _populations(test, threshold, weights)
    if fixing is None:
        at_fmr = pooled_fmr = without[0].fmr.value
    why = _IN_SAMPLE if fixing is None else _OTHERS
    found = [_finding(NO_NORMALISER, threshold, without, without, (False, why))]
    for name, under in normalised.items():
        if name == NO_NORMALISER:
            continue
        tell(f"measuring with the normaliser {name}")
        scored = under.source.evidence(test.chosen, at_fmr)
        if pooled_fmr is not None:
            threshold = lowest_threshold(scored, test.chosen, pooled_fmr)
        elif fixing is not None:
            threshold = _fixed(under.source.evidence(fixing.chosen, at_fmr), plan)
        changed = _populations(scored, threshold, weights)
        judged = _judged(under, changed, without)
        found.append(_finding(name, threshold, changed, without, judged, is_oracle=under.is_oracle))
    return tuple(found)


def _fixed(fixing: Evidence, plan: AuditPlan) -> float:
    return fix_threshold(
        fixing, plan.target_fmr, plan.policy, plan.min_people, scores_are_cosines=False
    ).value


def _populations(test: Evidence, threshold: float, weights: Scores) -> tuple[_Population, ...]:
    """Everyone first, then each group."""
    require_kept(test, threshold, test.chosen, test.chosen)
    near = at_least(test, threshold)
    return tuple(
        _Population(
            name,
            rate_of(nonmated_errors(near, threshold, members, members)),
            rate_of(mated_errors(near, threshold, members)),
            drawn_fmr(near, threshold, members, members, weights),
            drawn_fnmr(near, threshold, members, weights),
            _separability(test, members),
            drawn_separability(test, OWN_FMRS[0], members, weights),
        )
        for name, members in everyone_and_groups(test)
    )


def _separability(test: Evidence, members: Mask) -> float | None:
    rate = separability(test, members, OWN_FMRS[0], None).fnmr
    return None if rate is None else rate.value


def _finding(
    name: str,
    threshold: float,
    changed: Sequence[_Population],
    without: Sequence[_Population],
    judged: tuple[bool, str],
    *,
    is_oracle: bool = False,
) -> NormaliserFindings:
    recommended, why = judged
    return NormaliserFindings(
        name=name,
        threshold=threshold,
        changes=tuple(map(_change, changed, without)),
        max_min_fmr=_max_min(changed),
        is_oracle=is_oracle,
        recommended=recommended,
        why=why,
    )


def _change(after: _Population, before: _Population) -> GroupChange:
    """Paired: both sides of a change are computed from the same draws of people."""
    change, interval = None, None
    if after.separability is not None and before.separability is not None:
        change = after.separability - before.separability
        interval = _paired(after.drawn_separability - before.drawn_separability)
    return GroupChange(
        group=before.name,
        fmr=after.fmr,
        fnmr=after.fnmr,
        fmr_change=after.fmr.value - before.fmr.value,
        fmr_change_interval=_paired(after.drawn_fmr - before.drawn_fmr),
        fnmr_change=after.fnmr.value - before.fnmr.value,
        fnmr_change_interval=_paired(after.drawn_fnmr - before.drawn_fnmr),
        separability_change=change,
        separability_change_interval=interval,
    )


def _paired(changes: Scores) -> tuple[float, float]:
    return percentile_interval(changes) or (-1.0, 1.0)


def _max_min(populations: Sequence[_Population]) -> float | None:
    told = [found.fmr.value for found in populations[1:] if found.fmr.trials]
    if len(told) < 2:
        return None
    ratio = float(max_min(np.array(told)))
    return ratio if np.isfinite(ratio) else None


def _factor(
    changed: Sequence[_Population], without: Sequence[_Population]
) -> tuple[float, float] | None:
    """95 % interval of how many times as large max/min FMR is with the normaliser.

    Both ratios of one draw of people are of the same people. None where too many draws leave a
    ratio undefined.
    """
    told = [place for place, found in enumerate(without[1:], start=1) if found.fmr.trials]
    after = max_min(np.column_stack([changed[place].drawn_fmr for place in told]))
    before = max_min(np.column_stack([without[place].drawn_fmr for place in told]))
    with np.errstate(invalid="ignore"):  # infinite by infinite is undefined, and left out
        return percentile_interval(after / before)


def _times(factor: tuple[float, float] | None) -> str:
    if factor is None:
        return "in too many draws of people some group has no false match"
    low, high = factor
    if np.isinf(high):
        return f"over draws of people at least {low:.3g} times as large, with no upper bound"
    return f"over draws of people {low:.3g} to {high:.3g} times as large"


def _judged(
    under: Normalised, changed: Sequence[_Population], without: Sequence[_Population]
) -> tuple[bool, str]:
    """Whether it is recommended, and why, or why not.

    It is where it does no harm (`_harm`) and max/min FMR is shown to fall: all of the interval of
    its change, over draws of people, is a fall.
    """
    harm = _harm(under, changed, without)
    if harm:
        return False, harm
    if sum(found.fmr.trials > 0 for found in without[1:]) < 2:
        return False, "There are no two groups whose FMRs it could bring together."
    ratio, ratio_without = _max_min(changed), _max_min(without)
    if ratio is None or ratio_without is None:
        return False, "Some group has no false match, so that max/min FMR cannot be told to fall."
    both = f"{ratio_without:.3g} without, {ratio:.3g} with it"
    if ratio >= ratio_without:
        return False, f"Max/min FMR does not fall: {both}."
    factor = _factor(changed, without)
    if factor is None or factor[1] >= 1:
        return False, f"Max/min FMR is not shown to fall: {both}; {_times(factor)}."
    return True, (
        "No error of any group rises beyond its interval, and max/min FMR is shown to fall: "
        f"{both}; {_times(factor)}."
    )


def _harm(under: Normalised, changed: Sequence[_Population], without: Sequence[_Population]) -> str:
    """Why it is out of the question, whatever it narrows; empty if nothing speaks against it.

    An error rises beyond its interval where all of the change's interval is a rise, or where the
    rate is above the whole interval that it had without the normaliser.
    """
    if under.is_oracle:
        return "It sees groups; for comparison only."
    if under.holds_people:
        return "It keeps vectors of single people; a home refuses to decide with it."
    for after, before in zip(changed[1:], without[1:], strict=True):
        for name, rate, had, change in (
            ("FMR", after.fmr, before.fmr, after.drawn_fmr - before.drawn_fmr),
            ("FNMR", after.fnmr, before.fnmr, after.drawn_fnmr - before.drawn_fnmr),
        ):
            shown = _paired(change)[0] > 0 or rate.value > had.interval[1]
            if rate.value > had.value and shown:
                return (
                    f"The {name} of {after.name} rises beyond its interval, from "
                    f"{100 * had.value:.3g} % to {100 * rate.value:.3g} %."
                )
    return ""
