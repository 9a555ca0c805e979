"""How often the audit's intervals hold a known truth: `docs/coverage.md`, printed.

python -m bench.coverage [--quick]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from bench.coverage_draws import (
    INDEPENDENT,
    MODERATE,
    STRONG,
    Coverage,
    Draw,
    across,
    coverage,
    mated,
    rare_hubs,
    uneven,
    within,
)
from bench.timing import say
from chiso.evaluate.intervals import rate_of

SEED = 20260
REPETITIONS = 1000
QUICK_REPETITIONS = 100
LEAST_COVERED = 0.93
PEOPLE = (5, 7, 10, 20, 50, 100, 200, 500)
TRUTHS = (1e-1, 1e-2, 1e-3, 1e-4)
HUB_TRUTHS = (1e-2, 1e-3, 1e-4)
HUB_SHARE = 0.01
_KINDS = {
    "fmr": ("False matches within a group", within),
    "across": ("False matches between two groups (half of the people in each)", across),
    "fnmr": ("False non-matches", mated),
}
_UNEVEN = "False non-matches where a few have most of the comparisons, and all of the errors"
_DEPENDENCES = (INDEPENDENT, MODERATE, STRONG)
_MANY_SAMPLES = {"a tenth gave 5": 5, "a tenth gave 15": 15}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: so many people, drawn in one way, at each true rate.

    `dependence`: what tells it from other lines of its kind, in words.
    """

    kind: str
    dependence: str
    people: int
    repetitions: int

    def draw(self) -> Draw:
        """What draws them. Lines travel between processes, and draws cannot."""
        if self.kind == "hubs":
            return rare_hubs(HUB_SHARE)
        if self.kind == "uneven":
            return uneven(_MANY_SAMPLES[self.dependence])
        chosen = {dependence.name: dependence for dependence in _DEPENDENCES}
        return _KINDS[self.kind][1](chosen[self.dependence])


def main() -> int:
    """Print the tables; status 1 where intervals that are promised to cover do not."""
    parser = argparse.ArgumentParser(prog="python -m bench.coverage", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the repetitions")
    repetitions = QUICK_REPETITIONS if parser.parse_args().quick else REPETITIONS
    lines = [
        Line(kind, dependence.name, people, repetitions)
        for kind in _KINDS
        for people in PEOPLE
        for dependence in _DEPENDENCES
    ]
    lines += [
        Line("uneven", samples, people, repetitions)
        for people in PEOPLE
        for samples in _MANY_SAMPLES
    ]
    hubs = [Line("hubs", "rare hubs", people, repetitions) for people in PEOPLE]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(lines + hubs, pool.map(measured, lines + hubs), strict=True))
    titles = {kind: title for kind, (title, _) in _KINDS.items()} | {"uneven": _UNEVEN}
    for kind, title in titles.items():
        print(_table(title, {line: found[line] for line in lines if line.kind == kind}, TRUTHS))
    print(
        _table(
            "False matches where hubs are rare", {line: found[line] for line in hubs}, HUB_TRUTHS
        )
    )
    promised = [cell for line in lines for cell in found[line]]
    least = min(cell.covered for cell in promised)
    short = sum(cell.covered < LEAST_COVERED for cell in promised)
    print(
        f"Least coverage in the tables but the last: {least:.1%}, over {len(promised)} cells of "
        f"{repetitions} repetitions; {short} below {LEAST_COVERED:.0%}."
    )
    return int(short > 0)


def measured(line: Line) -> list[Coverage]:
    """The coverage at each true rate; every line has a seed of its own."""
    truths = HUB_TRUTHS if line.kind == "hubs" else TRUTHS
    rng = np.random.default_rng([SEED, *f"{line.kind} {line.dependence}".encode(), line.people])
    found = coverage(line.draw(), line.people, truths, line.repetitions, rate_of, rng)
    say(f"{line.kind}, {line.dependence}, {line.people} people: done")
    return found


def _table(title: str, found: dict[Line, list[Coverage]], truths: Sequence[float]) -> str:
    heads = ["people", "shared", *(f"true rate {truth:g}" for truth in truths)]
    rows = [
        [str(line.people), line.dependence, *(_cell(cell) for cell in cells)]
        for line, cells in found.items()
    ]
    body = "\n".join(
        "| " + " | ".join(row) + " |"
        for row in [heads, ["---:", "---"] + ["---"] * len(truths), *rows]
    )
    return f"## {title}\n\n{body}\n"


def _cell(cell: Coverage) -> str:
    """Coverage and median width; after the stroke, of plain Wilson by comparisons."""
    ours, plain = f"{100 * cell.covered:.1f}", f"{100 * cell.plain_covered:.1f}"
    short = cell.covered < LEAST_COVERED
    ours = f"**{ours}**" if short else ours
    return (
        f"{ours} ({cell.width:.2g}, {100 * cell.adjusted:.0f}) / {plain} ({cell.plain_width:.2g})"
    )


if __name__ == "__main__":
    sys.exit(main())
