"""From comparisons to a report: what the three kinds of input have in common."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from chiso import __version__
from chiso.core.errors import ChisoError, Code
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.evidence import ComparisonSource
from chiso.services.audit.report import AuditReport, Provenance

SOFTWARE = f"chiso {__version__}"
_WHOLE = 1000


class Act(Enum):
    """What is being done, for whoever watches."""

    PHOTOS = "Looking at photos"
    COMPARISONS = "Comparing"


Watcher = Callable[[Act, int, int], None]
"""(act, done, in all)."""


def silently(_act: Act, _done: int, _total: int) -> None:
    """Watch nothing."""


def comparing(watch: Watcher) -> Callable[[float], None]:
    """Tells a watcher the share of comparisons done, in [0, 1]."""
    return lambda share: watch(Act.COMPARISONS, round(share * _WHOLE), _WHOLE)


def measured(
    source: ComparisonSource,
    plan: AuditPlan,
    provenance: Provenance,
    offered: NDArray[np.int64] | None = None,
) -> AuditReport:
    """Measure a source, and put what it rests on beside what was found.

    `offered`: shape (people,), samples that each person gave, with those that gave no template;
    None where no photos were processed. Raises ChisoError(BAD_ARGUMENT) where the plan cannot be
    carried out on these people.
    """
    from chiso.evaluate.audit import audit

    try:
        findings = audit(source, plan, offered=offered)
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{provenance.audited.name} cannot be audited so: {error}.",
            "Add people or comparisons, change what is asked for, or give the threshold in use "
            "with --threshold.",
        ) from error
    return AuditReport(f"Audit of {provenance.audited.name}", findings, provenance)
