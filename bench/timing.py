"""Timing that compares fairly: turns are taken, so that a busy moment strikes everyone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from statistics import median


def take_turns(
    tasks: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 1
) -> dict[str, list[float]]:
    """Seconds that each task took in each of `rounds` rounds, every task once a round."""
    for task in tasks.values():
        for _ in range(warm_up):
            task()
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            begun = time.perf_counter()
            task()
            taken[name].append(time.perf_counter() - begun)
    return taken


def median_ms(taken_s: list[float]) -> float:
    """The median, in milliseconds."""
    return median(taken_s) * 1e3


def say(text: str) -> None:
    """A line of progress on standard error."""
    print(f"  {text}", file=sys.stderr, flush=True)
