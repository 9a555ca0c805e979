"""What score normalisers help and harm: every group's absolute change in both errors.

python -m bench.normalisers simulated     people who are vectors, 10,000, with known truth
python -m bench.normalisers london        the London photos, the second of each everyday
python -m bench.normalisers search        time of a search among 1,000,000, beside a plain one
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bench import london_embedded
from bench.simulated import (
    SimulatedGroup,
    SimulatedSet,
    TrueRates,
    simulate,
    true_rates,
)
from bench.timing import median_ms, say, take_turns
from chiso.compare.normalise.fitting import fit_all, fit_named
from chiso.compare.normalise.oracle import fit_oracle
from chiso.compare.normalise.plain import Plain
from chiso.compare.normalise.port import FittedNormaliser
from chiso.compare.search import Gallery, Normalising, scores
from chiso.core.templates import ModelDigest, Template
from chiso.evaluate.fixing import just_above

SEED = 20261125
DIMENSIONS = 128
TARGET_FMR = 0.001
FRESH_PAIRS = 100_000
REFERENCES = 1_000_000
ROUNDS = 9
SEARCH_TIMES_MAX = 2.0
SPLITS = 200
LONDON_FMR = 0.01

Floats = NDArray[np.float64]

_ALL_ALIKE = {
    "a": SimulatedGroup(2500, 95.0, 440.0, 0.005),
    "b": SimulatedGroup(2500, 110.0, 460.0, 0.005),
    "c": SimulatedGroup(2500, 125.0, 480.0, 0.005),
    "d": SimulatedGroup(2500, 140.0, 500.0, 0.005),
}
_OVERLAPPING = {
    "a": SimulatedGroup(2500, 95.0, 240.0),
    "b": SimulatedGroup(2500, 110.0, 265.0),
    "c": SimulatedGroup(2500, 125.0, 290.0),
    "d": SimulatedGroup(2500, 140.0, 320.0),
}
_UNLIKE = {
    "easy": SimulatedGroup(5000, 60.0, 300.0),
    "hard": SimulatedGroup(5000, 140.0, 150.0),
}
_SCENARIOS = {
    "Density differs, no group is harder, misses are mostly photos that show nothing": _ALL_ALIKE,
    "Density differs, no group is much harder, misses depend on the threshold": _OVERLAPPING,
    "One group is harder to tell apart than the other": _UNLIKE,
}


def simulated() -> None:
    for title, groups in _SCENARIOS.items():
        print(f"\n{title}")
        for name, each in groups.items():
            print(f"  {name}: {each}")
        _scenario(groups)


def _scenario(groups: Mapping[str, SimulatedGroup]) -> None:
    """Fitted on a quarter of the people, threshold on a quarter, rates of fresh people."""
    crowd = simulate(groups, 2, DIMENSIONS, SEED)
    rows = crowd.person % 4 == 0
    calibration = crowd.vectors[rows], crowd.person[rows]
    say("fitting")
    oracle = fit_oracle(*calibration, crowd.group[rows], (crowd.vectors, crowd.group))
    plain = Plain()
    plain_misses = _pooled_misses(plain, crowd, None)
    before: dict[str, TrueRates] = {}
    print(
        f"  threshold where the FMR within groups is {TARGET_FMR:.1%}, pooled; then where as many "
        f"are missed as without normaliser there\n  rates of {FRESH_PAIRS:,} independent "
        "comparisons of fresh people a group: FMR, FNMR (change in percentage points)"
    )
    for normaliser in (plain, *fit_all(*calibration, SEED)):
        say(normaliser.name)
        for rule, misses in (("FMR ", None), ("FNMR", plain_misses)):
            threshold = _threshold(normaliser, crowd, misses)
            found = true_rates(
                groups, DIMENSIONS, SEED, _one_by_one(normaliser), threshold, FRESH_PAIRS
            )
            before = before or found
            _print_rates(f"{normaliser.name} ({rule})", found, before)
            if normaliser is plain:
                break
    for rule, misses in (("FMR ", None), ("FNMR", plain_misses)):
        found = _counted(oracle, crowd, _threshold(oracle, crowd, misses))
        _print_rates(f"{oracle.name} ({rule})", found, before)
    print("      (the oracle's are counted on the set's other half, since it must be told groups)")
    own = [_separability(crowd, index) for index in range(len(groups))]
    print(
        "  FNMR at the group's own FMR of 0.1 %: "
        + ", ".join(f"{name} {each:.2%}" for name, each in zip(groups, own, strict=True))
    )


def _print_rates(
    what: str, found: Mapping[str, TrueRates], before: Mapping[str, TrueRates]
) -> None:
    rates = [each.fmr for each in found.values()]
    ratio = f"{max(rates) / min(rates):.1f}" if min(rates) else "no false match in some group"
    pooled = float(np.mean([each.fnmr for each in found.values()]))
    cells = []
    for name, each in found.items():
        fmr, fnmr = (
            100 * (each.fmr - before[name].fmr),
            100 * (each.fnmr - before[name].fnmr),
        )
        cells.append(f"{name} {each.fmr:.4%}, {each.fnmr:.2%} ({fmr:+.4f}, {fnmr:+.2f})")
    print(f"  {what:21s} max/min FMR {ratio}, FNMR of all {pooled:.2%}\n      " + "; ".join(cells))


def _within(
    normaliser: FittedNormaliser, crowd: SimulatedSet, group: int, parts: Sequence[int] = (1,)
) -> tuple[Floats, Floats]:
    """Mated and non-mated scores of a group's people of some quarters; 1 is for the threshold."""
    rows = np.isin(crowd.person % 4, parts) & (crowd.group == group)
    vectors, person = crowd.vectors[rows], crowd.person[rows]
    side = normaliser.prepare(vectors)
    found = normaliser.apply(vectors @ vectors.T, side, side)
    earlier = np.triu(np.ones(found.shape, dtype=bool), 1)
    same = person[:, None] == person[None, :]
    return found[earlier & same], found[earlier & ~same]


def _threshold(normaliser: FittedNormaliser, crowd: SimulatedSet, misses: float | None) -> float:
    """By the pooled FMR within groups; or the highest that misses no larger share of mated."""
    pairs = [_within(normaliser, crowd, group) for group in range(len(crowd.names))]
    if misses is None:
        nonmated = np.concatenate([each for _, each in pairs])
        return float(np.quantile(nonmated, 1 - TARGET_FMR, method="higher"))
    mated = np.sort(np.concatenate([each for each, _ in pairs]))
    return float(mated[round(misses * len(mated))])


def _pooled_misses(
    normaliser: FittedNormaliser, crowd: SimulatedSet, misses: float | None
) -> float:
    threshold = _threshold(normaliser, crowd, misses)
    mated = [_within(normaliser, crowd, group)[0] for group in range(len(crowd.names))]
    return float((np.concatenate(mated) < threshold).mean())


def _counted(
    normaliser: FittedNormaliser, crowd: SimulatedSet, threshold: float
) -> dict[str, TrueRates]:
    counted = {}
    for group, name in enumerate(crowd.names):
        mated, nonmated = _within(normaliser, crowd, group, (2, 3))
        fmr, fnmr = float((nonmated >= threshold).mean()), float((mated < threshold).mean())
        counted[name] = TrueRates(fmr, fnmr, len(nonmated))
    return counted


def _separability(crowd: SimulatedSet, group: int) -> float:
    mated, nonmated = _within(Plain(), crowd, group)
    return float((mated < np.quantile(nonmated, 1 - TARGET_FMR, method="higher")).mean())


def _one_by_one(
    normaliser: FittedNormaliser, together: int = 32
) -> Callable[[NDArray[np.float32], NDArray[np.float32]], Floats]:
    """Scores of each row with the same row, through the port, which scores tables."""

    def scored(one: NDArray[np.float32], other: NDArray[np.float32]) -> Floats:
        left, right = normaliser.prepare(one), normaliser.prepare(other)
        cosines = np.einsum("ij,ij->i", one, other)
        found = np.empty(len(one))
        for start in range(0, len(one), together):
            rows = slice(start, start + together)
            table = np.diag(cosines[rows])
            found[rows] = normaliser.apply(table, left[rows], right[rows]).diagonal()
        return found

    return scored


def london() -> None:
    embedded = london_embedded.embedded(SEED)
    people = len(embedded.groups)
    names = sorted({name for name in embedded.groups if embedded.groups.count(name) > 1})
    group = np.array([names.index(each) if each in names else -1 for each in embedded.groups])
    print(
        f"{people} people; {embedded.refused} second photos refused; {SPLITS} splits by person: "
        f"half to fit, half to test, threshold where the test's pooled FMR is {LONDON_FMR:.0%}"
    )
    found: dict[str, list[Floats]] = {}
    chance = np.random.default_rng(SEED)
    for _ in range(SPLITS):
        order = chance.permutation(people)
        fit, test = order[: people // 2], order[people // 2 :]
        both = np.concatenate([embedded.references[fit], embedded.probes[fit]])
        owner = np.concatenate([fit, fit])
        for each in (Plain(), *fit_all(both, owner, SEED)):
            table = each.apply(
                embedded.references[test] @ embedded.probes[test].T,
                each.prepare(embedded.references[test]),
                each.prepare(embedded.probes[test]),
            )
            found.setdefault(each.name, []).append(_counts(table, group[test], len(names)))
    before = np.array(found["none"])
    for name, counts in found.items():
        print(f"  {name}")
        for index, reported in enumerate(names):
            _print_group(reported, np.array(counts)[:, index], before[:, index])


def _counts(table: Floats, group: NDArray[np.int64], groups: int) -> Floats:
    """Shape (groups, 5): false matches, trials; misses, trials; misses at own FMR of 1 %."""
    mated = np.eye(len(table), dtype=bool)
    threshold = np.quantile(table[~mated], 1 - LONDON_FMR, method="higher")
    counts = np.zeros((groups, 5))
    for each in range(groups):
        inside = (group == each)[:, None] & (group == each)[None, :]
        genuine, false = table[inside & mated], table[inside & ~mated]
        own = just_above(np.sort(false)[::-1], len(false), LONDON_FMR)
        counts[each] = (
            np.count_nonzero(false >= threshold),
            len(false),
            np.count_nonzero(genuine < threshold),
            len(genuine),
            np.count_nonzero(genuine < own),
        )
    return counts


def _print_group(name: str, counts: Floats, before: Floats) -> None:
    sums, was = counts.sum(axis=0), before.sum(axis=0)
    if not sums[1] or not sums[3]:
        return
    texts = []
    for label, errors, trials in (("FMR", 0, 1), ("FNMR", 2, 3), ("FNMR at own FMR 1 %", 4, 3)):
        change = (sums[errors] - was[errors]) / sums[trials]
        tried = counts[:, trials] > 0
        by_split = (counts[tried, errors] - before[tried, errors]) / counts[tried, trials]
        low, high = np.quantile(by_split, [0.025, 0.975])
        texts.append(
            f"{label} {sums[errors] / sums[trials]:.1%} ({sums[errors]:.0f}/{sums[trials]:.0f}; "
            f"{100 * change:+.1f}, splits {100 * low:+.0f} to {100 * high:+.0f})"
        )
    print(f"    {name:18s} " + "  ".join(texts))


def search_time() -> None:
    """Median of rounds in turns, every score of 1,000,000 references for one probe."""
    chance = np.random.default_rng(SEED)
    crowd = simulate({"all": SimulatedGroup(400, 60.0, 300.0)}, 2, DIMENSIONS, SEED)
    matrix = chance.standard_normal((REFERENCES, DIMENSIONS), dtype=np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    names = np.zeros(REFERENCES, dtype="S36")
    model = ModelDigest("ab" * 32)
    plain = Gallery(model, matrix, names, names)
    probe = Template(matrix[7].copy(), model)
    galleries = {"none": plain}
    for name in ("fsn", "faircal", "local-density", "as-norm"):
        fitted = fit_named(name, crowd.vectors, crowd.person, SEED)
        side = fitted.prepare(matrix).astype(np.float32)
        galleries[name] = Gallery(
            model, matrix, names, names, Normalising(fitted, side, fitted.digest)
        )
    taken = take_turns(
        {name: _search(gallery, probe) for name, gallery in galleries.items()}, ROUNDS
    )
    base = median_ms(taken["none"])
    for name, each in taken.items():
        ratio = median_ms(each) / base
        met = "met" if ratio <= SEARCH_TIMES_MAX else "MISSED"
        print(
            f"  {name:14s} {median_ms(each):7.1f} ms  {ratio:.2f} of plain "
            f"(at most {SEARCH_TIMES_MAX:g}: {met})"
        )


def _search(gallery: Gallery, probe: Template) -> Callable[[], object]:
    return lambda: scores(gallery, probe)


_PARTS = {"simulated": simulated, "london": london, "search": search_time}


def main(asked: Sequence[str]) -> int:
    if not asked or not set(asked) <= set(_PARTS):
        print(__doc__, file=sys.stderr)
        return 2
    for name in asked:
        _PARTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
