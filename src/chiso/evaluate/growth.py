"""What the same errors would amount to among more people."""

from __future__ import annotations

import numpy as np

from chiso.evaluate.error_sums import ErrorSums


def grown(sums: ErrorSums, factor: int) -> ErrorSums:
    """Sums of `factor` times the people who err as these do, at the same rate.

    Everyone is there `factor` times; non-mated, everyone also meets `factor` times as many. Of the
    rate's variance, what people carry then falls by `factor` and what pairs of people carry by its
    square, which is how either depends on the number of people.
    """
    meetings = 1 if sums.is_mated else factor
    units = factor * meetings
    return ErrorSums(
        errors=sums.errors * units,
        trials=sums.trials * units,
        person_errors=np.tile(sums.person_errors * meetings, factor),
        person_trials=np.tile(sums.person_trials * meetings, factor),
        unit_errors_squared=sums.unit_errors_squared * units,
        unit_errors_times_trials=sums.unit_errors_times_trials * units,
        unit_trials_squared=sums.unit_trials_squared * units,
        independent_units=sums.independent_units * factor,
        is_mated=sums.is_mated,
    )
