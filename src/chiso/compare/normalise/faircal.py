"""FairCal: the probability that both are one person, as it is among faces like these two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.compare.normalise.cells import cells_of, nearest
from chiso.compare.normalise.document import digest_of, require_rows
from chiso.compare.normalise.port import CalibrationSet, Floats, Scores, Vectors

_BINS = 2000
_NEWTON_STEPS = 60
_RIDGE = 1e-3
_FLOOR = 1e-6
_SURE = 80.0  # log-odds beyond which float32 would overflow


@dataclass(frozen=True, slots=True, eq=False)
class FairCal:
    """FairCal, with a beta calibrator a cell.

    Salvador et al. 2022, "FairCal: fairness calibration for face verification", ICLR; Kull et al.
    2017, "Beta calibration", AISTATS.
    `centres`: shape (cells, dimensions). `maps`: shape (cells, 4): a, b and c of the cell's
    log-odds a·ln u - b·ln(1-u) + c with u = (1 + cosine) / 2, and its share of pairs.
    """

    centres: Vectors
    maps: Vectors

    name = "faircal"
    is_oracle = False
    holds_people = False
    gives_cosines = False

    def __post_init__(self) -> None:
        require_rows(self.centres, self.maps, (4,))

    @property
    def digest(self) -> str:
        """Hex SHA-256 of its document."""
        return digest_of(self)

    def prepare(self, vectors: Vectors) -> Scores:
        """The map of each sample's cell, shape (n, 4)."""
        mine: Scores = self.maps[nearest(self.centres, vectors)].astype(np.float64)
        return mine

    def apply(self, scores: Floats, left: Floats, right: Floats) -> Scores:
        """Log-odds of the mean of both cells' probabilities, weighted by their pairs.

        Log-odds order comparisons as probabilities do, and tell apart those that are all but sure.
        """
        log_u, log_rest = _logs(scores)
        odds_left = _odds(log_u, log_rest, left[:, None, :])
        odds_right = _odds(log_u, log_rest, right[None, :, :])
        wrong_left, wrong_right = 1 / (1 + odds_left), 1 / (1 + odds_right)
        weight_left, weight_right = left[:, 3, None], right[None, :, 3]
        for_it = weight_left * odds_left * wrong_left + weight_right * odds_right * wrong_right
        against = weight_left * wrong_left + weight_right * wrong_right
        ordered: Scores = np.log(for_it / against).astype(np.float64)
        return ordered


def fit_faircal(calibration: CalibrationSet, seed: int) -> FairCal:
    """A beta calibrator for each cell, from every pair of samples that touches it.

    A cell without mated pairs, or whose pairs are told apart without error, is held near the map of
    all by a ridge. Raises ValueError where nobody gave two samples.
    """
    cells = cells_of(calibration, seed)
    cell = cells.of_person[calibration.person]
    cosines = np.clip(calibration.vectors @ calibration.vectors.T, -1, 1)
    bins = np.minimum(((cosines + 1) * (_BINS / 2)).astype(np.int64), _BINS - 1)
    same = calibration.person[:, None] == calibration.person[None, :]
    other_sample = ~np.eye(len(same), dtype=bool)
    mated = _counts(bins, same & other_sample, cell, len(cells.centres))
    nonmated = _counts(bins, ~same, cell, len(cells.centres))
    if not mated.any():
        raise ValueError("FairCal needs people who gave two samples or more")
    everyone = _beta(mated.sum(axis=0), nonmated.sum(axis=0), np.array([1.0, 1.0, 0.0]))
    maps = np.array(
        [
            [*_beta(yes, no, everyone), (yes.sum() + no.sum()) / (mated.sum() + nonmated.sum())]
            for yes, no in zip(mated, nonmated, strict=True)
        ]
    )
    return FairCal(cells.centres, maps.astype(np.float32))


def _counts(
    bins: NDArray[np.int64], chosen: NDArray[np.bool_], cell: NDArray[np.int64], cells: int
) -> Scores:
    """Pairs by bin of their cosine, that have their first sample in each cell: (cells, bins)."""
    rows = [
        np.bincount(bins[cell == each][chosen[cell == each]], minlength=_BINS)
        for each in range(cells)
    ]
    return np.array(rows, dtype=np.float64)


def _beta(mated: Scores, nonmated: Scores, near: Scores) -> Scores:
    """a, b, c by maximum likelihood, held near `near`; a and b not negative.

    Where one would be, it is 0 and the others are fitted anew (Kull et al. 2017).
    """
    free = np.array([True, True, True])
    while True:
        beta = _climbed(mated, nonmated, np.where(free, near, 0.0), free)
        negative = free & (beta < 0) & np.array([True, True, False])
        if not negative.any():
            return beta
        free &= ~negative


def _climbed(mated: Scores, nonmated: Scores, near: Scores, free: NDArray[np.bool_]) -> Scores:
    """Newton's steps on the penalised log-likelihood, halved until they climb."""
    centres = (np.arange(_BINS) + 0.5) * (2 / _BINS) - 1
    log_u, log_rest = _logs(centres)
    design = np.column_stack([log_u, -log_rest, np.ones(_BINS)])
    total = mated + nonmated
    ridge = _RIDGE * np.eye(3)

    def value(at: Scores) -> float:
        return _likelihood(design @ at, mated, nonmated) - float(
            (at - near) @ ridge @ (at - near) / 2
        )

    beta = near.copy()
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -_SURE, _SURE)))
        gradient = design.T @ (mated - total * chance) - ridge @ (beta - near)
        curvature = (design.T * (total * chance * (1 - chance))) @ design + ridge
        step = np.zeros(3)
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        here = value(beta)
        better = [shrink for shrink in 0.5 ** np.arange(30) if value(beta + shrink * step) > here]
        if not better:
            break
        beta = beta + better[0] * step
    return beta


def _likelihood(log_odds: Scores, mated: Scores, nonmated: Scores) -> float:
    return float(-(mated @ np.logaddexp(0, -log_odds) + nonmated @ np.logaddexp(0, log_odds)))


def _logs(cosines: Floats) -> tuple[Floats, Floats]:
    u = np.clip((1 + cosines) / 2, _FLOOR, 1 - _FLOOR)
    return np.log(u), np.log(1 - u)


def _odds(log_u: Floats, log_rest: Floats, mine: Floats) -> Floats:
    log_odds = mine[..., 0] * log_u - mine[..., 1] * log_rest + mine[..., 2]
    odds: Floats = np.exp(np.clip(log_odds, -_SURE, _SURE))
    return odds
