"""The same comparisons under each score normaliser, fitted to people who are in no other part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chiso.compare.normalise.fitting import NAMES, fit_all, fit_named
from chiso.compare.normalise.oracle import fit_oracle
from chiso.compare.normalise.port import FittedNormaliser
from chiso.core.errors import ChisoError, Code
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.evidence import Crowd, Normalised
from chiso.evaluate.split import split_people
from chiso.evaluate.vectors import VectorSource

ALL = "all"
_SHARES = (1 / 3, 1 / 3, 1 / 3)
_MOST_ORACLE_ROWS = 4000


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Vectors, shape (n, dimensions), unit length; whose each is; its `Role`, or None for all.

    `share`: told the share done, in [0, 1], of each pass over the comparisons.
    """

    crowd: Crowd
    vectors: NDArray[np.float32]
    person: NDArray[np.int32]
    roles: NDArray[np.int8] | None
    share: Callable[[float], None] = lambda _share: None

    def source(self, plan: AuditPlan, normaliser: FittedNormaliser | None = None) -> VectorSource:
        """All comparisons, under a normaliser or as they are."""
        given = plan.given_threshold
        lowest = np.inf if given is None or normaliser is not None else given
        return VectorSource(
            self.crowd,
            self.vectors,
            self.person,
            self.roles,
            normaliser,
            lowest=lowest,
            progress=self.share,
        )


def require_known(normaliser: str | None) -> None:
    """Raise ChisoError(BAD_ARGUMENT) for a name that no normaliser has."""
    if normaliser is not None and normaliser not in (*NAMES, ALL):
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"No normaliser is called {normaliser!r}.",
            f"Name one of {', '.join(NAMES)}; or {ALL}, to put them side by side.",
        )


def with_calibration(plan: AuditPlan, normaliser: str | None) -> AuditPlan:
    """The plan, with a third of the people to fit normalisers to where some are asked for."""
    return plan if normaliser is None else replace(plan, shares=_SHARES)


def normalised(samples: Samples, plan: AuditPlan, asked: str | None) -> Mapping[str, Normalised]:
    """Sources by name; with `ALL` also the oracle's, which is told groups and only shows a bound.

    Raises ChisoError(BAD_ARGUMENT) where there are too few people to fit to.
    """
    if asked is None:
        return {}
    return {
        each.name: Normalised(samples.source(plan, each), each.is_oracle, each.holds_people)
        for each in fitted_apart(samples, plan, asked)
    }


def fitted_apart(samples: Samples, plan: AuditPlan, asked: str) -> tuple[FittedNormaliser, ...]:
    """The normalisers asked for, fitted to the people of the plan's calibration and to no others.

    Raises ChisoError(BAD_ARGUMENT) where these are too few.
    """
    rows = np.flatnonzero(split_people(samples.crowd, plan).calibration[samples.person])
    vectors, person = samples.vectors[rows], samples.person[rows]
    try:
        if asked == ALL:
            return (*fit_all(vectors, person, plan.seed), _oracle(samples, rows, plan.seed))
        return (fit_named(asked, vectors, person, plan.seed),)
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"No normaliser can be fitted: {error}.",
            "A third of the people are set apart for it: add people, or leave --normaliser out.",
        ) from error


def _oracle(samples: Samples, rows: NDArray[np.intp], seed: int) -> FittedNormaliser:
    if len(rows) > _MOST_ORACLE_ROWS:  # it forms all comparisons of these at once
        chance = np.random.default_rng(seed)
        rows = np.sort(chance.choice(rows, _MOST_ORACLE_ROWS, replace=False))
    person, group_of = samples.person, samples.crowd.group_of
    return fit_oracle(
        samples.vectors[rows],
        person[rows],
        group_of[person[rows]],
        (samples.vectors, group_of[person]),
    )
