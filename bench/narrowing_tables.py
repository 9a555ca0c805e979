"""The measures' errors as Markdown tables, and every count as one JSON document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from bench.narrowing_errors import OWN_FMR, STRICT_FMR, Count, Counts, rate
from bench.narrowing_photos import SEEDS, Set
from bench.narrowing_rows import SPLITS, Row
from bench.narrowing_ruling import Ruling

Times = Mapping[str, tuple[float, float]]
_Cell = Callable[[Row, int], str]


def print_tables(
    sets: Mapping[str, Set], times: Times, rows: Sequence[Row], found: Sequence[Ruling]
) -> None:
    """Everything, one way after the other, then the cost and the rulings."""
    for each in sets.values():
        people = [np.count_nonzero(each.group == group) for group in range(len(each.groups))]
        print(
            f"{each.name}: {len(each.group)} people; "
            + ", ".join(f"{name} {count}" for name, count in zip(each.groups, people, strict=True))
            + f"; everyday photos {len(each.everyday)}, without a face {each.lost}"
        )
    for way in dict.fromkeys(row.way for row in rows):
        mine = [row for row in rows if row.way == way]
        print(f"\n## {way.name}\n\n{_trials(mine[0])}")
        _print_table(
            "FNMR at the group's own FMR of 1 %, in percent (5 % to 95 % of single halves; "
            f"seed {SEEDS[0]}, seed {SEEDS[1]})",
            mine,
            _own,
        )
        _print_table("FNMR at the group's own FMR of 0.1 %, in percent", mine, _strict)
        _print_table(
            "All people at once, no halves: FNMR at the group's own FMR of 1 %; of 0.1 %; at one "
            "threshold where the worst group's FMR is 1 %",
            [row for row in mine if row.whole is not None],
            _whole,
        )
        _print_table(
            "FMR / FNMR at one threshold, worst group's FMR 1 %, read off the test half; then of "
            "the threshold frozen on the other half",
            mine,
            _one_threshold,
        )
        _print_table(
            "Studio photos: missed where no two people match falsely; FMR / FNMR at the frozen "
            "everyday threshold",
            mine,
            _studio,
            ("gap", lambda row: "" if row.gap is None else f"{row.gap:+.3f}"),
        )
    print("\n## Milliseconds a chip\n\n| measure | probe | reference |\n| --- | ---: | ---: |")
    for name, (probe, reference) in times.items():
        print(f"| {name} | {probe:.1f} | {reference:.1f} |")
    print("\n## Rulings\n\n| measure | against | ruling | rises, in percentage points |")
    print("| --- | --- | --- | --- |")
    for ruling in found:
        print(f"| {ruling.measure} | {ruling.against} | {ruling.verdict} | {_rises(ruling)} |")


def document(
    sets: Mapping[str, Set], times: Times, rows: Sequence[Row], found: Sequence[Ruling]
) -> dict[str, Any]:
    """All counts, summed over halves, by seed."""
    return {
        "splits": SPLITS,
        "seeds": list(SEEDS),
        "sets": {
            each.name: {
                "people": {
                    name: int(np.count_nonzero(each.group == group))
                    for group, name in enumerate(each.groups)
                },
                "without_a_face": dict(zip(each.groups, each.lost, strict=True)),
            }
            for each in sets.values()
        },
        "milliseconds": {
            name: {"probe": one, "reference": ten} for name, (one, ten) in times.items()
        },
        "rows": [_as_json(row) for row in rows],
        "rulings": [asdict(ruling) for ruling in found],
    }


def _as_json(row: Row) -> dict[str, Any]:
    return {
        "way": row.way.name,
        "measure": row.measure,
        "against": row.against,
        "learnt_elsewhere_or_not_at_all": row.is_unseen,
        "studio_gap": row.gap,
        "groups": {
            name: {
                str(seed): {
                    count.name.lower(): int(row.counts[index, :, group, count].sum())
                    for count in Count
                }
                for index, seed in enumerate(SEEDS)
            }
            for group, name in enumerate(row.groups)
        },
        "all_at_once": None
        if row.whole is None
        else {
            name: {count.name.lower(): int(row.whole[:, 0, group, count].sum()) for count in Count}
            for group, name in enumerate(row.groups)
        },
        "own_missed_range": {
            name: rate(_of(row, group, Count.OWN_MISSED), _of(row, group, Count.MATED))[1:]
            for group, name in enumerate(row.groups)
        },
    }


def _print_table(
    title: str,
    rows: Sequence[Row],
    cell: _Cell,
    last: tuple[str, Callable[[Row], str]] | None = None,
) -> None:
    groups = rows[0].groups
    heads = ["measure", *groups] + ([last[0]] if last else [])
    print(f"\n{title}:\n\n| {' | '.join(heads)} |")
    print("| --- |" + " ---: |" * (len(heads) - 1))
    for row in rows:
        cells = [row.measure, *(cell(row, group) for group in range(len(groups)))]
        print(f"| {' | '.join(cells + ([last[1](row)] if last else []))} |")


def _trials(row: Row) -> str:
    counts = row.counts[0].sum(axis=0)
    texts = [
        f"{name} {counts[group, Count.MATED]:,} and {counts[group, Count.NONMATED]:,}"
        for group, name in enumerate(row.groups)
    ]
    return (
        f"Comparisons in all test halves together, mated and non-mated, a seed: {'; '.join(texts)}."
    )


def _of(row: Row, group: int, count: Count) -> Counts:
    """Shape (halves,): seeds added up."""
    found: Counts = row.counts[:, :, group, count].sum(axis=0)
    return found


def _own(row: Row, group: int) -> str:
    value, low, high = rate(_of(row, group, Count.OWN_MISSED), _of(row, group, Count.MATED))
    seeds = [
        rate(
            row.counts[index, :, group, Count.OWN_MISSED], row.counts[index, :, group, Count.MATED]
        )
        for index in range(len(SEEDS))
    ]
    by_seed = ", ".join(_percent(each[0]) for each in seeds)
    halves = f"{100 * low:.0f} to {100 * high:.0f}"
    return f"{_percent(value)} ({halves}; {by_seed}){_few(row.counts, group, OWN_FMR)}"


def _strict(row: Row, group: int) -> str:
    value, _, _ = rate(_of(row, group, Count.STRICT_MISSED), _of(row, group, Count.MATED))
    return _percent(value) + _few(row.counts, group, STRICT_FMR)


def _few(counts: Counts, group: int, fmr: float) -> str:
    """A mark where some half has too few comparisons for this FMR: none may match falsely there."""
    return "°" if counts[:, :, group, Count.NONMATED].min() * fmr < 1 else ""


def _whole(row: Row, group: int) -> str:
    if row.whole is None:
        return ""
    counts = row.whole.sum(axis=0)[:, group]
    mated = counts[:, Count.MATED]
    own, strict, read = (
        _percent(rate(counts[:, missed], mated)[0])
        for missed in (Count.OWN_MISSED, Count.STRICT_MISSED, Count.READ_MISSED)
    )
    own += _few(row.whole, group, OWN_FMR)
    strict += _few(row.whole, group, STRICT_FMR)
    return f"{own}; {strict}; {read}"


def _one_threshold(row: Row, group: int) -> str:
    return "; ".join(
        f"{_rate(row, group, false, Count.NONMATED)} / {_rate(row, group, missed, Count.MATED)}"
        for false, missed in (
            (Count.READ_FALSE, Count.READ_MISSED),
            (Count.FROZEN_FALSE, Count.FROZEN_MISSED),
        )
    )


def _studio(row: Row, group: int) -> str:
    return (
        f"{_rate(row, group, Count.STUDIO_UNTOLD, Count.STUDIO_MATED)}; "
        f"{_rate(row, group, Count.STUDIO_FALSE, Count.STUDIO_NONMATED)} / "
        f"{_rate(row, group, Count.STUDIO_MISSED, Count.STUDIO_MATED)}"
    )


def _rate(row: Row, group: int, errors: Count, trials: Count) -> str:
    return _percent(rate(_of(row, group, errors), _of(row, group, trials))[0])


def _percent(share: float) -> str:
    if np.isnan(share):
        return "none"
    if share == 0:
        return "0"
    return f"{100 * share:.1f}" if share >= 0.0005 else f"{100 * share:.2f}"


def _rises(ruling: Ruling) -> str:
    rises = sorted(
        (each for each in ruling.changes if each.change > 0), key=lambda each: -each.change
    )
    return "; ".join(
        f"{each.way}: {each.group} "
        f"{100 * each.change:+.1f} ({100 * each.low:+.0f} to {100 * each.high:+.0f})"
        for each in rises[:3]
    )
