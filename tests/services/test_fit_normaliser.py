"""A threshold of normalised scores is fitted to other people than the normaliser is."""

from __future__ import annotations

import numpy as np
import pytest
from bench.simulated import SimulatedGroup, simulate

from chiso.compare.normalise.fitting import fit_named
from chiso.core.errors import ChisoError
from chiso.evaluate.evidence import Crowd
from chiso.evaluate.vectors import Role
from chiso.services.audit.normalising import Samples
from chiso.services.fit_normaliser import compared
from chiso.services.threshold_record import SEED

_CROWD = simulate(
    {"a": SimulatedGroup(33, 120.0, 400.0), "b": SimulatedGroup(33, 40.0, 400.0)}, 3, 32, 7
)


def _samples(people: int = 66) -> Samples:
    """A reference and two probes of each, as photos give them."""
    rows = _CROWD.person < people
    roles = np.where(np.arange(len(_CROWD.person)) % 3, Role.PROBE, Role.REFERENCE)
    crowd = Crowd(_CROWD.names, _CROWD.group[::3][:people].astype(np.int32))
    return Samples(crowd, _CROWD.vectors[rows], _CROWD.person[rows], roles[rows].astype(np.int8))


@pytest.mark.parametrize("name", ["fsn", "faircal", "local-density"])
def test_nobody_is_behind_both_a_normaliser_and_the_threshold_of_its_scores(name: str) -> None:
    found = compared(_samples(), name, 0.01)
    assert found.normaliser is not None
    apart = ~found.evidence.chosen
    assert [int((apart & (found.evidence.crowd.group_of == group)).sum()) for group in (0, 1)] == [
        11,
        11,
    ]
    own = apart[_CROWD.person]
    again = fit_named(name, _CROWD.vectors[own], _CROWD.person[own], SEED)
    assert found.normaliser.digest == again.digest
    compared_people = {*found.evidence.nonmated.one, *found.evidence.nonmated.other}
    assert not compared_people & set(np.flatnonzero(apart))
    assert "22 other people" in found.remark


def test_photos_references_are_compared_with_probes_alone_by_normalised_scores() -> None:
    found = compared(_samples(), "fsn", 0.01)
    assert found.normaliser is not None
    mated = found.evidence.mated
    assert len(mated.scores) == 2 * 44
    person = int(mated.person[0])
    three = _CROWD.vectors[_CROWD.person == person]
    sides = found.normaliser.prepare(three[:1]), found.normaliser.prepare(three[1:])
    expected = found.normaliser.apply(three[:1] @ three[1:].T, *sides)[0]
    mine = mated.scores[mated.person == person]
    np.testing.assert_allclose(np.sort(mine), np.sort(expected), atol=1e-5)


def test_without_a_normaliser_everyone_is_compared_by_cosine() -> None:
    found = compared(_samples(), None, 0.01)
    assert (found.normaliser, found.remark) == (None, "")
    assert found.evidence.chosen.all()
    assert len(found.evidence.mated.scores) == 2 * 66


def test_too_few_people_for_a_normaliser_are_told_how_many_it_needs() -> None:
    with pytest.raises(ChisoError, match="20 calibration people or more, not 16"):
        compared(_samples(50), "fsn", 0.01)
