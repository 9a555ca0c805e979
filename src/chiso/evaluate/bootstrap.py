"""Draws people anew, so that anything computed from their comparisons shows how far it varies.

A draw is one weight a person. Every group, rate and ratio is computed from the same draws: what two
groups have in common, the threshold above all, then varies for both at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.counting import floor_of, population, require_kept
from chiso.evaluate.evidence import Crowd, Evidence, Index, Mask, Scores

_CELLS_AT_ONCE = 4_000_000
_MOST_UNDEFINED_SHARE = 0.05
# How far down the tail a draw's threshold is looked for: so many times the comparisons that the
# rate allows, and some more where that is few.
_TAIL_REACH = 3
_TAIL_SPARE = 2_000
_TAIL_ROWS = 60_000
_ROUNDING = 1e-9


def draw_people(crowd: Crowd, chosen: Mask, draws: int, rng: np.random.Generator) -> Scores:
    """Weights of people, shape (draws, people), float64; 0 for those not `chosen`.

    Each group is drawn from on its own (a stratified multinomial): drawing from everyone would now
    and then leave a small group out, and what compares all groups would be undefined just there.
    Of n people n - 1 are drawn, each weighing n / (n - 1), since n would vary too little by that
    factor (Rao and Wu, 1988, "Resampling inference with complex survey data"). A person alone in
    her group is in every draw.
    """
    weights = np.zeros((draws, crowd.people))
    for index in range(len(crowd.groups)):
        members = np.flatnonzero(chosen & (crowd.group_of == index))
        if len(members) == 1:
            weights[:, members] = 1.0
        elif len(members) > 1:
            drawn = len(members) - 1
            shares = np.full(len(members), 1 / len(members))
            weights[:, members] = rng.multinomial(drawn, shares, draws) * (len(members) / drawn)
    return weights


def drawn_fmr(
    evidence: Evidence, threshold: float, left: Mask, right: Mask, weights: Scores
) -> Scores:
    """False match rate of a population in each draw, shape (draws,); NaN where it has no trials.

    Comparisons weigh w_i · w_j; a person drawn twice is not compared with herself. `left` and
    `right` as in `PairCounts`. Raises ValueError below the floor that comparisons were kept from.
    """
    require_kept(evidence, threshold, left, right)
    found = evidence.nonmated
    rows = (found.scores >= threshold) & population(evidence, left, right)
    errors = weighted_pairs(found.one[rows], found.other[rows], weights)
    return _ratio(errors, found.counts.weighted_totals(left, right, weights))


def drawn_fnmr(evidence: Evidence, threshold: float, members: Mask, weights: Scores) -> Scores:
    """False non-match rate of these people in each draw, shape (draws,); NaN without trials."""
    mated, people = evidence.mated, evidence.crowd.people
    mine = members[mated.person]
    missed = mine & (mated.scores < threshold)
    errors = np.bincount(mated.person[missed], minlength=people).astype(np.float64)
    trials = np.bincount(mated.person[mine], minlength=people).astype(np.float64)
    return _ratio(weights @ errors, weights @ trials)


def drawn_separability(evidence: Evidence, at_fmr: float, members: Mask, weights: Scores) -> Scores:
    """FNMR of these people at their own FMR in each draw, shape (draws,).

    Each draw has its own threshold: the lowest at which its weighted FMR is at most `at_fmr`. NaN
    where a draw has no non-mated or no mated comparison.
    """
    thresholds = drawn_thresholds(evidence, at_fmr, members, weights)
    mated = evidence.mated
    mine = np.flatnonzero(members[mated.person])
    mine = mine[np.argsort(mated.scores[mine], kind="stable")]
    below = np.searchsorted(mated.scores[mine], thresholds)
    missed, trials = np.zeros(len(weights)), np.zeros(len(weights))
    for draws in _chunks(len(weights), len(mine)):
        sums = np.cumsum(weights[draws][:, mated.person[mine]], axis=1)
        sums = np.pad(sums, ((0, 0), (1, 0)))
        missed[draws] = np.take_along_axis(sums, below[draws, None], axis=1)[:, 0]
        trials[draws] = sums[:, -1]
    rates = _ratio(missed, trials)
    return np.where(np.isnan(thresholds), np.nan, rates)


def percentile_interval(values: Scores) -> tuple[float, float] | None:
    """95 % interval from drawn values: their 2.5th and 97.5th percentile, each a drawn value.

    Infinite values count as what they are (a ratio by zero), so an end can be infinite. Undefined
    (NaN) ones are left out; with more than 5 % of them there is no interval.
    """
    defined = values[~np.isnan(values)]
    if not len(defined) or len(defined) < (1 - _MOST_UNDEFINED_SHARE) * len(values):
        return None
    low = np.quantile(defined, 0.025, method="lower")
    high = np.quantile(defined, 0.975, method="higher")
    return float(low), float(high)


def weighted_pairs(one: Index, other: Index, weights: Scores) -> Scores:
    """Sums over comparisons of w_i · w_j, shape (draws,), from the people of each comparison."""
    from scipy.sparse import coo_array

    # Only people who are in some comparison are multiplied: errors are few people's.
    people, at = np.unique(np.concatenate([one, other]), return_inverse=True)
    size = len(people)
    pairs = coo_array((np.ones(len(one)), (at[: len(one)], at[len(one) :])), shape=(size, size))
    pairs = pairs.tocsr()
    sums = np.zeros(len(weights))
    for draws in _chunks(len(weights), size):
        some = np.ascontiguousarray(weights[draws][:, people].T)
        sums[draws] = np.einsum("pd,pd->d", pairs @ some, some)
    return sums


def drawn_thresholds(evidence: Evidence, at_fmr: float, members: Mask, weights: Scores) -> Scores:
    """Shape (draws,): the lowest thresholds at which these people's FMR is at most `at_fmr`.

    NaN where a draw has no two of them. The floor of what was kept, where a draw's lies below it.
    """
    found = evidence.nonmated
    allowed = at_fmr * found.counts.weighted_totals(members, members, weights)
    rows = np.flatnonzero(
        population(evidence, members, members)
        & (found.scores >= floor_of(evidence, members, members))
    )
    reach = int(_TAIL_REACH * at_fmr * found.counts.total(members, members)) + _TAIL_SPARE
    thresholds = np.full(len(weights), np.nan)
    waiting = np.flatnonzero(allowed > 0)
    # Where those with the highest scores were not drawn, the whole of the tail is needed.
    for most in (reach, len(rows)):
        tail, step = _tail(found.scores, rows, most)
        some = _exceeded(evidence, tail, weights[waiting], allowed[waiting] / step)
        thresholds[waiting] = some
        waiting = waiting[np.isnan(some)]
        if most >= len(rows):
            break
    thresholds[waiting] = floor_of(evidence, members, members)
    return thresholds


def _tail(scores: Scores, rows: NDArray[np.intp], most: int) -> tuple[NDArray[np.intp], int]:
    """The rows of the highest scores, descending, and how many each stands for."""
    if most < len(rows):
        rows = rows[np.argpartition(-scores[rows], most)[:most]]
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    # Of a very long tail every so manieth comparison stands for its neighbours in rank: the
    # threshold moves by far less than from one draw to the next.
    step = max(1, len(rows) // _TAIL_ROWS)
    return rows[step // 2 :: step], step


def _exceeded(
    evidence: Evidence, rows: NDArray[np.intp], weights: Scores, allowed: Scores
) -> Scores:
    """Just above the score of the first comparison that is one too many; NaN where none is."""
    found = evidence.nonmated
    scores, one, other = found.scores[rows], found.one[rows], found.other[rows]
    thresholds = np.full(len(weights), np.nan)
    if not len(rows):
        return thresholds
    for draws in _chunks(len(weights), len(rows)):
        some = weights[draws]
        sums = np.cumsum(some[:, one] * some[:, other], axis=1)
        too_many = sums > allowed[draws, None] * (1 + _ROUNDING)
        above = np.nextafter(scores[np.argmax(too_many, axis=1)], np.inf)
        thresholds[draws] = np.where(too_many[:, -1], above, np.nan)
    return thresholds


def _ratio(errors: Scores, trials: Scores) -> Scores:
    rates = np.full(len(trials), np.nan)
    np.divide(errors, trials, out=rates, where=trials > 0)
    return rates


def _chunks(draws: int, width: int) -> Iterator[slice]:
    """Draws so many at a time that an array of `width` for each stays within memory."""
    step = max(1, _CELLS_AT_ONCE // max(width, 1))
    for start in range(0, draws, step):
        yield slice(start, min(start + step, draws))
