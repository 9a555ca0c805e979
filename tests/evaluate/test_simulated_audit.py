"""An audit of simulated people says what normalisers change, and where none can help."""

from __future__ import annotations

import numpy as np
from bench.simulated import SimulatedGroup, simulate

from chiso.compare.normalise.fitting import fit_all
from chiso.evaluate.audit import audit
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.evidence import Crowd, Normalised
from chiso.evaluate.findings import Findings
from chiso.evaluate.split import split_people
from chiso.evaluate.vectors import VectorSource

_PLAN = AuditPlan(seed=8, target_fmr=0.01, shares=(0.34, 0.33, 0.33))
_NONE_CAN = "no normaliser that keeps the order"


def _audited(sparse: SimulatedGroup, dense: SimulatedGroup) -> Findings:
    found = simulate({"dense": dense, "sparse": sparse}, 2, 128, 8)
    owners = np.arange(found.person.max() + 1)
    crowd = Crowd(found.names, found.group[np.searchsorted(found.person, owners)])
    rows = split_people(crowd, _PLAN).calibration[found.person]
    normalised = {
        each.name: Normalised(
            VectorSource(crowd, found.vectors, found.person, normaliser=each),
            holds_people=each.holds_people,
        )
        for each in fit_all(found.vectors[rows], found.person[rows], _PLAN.seed)
    }
    return audit(VectorSource(crowd, found.vectors, found.person), _PLAN, normalised=normalised)


def test_where_only_density_differs_a_normaliser_evens_out_false_matches() -> None:
    findings = _audited(SimulatedGroup(150, 110.0, 600.0), SimulatedGroup(150, 140.0, 600.0))
    ratios = {each.name: each.max_min_fmr for each in findings.normalisers}
    plain, local = ratios["none"], ratios["local-density"]
    assert local is not None
    assert plain is None or plain > 2 * local
    assert not [remark for remark in findings.remarks if _NONE_CAN in remark]


def test_where_one_group_is_harder_to_tell_apart_the_audit_says_that_no_normaliser_helps() -> None:
    findings = _audited(SimulatedGroup(150, 60.0, 300.0), SimulatedGroup(150, 140.0, 120.0))
    assert [remark for remark in findings.remarks if _NONE_CAN in remark and "dense" in remark]
