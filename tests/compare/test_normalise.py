"""Score normalisers: fitted to people, told no group, and the same whenever they are read back."""

from __future__ import annotations

import json
from dataclasses import fields
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from bench.simulated import SimulatedGroup, SimulatedSet, simulate
from numpy.typing import NDArray

from chiso.compare.normalise.cells import cells_of
from chiso.compare.normalise.document import document_of
from chiso.compare.normalise.fitting import NAMES, fit_all, fit_named, read_normaliser
from chiso.compare.normalise.fsn import Fsn
from chiso.compare.normalise.oracle import fit_oracle
from chiso.compare.normalise.port import (
    LEAST_CELL_PEOPLE,
    LEAST_PEOPLE,
    FittedNormaliser,
    calibration_set,
)

_SEED = 11
_GOLDEN = Path(__file__).parents[1] / "golden" / "normaliser_1.json"
_GROUPS = {
    "sparse": SimulatedGroup(120, 30.0, 300.0),
    "dense": SimulatedGroup(120, 140.0, 500.0),
}


@pytest.fixture(scope="module")
def crowd() -> SimulatedSet:
    return simulate(_GROUPS, 2, 64, _SEED)


def _calibration(crowd: SimulatedSet) -> NDArray[np.bool_]:
    rows: NDArray[np.bool_] = crowd.person % 2 == 0
    return rows


@pytest.fixture(scope="module")
def fitted(crowd: SimulatedSet) -> dict[str, FittedNormaliser]:
    rows = _calibration(crowd)
    every = fit_all(crowd.vectors[rows], crowd.person[rows], _SEED)
    return {each.name: each for each in every}


def _scores(normaliser: FittedNormaliser, crowd: SimulatedSet) -> NDArray[np.float64]:
    """Scores of the other half with each other."""
    vectors = crowd.vectors[~_calibration(crowd)]
    side = normaliser.prepare(vectors)
    return normaliser.apply(vectors @ vectors.T, side, side)


def _gap(scores: NDArray[np.float64], crowd: SimulatedSet) -> float:
    """How far the highest hundredth of false scores lie apart, in deviations of all of them."""
    rows = ~_calibration(crowd)
    person, group = crowd.person[rows], crowd.group[rows]
    false = person[:, None] < person[None, :]
    tails = []
    for each in range(2):
        inside = false & (group == each)[:, None] & (group == each)[None, :]
        tails.append(float(np.quantile(scores[inside], 0.99)))
    return abs(tails[1] - tails[0]) / float(scores[false].std())


@pytest.mark.parametrize("name", NAMES)
def test_a_normaliser_brings_the_groups_false_scores_together(
    name: str, fitted: dict[str, FittedNormaliser], crowd: SimulatedSet
) -> None:
    plain = fit_named("none", crowd.vectors, crowd.person, _SEED)
    assert _gap(_scores(fitted[name], crowd), crowd) < 0.6 * _gap(_scores(plain, crowd), crowd)


@pytest.mark.parametrize("name", NAMES)
def test_a_higher_cosine_between_the_same_two_is_never_a_lower_score(
    name: str, fitted: dict[str, FittedNormaliser], crowd: SimulatedSet
) -> None:
    side = fitted[name].prepare(crowd.vectors[[0, 300]])
    rising = np.linspace(-1, 1, 401)
    for cosine_at in ((0, 0), (0, 1), (1, 0), (1, 1)):
        found = [
            fitted[name].apply(np.full((2, 2), cosine), side, side)[cosine_at] for cosine in rising
        ]
        assert np.all(np.diff(found) >= 0)
        assert found[-1] > found[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_score_does_not_depend_on_which_side_is_which(
    name: str, fitted: dict[str, FittedNormaliser], crowd: SimulatedSet
) -> None:
    scores = _scores(fitted[name], crowd)
    np.testing.assert_allclose(scores, scores.T, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_back_scores_and_is_named_the_same(
    name: str, fitted: dict[str, FittedNormaliser], crowd: SimulatedSet
) -> None:
    again = read_normaliser(document_of(fitted[name]))
    assert (again.name, again.digest) == (name, fitted[name].digest)
    np.testing.assert_array_equal(_scores(again, crowd), _scores(fitted[name], crowd))


def test_a_document_is_written_the_same_way_for_ever() -> None:
    """Golden vector, packed without this code: a home signs the digest of such a document."""
    text = _GOLDEN.read_text().removesuffix("\n")
    held = read_normaliser(text)
    assert isinstance(held, Fsn)
    np.testing.assert_array_equal(
        held.centres, np.array([[1, 0, 0], [0, 0.6, 0.8]], dtype=np.float32)
    )
    np.testing.assert_array_equal(held.offsets, np.array([-0.25, 0.125], dtype=np.float32))
    assert document_of(held) == text
    assert held.digest == sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_fits_the_same_normaliser(
    name: str, fitted: dict[str, FittedNormaliser], crowd: SimulatedSet
) -> None:
    rows = _calibration(crowd)
    again = fit_named(name, crowd.vectors[rows], crowd.person[rows], _SEED)
    assert again.digest == fitted[name].digest


@pytest.mark.parametrize("name", NAMES)
def test_the_fewest_people_allowed_are_enough(name: str, crowd: SimulatedSet) -> None:
    few = crowd.person < LEAST_PEOPLE
    normaliser = fit_named(name, crowd.vectors[few], crowd.person[few], _SEED)
    assert np.isfinite(_scores(normaliser, crowd)).all()


@pytest.mark.parametrize("name", NAMES)
def test_fewer_people_are_refused_with_the_number_needed(name: str, crowd: SimulatedSet) -> None:
    few = crowd.person < LEAST_PEOPLE - 1
    with pytest.raises(ValueError, match=f"{LEAST_PEOPLE} calibration people or more, not 19"):
        fit_named(name, crowd.vectors[few], crowd.person[few], _SEED)


def test_faircal_says_that_it_needs_two_samples_of_someone(crowd: SimulatedSet) -> None:
    with pytest.raises(ValueError, match="two samples"):
        fit_named("faircal", crowd.vectors[::2], crowd.person[::2], _SEED)


def test_an_unknown_name_is_answered_with_those_that_there_are(crowd: SimulatedSet) -> None:
    with pytest.raises(ValueError, match="local-density"):
        fit_named("magic", crowd.vectors, crowd.person, _SEED)


@pytest.mark.parametrize("people", [20, 37, 240])
def test_no_cell_holds_fewer_people_than_is_promised(people: int, crowd: SimulatedSet) -> None:
    rows = crowd.person < people
    found = cells_of(calibration_set(crowd.vectors[rows], crowd.person[rows], _SEED), _SEED)
    assert np.bincount(found.of_person).min() >= LEAST_CELL_PEOPLE
    assert len(found.centres) == found.of_person.max() + 1


def test_none_that_may_enter_a_home_holds_a_calibration_persons_vector(
    fitted: dict[str, FittedNormaliser], crowd: SimulatedSet
) -> None:
    means = calibration_set(
        crowd.vectors[_calibration(crowd)], crowd.person[_calibration(crowd)], _SEED
    ).means
    for each in fitted.values():
        arrays = [getattr(each, field.name) for field in fields(each)]  # type: ignore[arg-type]
        vectors = [array for array in arrays if getattr(array, "shape", (0,))[-1] == 64]
        alike = max(float((array @ means.T).max()) for array in vectors)
        assert (alike > 0.999) == each.holds_people, each.name


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"name": "magic"},
        {"group": 1},
        {"mean_rad": "1"},
        {"angles": {"shape": [2, 2], "float32": "AAAA"}},
        {"angles": {"shape": [1], "float32": "AADAfw=="}},
    ],
)
def test_a_document_that_was_changed_is_refused(
    change: dict[str, object], fitted: dict[str, FittedNormaliser]
) -> None:
    document = json.loads(document_of(fitted["local-density"])) | change
    with pytest.raises(ValueError, match="not a normaliser's document"):
        read_normaliser(json.dumps(document))


def test_the_oracle_uses_groups_and_says_so(crowd: SimulatedSet) -> None:
    rows = _calibration(crowd)
    oracle = fit_oracle(
        crowd.vectors[rows],
        crowd.person[rows],
        crowd.group[rows],
        (crowd.vectors, crowd.group),
    )
    plain = fit_named("none", crowd.vectors, crowd.person, _SEED)
    assert oracle.is_oracle
    assert _gap(_scores(oracle, crowd), crowd) < 0.2 * _gap(_scores(plain, crowd), crowd)
    with pytest.raises(KeyError):
        oracle.prepare(-crowd.vectors[:1])
