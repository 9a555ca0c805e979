"""How unequal error rates are over all groups, each in one number, zeros stated.

ISO/IEC 19795-10:2024 names summary measures of differential performance; the formulas here are of
the sources that each function gives.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chiso.evaluate.bootstrap import percentile_interval
from chiso.evaluate.evidence import Scores
from chiso.evaluate.findings import Disparity, Rate

ALPHA = 0.5
"""Weight of false matches in GARBE and FDR; the rest is that of false non-matches."""

FEW_PEOPLE = 50
"""With fewer in a group, percentiles over draws of people hold the truth too seldom."""


def max_min(rates: Scores) -> Scores:
    """Highest by lowest rate over the last axis; infinite by zero, NaN where all are zero.

    Grother (2022), "Face recognition vendor test part 8: summarizing demographic differentials",
    NIST IR 8429.
    """
    return _quotient(rates.max(axis=-1), rates.min(axis=-1))


def max_geometric_mean(rates: Scores) -> Scores:
    """Highest rate by the geometric mean of all, over the last axis; by zero as in `max_min`.

    Grother (2022), NIST IR 8429.
    """
    with np.errstate(divide="ignore"):
        mean = np.exp(np.log(rates).mean(axis=-1))
    return _quotient(rates.max(axis=-1), mean)


def gini(rates: Scores) -> Scores:
    """Gini's coefficient with n / (n - 1), over the last axis: 0 equal, 1 all in one group.

    n / (n - 1) · Σᵢ Σⱼ |xᵢ - xⱼ| / (2 n² x̄). 0 where no group errs. Howard, Laird, Sirotin, Rubin,
    Tipton, Vemury (2022), "Evaluating proposed fairness models for face recognition algorithms".
    """
    n = rates.shape[-1]
    apart = np.abs(rates[..., :, None] - rates[..., None, :]).sum(axis=(-1, -2))
    mean = rates.mean(axis=-1)
    scale = np.where(mean == 0, 1.0, 2 * n**2 * mean)
    coefficient: Scores = n / (n - 1) * apart / scale
    return coefficient


def garbe(fmr: Scores, fnmr: Scores) -> Scores:
    """Gini aggregation rate for biometric equitability: α G(FMR) + (1 - α) G(FNMR); 0 is equal.

    Howard and others (2022), as in `gini`.
    """
    return ALPHA * gini(fmr) + (1 - ALPHA) * gini(fnmr)


def fairness_discrepancy_rate(fmr: Scores, fnmr: Scores) -> Scores:
    """FDR: 1 - (α max |FMRᵢ - FMRⱼ| + (1 - α) max |FNMRᵢ - FNMRⱼ|); 1 is equal.

    De Freitas Pereira and Marcel (2021), "Fairness in biometrics: a figure of merit to assess
    biometric verification systems", equations 2 to 4.
    """
    apart: Scores = 1 - (ALPHA * np.ptp(fmr, axis=-1) + (1 - ALPHA) * np.ptp(fnmr, axis=-1))
    return apart


def disparities(
    fmr: Sequence[Rate], fnmr: Sequence[Rate], drawn_fmr: Scores, drawn_fnmr: Scores
) -> tuple[Disparity, ...]:
    """All measures over groups that have both rates; `drawn_*`: shape (draws, groups).

    Groups without trials of one kind are left out of what needs it, and the note says how many
    were. It also says where a group has so few people that the interval is too narrow. An end of
    an interval is infinite where draws divide by zero.
    """
    found: list[Disparity] = []
    for name, rates, drawn in (("FMR", fmr, drawn_fmr), ("FNMR", fnmr, drawn_fnmr)):
        told = [index for index, rate in enumerate(rates) if rate.trials]
        some, draws = [rates[index] for index in told], drawn[:, told]
        left_out = _left_out(len(rates) - len(told))
        found.append(_quotient_of(name, "max/min", some, draws, left_out))
        found.append(_quotient_of(name, "max/geometric mean", some, draws, left_out))
    told = [i for i in range(len(fmr)) if fmr[i].trials and fnmr[i].trials]
    left_out = _left_out(len(fmr) - len(told))
    for name, measure, best in (
        ("GARBE", garbe, 0.0),
        ("FDR", fairness_discrepancy_rate, 1.0),
    ):
        if len(told) < 2:
            found.append(Disparity(name, "both", None, None, best, "fewer than two groups"))
            continue
        value = measure(
            np.array([fmr[i].value for i in told]), np.array([fnmr[i].value for i in told])
        )
        interval = percentile_interval(measure(drawn_fmr[:, told], drawn_fnmr[:, told]))
        some = [rate for i in told for rate in (fmr[i], fnmr[i])]
        note = _joined(left_out or "zeros count as they are", _few(some))
        found.append(Disparity(name, "both", float(value), interval, best, note))
    return tuple(found)


def _quotient_of(
    rate: str, name: str, rates: Sequence[Rate], drawn: Scores, left_out: str
) -> Disparity:
    if len(rates) < 2:
        return Disparity(name, rate, None, None, 1.0, "fewer than two groups")
    measure = max_min if name == "max/min" else max_geometric_mean
    value = float(measure(np.array([found.value for found in rates])))
    if not np.isfinite(value):
        return Disparity(name, rate, None, None, 1.0, _zero_note(rates, name))
    note = _joined(left_out, _few(rates))
    return Disparity(name, rate, value, percentile_interval(measure(drawn)), 1.0, note)


def _zero_note(rates: Sequence[Rate], name: str) -> str:
    """Why there is no ratio, and what the intervals still say of the highest by the lowest."""
    zeros = sum(1 for found in rates if found.errors == 0)
    if zeros == len(rates):
        return "no group has an error"
    without = f"{zeros} of {len(rates)} groups have no error, so that the ratio is not defined"
    low = max(found.interval[0] for found in rates)
    high = min(found.interval[1] for found in rates if found.errors == 0)
    if name != "max/min" or high <= 0 or low <= high:
        return without
    return f"{without}; by the intervals, max/min is at least {low / high:.2g}"


def _few(rates: Sequence[Rate]) -> str:
    """What to say where some group is so small that draws of its people vary too little."""
    fewest = min(rate.people for rate in rates)
    if fewest >= FEW_PEOPLE:
        return ""
    people = "1 person" if fewest == 1 else f"{fewest} people"
    return (
        f"the smallest group has {people}, and with fewer than {FEW_PEOPLE} the true value lies "
        "outside such an interval more often than 5 times in 100"
    )


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _left_out(count: int) -> str:
    return f"{count} groups without comparisons left out" if count else ""


def _quotient(above: Scores, below: Scores) -> Scores:
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Scores = above / below
    return quotient
