"""Comparisons that a threshold is fitted to: cosines, or scores of a normaliser fitted apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chiso.compare.normalise.fitting import FOR_HOMES, NAMES
from chiso.compare.normalise.oracle import OracleGroup
from chiso.compare.normalise.port import FittedNormaliser
from chiso.core.errors import ChisoError, Code
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.evidence import Evidence
from chiso.evaluate.split import split_people
from chiso.services.audit.normalising import ALL, Samples, fitted_apart, with_calibration
from chiso.services.threshold_record import SEED


@dataclass(frozen=True, slots=True)
class Compared:
    """Comparisons, the normaliser that scored them (None: cosines), and what to remark of it."""

    evidence: Evidence
    normaliser: FittedNormaliser | None
    remark: str


def require_for_homes(normaliser: str) -> None:
    """Raise ChisoError(BAD_ARGUMENT) for a name of which no home could decide with a record."""
    if normaliser in FOR_HOMES:
        return
    why = f"No normaliser is called {normaliser!r}."
    if normaliser == ALL:
        why = "A record carries one normaliser, so a threshold cannot be fitted with all of them."
    elif normaliser == OracleGroup.name:
        why = f"{normaliser} is told everyone's group, which a home never asks for."
    elif normaliser in NAMES:
        why = f"{normaliser} keeps vectors of single people, so a home refuses to decide with it."
    raise ChisoError(
        Code.BAD_ARGUMENT,
        why,
        f"Name one of {', '.join(FOR_HOMES)}, or leave --normaliser out. `chiso audit embeddings "
        "--normaliser all` shows what each would change, and for whom.",
    )


def compared(samples: Samples, normaliser: str | None, target_fmr: float) -> Compared:
    """Everyone's comparisons as they are; or, under a normaliser, those of two people in three.

    It is fitted to the third of each group that an audit with the same seed would set apart for it,
    so nobody is behind both it and the threshold. Raises ChisoError(BAD_ARGUMENT) where those are
    too few.
    """
    plan = with_calibration(AuditPlan(SEED, target_fmr=target_fmr), normaliser)
    if normaliser is None:
        everyone = np.ones(samples.crowd.people, dtype=bool)
        return Compared(samples.source(plan).evidence(everyone, target_fmr), None, "")
    (fitted,) = fitted_apart(samples, plan, normaliser)
    apart = split_people(samples.crowd, plan).calibration
    return Compared(
        samples.source(plan, fitted).evidence(~apart, target_fmr),
        fitted,
        f"Scores are normalised by {fitted.name}, fitted to {np.count_nonzero(apart)} other "
        f"people, chosen with seed {SEED}, who are in nothing else here. ",
    )
