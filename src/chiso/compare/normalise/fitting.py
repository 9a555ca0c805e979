"""Fit normalisers by name, all of them or one; and read one back from its document."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiso.compare.normalise.as_norm import AsNorm, fit_as_norm
from chiso.compare.normalise.document import read
from chiso.compare.normalise.faircal import FairCal, fit_faircal
from chiso.compare.normalise.fsn import Fsn, fit_fsn
from chiso.compare.normalise.local_density import LocalDensity, fit_local_density
from chiso.compare.normalise.plain import Plain
from chiso.compare.normalise.port import (
    CalibrationSet,
    FittedNormaliser,
    Vectors,
    calibration_set,
)

_KINDS = (AsNorm, Fsn, FairCal, LocalDensity)
NAMES = tuple(kind.name for kind in _KINDS)
"""What can be asked for by name, beside "none" and "all"."""
FOR_HOMES = tuple(kind.name for kind in _KINDS if not kind.holds_people)
"""Those that a threshold record may carry, since they keep no single person's vectors."""


def fit_named(
    name: str, vectors: Vectors, person: NDArray[np.integer], seed: int
) -> FittedNormaliser:
    """Fit one normaliser to calibration people, who are in no other split.

    `vectors`: shape (n, dimensions), float32, unit length. `person`: shape (n,), whose each is; no
    group is asked for. The same seed gives the same normaliser. Raises ValueError where the name is
    unknown, or there are too few people (`LEAST_PEOPLE`) or too few samples of each.
    """
    if name == Plain.name:
        return Plain()
    if name not in NAMES:
        raise ValueError(f"no normaliser is called {name!r}; there are {', '.join(NAMES)}")
    return _fitted(name, calibration_set(vectors, person, seed), seed)


def fit_all(
    vectors: Vectors, person: NDArray[np.integer], seed: int
) -> tuple[FittedNormaliser, ...]:
    """Every normaliser that sees no group, fitted as `fit_named` does."""
    calibration = calibration_set(vectors, person, seed)
    return tuple(_fitted(name, calibration, seed) for name in NAMES)


def read_normaliser(document: str) -> FittedNormaliser:
    """The normaliser that `document_of` wrote. Raises ValueError saying what is wrong with it."""
    try:
        return _read(json.loads(document))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"this is not a normaliser's document: {error!r}") from error


def _read(document: dict[str, Any]) -> FittedNormaliser:
    name = document["name"]
    if name == AsNorm.name:
        return read(AsNorm, document)
    if name == Fsn.name:
        return read(Fsn, document)
    if name == FairCal.name:
        return read(FairCal, document)
    if name == LocalDensity.name:
        return read(LocalDensity, document)
    raise ValueError(f"no normaliser is called {name!r}")


def _fitted(name: str, calibration: CalibrationSet, seed: int) -> FittedNormaliser:
    if name == AsNorm.name:
        return fit_as_norm(calibration)
    if name == Fsn.name:
        return fit_fsn(calibration, seed)
    if name == FairCal.name:
        return fit_faircal(calibration, seed)
    return fit_local_density(calibration, seed)
