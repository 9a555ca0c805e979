"""The sums that a rate and its dependence-adjusted interval need, whoever counted them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ErrorSums:
    """Errors of one population at one threshold, summed by person and by unit.

    A *unit* is what can be wrong together: a person (mated comparisons), or a pair of people
    (non-mated ones). Shapes (people,): float64; only people who take part in some comparison.

    `person_errors`, `person_trials`: of comparisons that the person takes part in; a non-mated one
    counts for both its people, so these sum to twice `errors` and `trials` there, once for mated.
    `unit_errors_squared`, `unit_errors_times_trials`, `unit_trials_squared`: sums over units.
    `independent_units`: the most units that share no person: all people for mated comparisons;
    half of them, rounded down, within a group; the smaller group's people across two; fewer where
    a table holds few of the pairs.
    """

    errors: int
    trials: int
    person_errors: NDArray[np.float64]
    person_trials: NDArray[np.float64]
    unit_errors_squared: float
    unit_errors_times_trials: float
    unit_trials_squared: float
    independent_units: int
    is_mated: bool

    @property
    def people(self) -> int:
        """How many people are behind the trials."""
        return len(self.person_trials)

    @property
    def rate(self) -> float:
        """Errors by trials; NaN where there are no trials."""
        return self.errors / self.trials if self.trials else float("nan")


def mated_sums(errors: NDArray[np.float64], trials: NDArray[np.float64]) -> ErrorSums:
    """Sums of mated comparisons: by person, shape (people,), errors and (one or more) trials."""
    return ErrorSums(
        errors=round(float(errors.sum())),
        trials=round(float(trials.sum())),
        person_errors=errors,
        person_trials=trials,
        unit_errors_squared=float(errors @ errors),
        unit_errors_times_trials=float(errors @ trials),
        unit_trials_squared=float(trials @ trials),
        independent_units=len(trials),
        is_mated=True,
    )
