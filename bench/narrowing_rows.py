"""Measures and maps tried on each set of people, as counts by half and group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.narrowing_errors import (
    Counts,
    Floats,
    Index,
    Mask,
    Templates,
    counted,
    halves,
    scores_by_person,
)
from bench.narrowing_maps import Map, People, adapter, whitening
from bench.narrowing_measures import Embed, Measure
from bench.narrowing_photos import MILD_COPIES, SEEDS, Chip, Set
from bench.timing import say

SPLITS = 200
SPLIT_SEED = 20261125
_TOGETHER = 64
_MAPPED = ("mirror", "shipped")
_KINDS: Mapping[str, Callable[[Sequence[People]], Map]] = {
    "whitening": whitening,
    "adapter": adapter,
}


@dataclass(frozen=True, slots=True)
class Way:
    """Which photos of a set are references and which are probes, by place among a person's.

    `uses_mild`: mild copies of the first photo are references as well. `learns_from`: the set of
    the other source, which its maps learn from.
    """

    name: str
    of: str
    learns_from: str
    references: tuple[int, ...]
    probes: tuple[int, ...]
    uses_mild: bool = False

    @property
    def has_one_reference(self) -> bool:
        """Whether each person has one reference photo."""
        return not self.uses_mild and len(self.references) == 1


@dataclass(frozen=True, slots=True)
class Row:
    """What one measure did on one way.

    `counts`: shape (seeds, halves, groups, len(Count)). `whole`: shape (seeds, 1, groups,
    len(Count)), of all people at once, frozen on nobody; None where the measure is learnt anew in
    each half. `gap`: the lowest score of a posed photo with its own person's reference, less the
    highest with another's, over all people; None there too. `is_unseen`: it learnt from
    another source or nothing.
    """

    way: Way
    groups: tuple[str, ...]
    measure: str
    against: tuple[str, ...]
    counts: Counts
    whole: Counts | None
    gap: float | None
    is_unseen: bool


@dataclass(frozen=True, slots=True)
class _Trials:
    """Templates of one way under one measure; `seed`: shape (everyday,), of each probe."""

    references: Templates
    everyday: Templates
    seed: Index
    studio: Templates

    def mapped(self, through: Map) -> _Trials:
        """The same, each template through a map."""
        references, everyday, studio = (
            Templates(through(each.vectors), each.person)
            for each in (self.references, self.everyday, self.studio)
        )
        return _Trials(references, everyday, self.seed, studio)

    def people(self, chosen: Mask) -> People:
        """What can be learnt from these people."""
        return People(
            self.references.of(chosen[self.references.person]),
            self.everyday.of(chosen[self.everyday.person]),
        )


def ways(volunteer_photos: int) -> tuple[Way, ...]:
    """One reference photo a person, then three; of the volunteers, the last is never among three.

    The two mild copies are made of London's neutral photo, since nobody there gave a third photo.
    """
    others = tuple(range(1, volunteer_photos))
    return (
        Way("London, neutral reference", "London", "volunteers", (0,), (1,)),
        Way("London, smiling reference", "London", "volunteers", (1,), (0,)),
        Way("volunteers, first photo is the reference", "volunteers", "London", (0,), others),
        Way(
            f"London, neutral reference and {MILD_COPIES} mild copies of it",
            "London",
            "volunteers",
            (0,),
            (1,),
            uses_mild=True,
        ),
        Way(
            f"volunteers, first {volunteer_photos - 1} photos are references",
            "volunteers",
            "London",
            others[:-1] and (0, *others[:-1]),
            others[-1:],
        ),
    )


def tried(sets: Mapping[str, Set], measures: Sequence[Measure]) -> list[Row]:
    """Every measure on every way, then every map on top of those that `_MAPPED` names."""
    photos = 1 + max(chip.photo for chip in sets["volunteers"].posed)
    every_way = ways(photos)
    rows = []
    for measure in measures:
        say(f"measuring {measure.name}")
        trials = _embedded(sets, measure, every_way)
        for way in every_way:
            people = sets[way.of]
            tests = halves(people.group, SPLITS, SPLIT_SEED)
            rows.append(_fixed(way, measure.name, measure.against, people, trials[way], tests))
        if measure.name in _MAPPED:
            for kind, fit in _KINDS.items():
                say(f"measuring {measure.name} + {kind}")
                for way in every_way:
                    rows += _mapped(
                        way, f"{measure.name} + {kind}", (measure.name,), sets, trials, fit
                    )
    return rows


def _mapped(
    way: Way,
    name: str,
    against: tuple[str, ...],
    sets: Mapping[str, Set],
    trials: Mapping[Way, _Trials],
    fit: Callable[[Sequence[People]], Map],
) -> list[Row]:
    """Learnt from the other source; with one reference also from this source's, and from both."""
    people, own = sets[way.of], trials[way]
    tests = halves(people.group, SPLITS, SPLIT_SEED)
    elsewhere = next(trials[each] for each in trials if each.of == way.learns_from)
    everyone = np.ones(len(sets[way.learns_from].group), dtype=bool)
    other = elsewhere.people(everyone)
    title = f"{name} ({{}})"
    learnt = own.mapped(fit([other]))
    rows = [_fixed(way, title.format("other source"), against, people, learnt, tests)]
    if not way.has_one_reference:
        return rows
    for source, others in (("other people", []), ("both", [other])):
        counts = [
            _counts(own.mapped(fit([*others, own.people(~test)])), people, test[np.newaxis])
            for test in tests
        ]
        rows.append(
            Row(
                way,
                people.groups,
                title.format(source),
                against,
                np.concatenate(counts, axis=1),
                None,
                None,
                False,
            )
        )
    return rows


def _fixed(
    way: Way, name: str, against: tuple[str, ...], people: Set, trials: _Trials, tests: Mask
) -> Row:
    scores = scores_by_person(trials.studio, trials.references, len(people.group))
    mated = np.arange(len(people.group)) == trials.studio.person[:, None]
    gap = float(scores[mated].min() - scores[~mated].max())
    everyone = np.ones((1, len(people.group)), dtype=bool)
    return Row(
        way,
        people.groups,
        name,
        against,
        _counts(trials, people, tests),
        _counts(trials, people, everyone),
        gap,
        True,
    )


def _counts(trials: _Trials, people: Set, tests: Mask) -> Counts:
    """Shape (seeds, halves, groups, len(Count))."""
    size = len(people.group)
    studio = scores_by_person(trials.studio, trials.references, size)
    everyday: Floats = scores_by_person(trials.everyday, trials.references, size)
    by_seed = []
    for seed in SEEDS:
        drawn = trials.seed == seed
        by_seed.append(
            counted(
                everyday[drawn],
                trials.everyday.person[drawn],
                studio,
                trials.studio.person,
                people.group,
                tests,
            )
        )
    return np.stack(by_seed)


def _embedded(
    sets: Mapping[str, Set], measure: Measure, every_way: Sequence[Way]
) -> dict[Way, _Trials]:
    """Each chip embedded once, then gathered for each way."""
    as_probe = {
        name: (_vectors(measure.probe, each.everyday), _vectors(measure.probe, each.posed))
        for name, each in sets.items()
    }
    as_reference = {
        name: (_vectors(measure.reference, each.posed), _vectors(measure.reference, each.mild))
        for name, each in sets.items()
    }
    trials = {}
    for way in every_way:
        people = sets[way.of]
        posed, mild = as_reference[way.of]
        references = _taken(posed, people.posed, way.references)
        if way.uses_mild:
            more = _taken(mild, people.mild, (0,))
            references = Templates(
                np.concatenate([references.vectors, more.vectors]),
                np.concatenate([references.person, more.person]),
            )
        everyday, studio = as_probe[way.of]
        seed = np.array([chip.seed for chip in people.everyday if chip.photo in way.probes])
        trials[way] = _Trials(
            references,
            _taken(everyday, people.everyday, way.probes),
            seed,
            _taken(studio, people.posed, way.probes),
        )
    return trials


def _taken(
    vectors: NDArray[np.float32], chips: Sequence[Chip], photos: tuple[int, ...]
) -> Templates:
    rows = np.array([chip.photo in photos for chip in chips])
    return Templates(vectors[rows], np.array([chip.person for chip in chips])[rows])


def _vectors(embed: Embed, chips: Sequence[Chip]) -> NDArray[np.float32]:
    pixels = [chip.pixels for chip in chips]
    return np.concatenate(
        [embed(pixels[start : start + _TOGETHER]) for start in range(0, len(pixels), _TOGETHER)]
    )
