"""People who are only vectors, in groups of different density, whose true error rates are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Scorer = Callable[[Vectors, Vectors], NDArray[np.float64]]

_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class SimulatedGroup:
    """A group: its people lie around its centre, their samples around them (von Mises–Fisher).

    `density`, `steadiness`: the concentrations κ of people around the centre and of samples around
    a person. `unclear_ratio`: share of samples that show nobody, whatever the threshold: as photos
    that are too bad do, in [0, 1]; their direction is random.
    """

    people: int
    density: float
    steadiness: float
    unclear_ratio: float = 0.0


@dataclass(frozen=True, slots=True)
class SimulatedSet:
    """Samples of simulated people, in the order of their groups, as `names` has them.

    `vectors`: shape (n, dimensions), float32, unit length. `person`, `group`: shape (n,), int32.
    """

    names: tuple[str, ...]
    vectors: Vectors
    person: NDArray[np.int32]
    group: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class TrueRates:
    """FMR within a group and FNMR, from so many independent comparisons of fresh people each."""

    fmr: float
    fnmr: float
    pairs: int


def simulate(
    groups: Mapping[str, SimulatedGroup], samples: int, dimensions: int, seed: int
) -> SimulatedSet:
    """So many samples of every person of every group. Raises ValueError in fewer than 3 dimensions.

    The groups' centres are random directions, given by the seed's first draw alone, so that
    `true_rates` finds the same ones.
    """
    centres, chance = _opened(len(groups), dimensions, seed)
    vectors, person, group = [], [], []
    first = 0
    for index, each in enumerate(groups.values()):
        people = around(np.repeat(centres[index : index + 1], each.people, 0), each.density, chance)
        owner = np.repeat(np.arange(each.people), samples)
        vectors.append(_photographed(people[owner], each, chance))
        person.append(first + owner)
        group.append(np.full(len(owner), index))
        first += each.people
    return SimulatedSet(
        tuple(groups),
        np.concatenate(vectors),
        np.concatenate(person).astype(np.int32),
        np.concatenate(group).astype(np.int32),
    )


def true_rates(
    groups: Mapping[str, SimulatedGroup],
    dimensions: int,
    seed: int,
    scorer: Scorer,
    threshold: float,
    pairs: int,
) -> dict[str, TrueRates]:
    """Both rates of each group at a threshold, by simulation: no two comparisons share a person.

    `seed`: that of the set, for its centres; the people are new. `scorer`: two arrays of vectors,
    shape (n, dimensions), to the score of each row with the same row, shape (n,).
    """
    centres, _ = _opened(len(groups), dimensions, seed)
    chance = np.random.default_rng([seed, 1])
    rates = {}
    for index, (name, each) in enumerate(groups.items()):
        false_matches = false_nonmatches = done = 0
        while done < pairs:
            count = min(_CHUNK, pairs - done)
            centre = np.repeat(centres[index : index + 1], count, 0)
            one, other = (around(centre, each.density, chance) for _ in range(2))
            sample, again = (_photographed(one, each, chance) for _ in range(2))
            stranger = _photographed(other, each, chance)
            false_matches += int(np.count_nonzero(scorer(sample, stranger) >= threshold))
            false_nonmatches += int(np.count_nonzero(scorer(sample, again) < threshold))
            done += count
        rates[name] = TrueRates(false_matches / pairs, false_nonmatches / pairs, pairs)
    return rates


def around(
    means: NDArray[np.floating], concentration: float, chance: np.random.Generator
) -> Vectors:
    """One von Mises–Fisher draw about each mean: unit rows, shape (n, dimensions), 3 or more.

    Wood 1994, "Simulation of the von Mises Fisher distribution", algorithm VM*: the cosine to the
    mean by rejection from a transformed beta distribution, the rest a random direction across it.
    """
    count, dimensions = means.shape
    across = chance.standard_normal((count, dimensions), dtype=np.float32)
    across -= np.einsum("ij,ij->i", across, means)[:, None] * means
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    cosine = _cosines(count, dimensions, concentration, chance)[:, None]
    drawn = cosine * means + np.sqrt(np.maximum(0, 1 - cosine**2)) * across
    unit: Vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _cosines(
    count: int, dimensions: int, concentration: float, chance: np.random.Generator
) -> NDArray[np.float64]:
    if dimensions < 3:
        raise ValueError(f"simulated faces have 3 dimensions or more, not {dimensions}")
    half = (dimensions - 1) / 2
    b = half / (concentration + np.sqrt(concentration**2 + half**2))
    x0 = (1 - b) / (1 + b)
    limit = concentration * x0 + 2 * half * np.log(1 - x0**2)
    found = np.empty(0)
    while len(found) < count:
        z = chance.beta(half, half, size=count)
        w = (1 - (1 + b) * z) / (1 - (1 - b) * z)
        level = concentration * w + 2 * half * np.log(1 - x0 * w) - limit
        found = np.concatenate([found, w[level >= np.log(1 - chance.random(count))]])
    return found[:count]


def _photographed(people: Vectors, group: SimulatedGroup, chance: np.random.Generator) -> Vectors:
    samples = around(people, group.steadiness, chance)
    unclear = chance.random(len(samples)) < group.unclear_ratio
    noise = chance.standard_normal((int(unclear.sum()), samples.shape[1]))
    samples[unclear] = noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return samples


def _opened(groups: int, dimensions: int, seed: int) -> tuple[Vectors, np.random.Generator]:
    """The groups' centres, and the generator of all that follows."""
    chance = np.random.default_rng(seed)
    centres = chance.standard_normal((groups, dimensions))
    unit: Vectors = (centres / np.linalg.norm(centres, axis=1, keepdims=True)).astype(np.float32)
    return unit, chance
