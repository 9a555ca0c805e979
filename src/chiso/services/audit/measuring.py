"""From comparisons to a report: what the three kinds of input have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chiso import __version__
from chiso.core.errors import ChisoError, Code
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.evidence import ComparisonSource, Normalised
from chiso.services.audit.report import AuditReport, Provenance

SOFTWARE = f"chiso {__version__}"
_WHOLE = 100

Watcher = Callable[[str, int, int], None]
"""(what is being done, how far, of how much)."""


class Watched:
    """Passes on what is being done, and how far that is, from those who know only one of them."""

    def __init__(self, watch: Watcher) -> None:
        self._watch = watch
        self._what = "Comparing"

    def begin(self, what: str) -> None:
        """Something else is being done from now on."""
        self._what = what[:1].upper() + what[1:]
        self.share(0.0)

    def share(self, done: float) -> None:
        """How far it is, in [0, 1]."""
        self._watch(self._what, round(done * _WHOLE), _WHOLE)


def silently(_what: str, _done: int, _total: int) -> None:
    """Watch nothing."""


def measured(
    source: ComparisonSource,
    plan: AuditPlan,
    provenance: Provenance,
    watched: Watched,
    *,
    offered: Mapping[str, tuple[int, int]] | None = None,
    normalised: Mapping[str, Normalised] | None = None,
    scores_are_cosines: bool = False,
) -> AuditReport:
    """Measure a source, and put what it rests on beside what was found.

    `offered`: by group, samples offered and those of them that gave no template; None where no
    photos were processed. `normalised`: the same comparisons by name of a normaliser. Raises
    ChisoError(BAD_ARGUMENT) where the plan cannot be carried out on these people.
    """
    from chiso.evaluate.audit import audit

    try:
        findings = audit(
            source,
            plan,
            offered=offered,
            normalised=normalised,
            scores_are_cosines=scores_are_cosines,
            progress=watched.begin,
        )
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{provenance.audited.name} cannot be audited so: {error}.",
            "Add people or comparisons, change what is asked for, or give the threshold in use "
            "with --threshold.",
        ) from error
    return AuditReport(f"Audit of {provenance.audited.name}", findings, provenance)
