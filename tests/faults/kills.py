"""Kills chiso at random moments of its work, and looks at what is left each time.

A program, since it forks: it must load no model and start no thread. Each run copies the kit's
home, forks a child that does a few acts, and kills it at a random moment of a random one of them.
Every third time the next opening, which mends, is killed as well.

    python -m tests.faults.kills KIT WORK_FOLDER RUNS SEED     prints one JSON object
"""

from __future__ import annotations

import gc
import json
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.acts import Act, Held, at_first, done, drawn
from tests.faults.checking import Traces, require_whole, traces
from tests.faults.children import Child, Say
from tests.faults.kit import AT_FIRST, Kit

from chiso.services import log_check

ACTS = 3
KILL_THE_MENDING = 1 / 3
_OPENING = "opening"
_OFTEN = 0.2  # how fast a known duration follows the machine


@dataclass
class Tally:
    """What was done and found."""

    runs: int = 0
    in_the_middle: Counter[str] = field(default_factory=Counter)
    too_late: int = 0
    mending_killed: int = 0
    undone: int = 0
    """Acts killed in the middle that had not happened; the others had."""
    failures: list[str] = field(default_factory=list)


class Killing:
    """All runs, one after another."""

    def __init__(self, kit: Kit, folder: Path, seed: int) -> None:
        self._kit, self._folder = kit, folder
        self._chance = random.Random(seed)
        self._lasts_s: dict[str, float] = {}
        kit.engine  # noqa: B018 - read once, here, and not in each child
        self.tally = Tally()
        home = kit.opened(kit.copied(folder / "first"))
        self._leaves = log_check.verify(home).size
        self._traces = {label: traces(home, label) for label in AT_FIRST}
        home.store.close()

    def calibrate(self, runs: int) -> None:
        """Learn how long each act lasts, from runs in which nothing is killed."""
        for _ in range(runs):
            acts = drawn(self._chance, at_first(), ACTS)
            directory = self._copied()
            child = self._working(directory, acts)
            said, status = child.ended()
            assert status == 0, said
            held = at_first()
            for act in acts:
                held = held.after(act)
            require_whole(self._kit, directory, [held], {}, self._leaves)
            self._learn(said)
            shutil.rmtree(directory)

    def run(self) -> None:
        """One run: acts, a kill, perhaps another during the mending, and the look at what is left.

        What fails is kept in the tally, its home where it is.
        """
        self.tally.runs += 1
        acts = drawn(self._chance, at_first(), ACTS)
        victim = self._chance.randrange(ACTS)
        moment = self._chance.random()
        mending = self._chance.random() < KILL_THE_MENDING
        directory = self._copied()
        told = f"run {self.tally.runs}: {', '.join(f'{a.kind} {a.label}' for a in acts)}"
        try:
            held, cut, known = self._killed(directory, acts, victim, moment)
            if mending:
                self._kill_the_mending(directory)
            allowed = [held] if cut is None else [held, held.after(cut)]
            found = require_whole(self._kit, directory, allowed, known, self._leaves)
            if cut is not None:
                self.tally.in_the_middle[cut.kind] += 1
                self.tally.undone += found.leaves == held.leaves
        except Exception:  # noqa: BLE001 - whatever it is, the other runs go on
            self.tally.failures.append(f"{told}\n{traceback.format_exc()}")
        else:
            shutil.rmtree(directory)

    def _copied(self) -> Path:
        return self._kit.copied(self._folder / f"run-{self.tally.runs}")

    def _working(self, directory: Path, acts: list[Act]) -> Child:
        def work(say: Say) -> None:
            home = self._kit.opened(directory)
            for number, act in enumerate(acts):
                say("begins", number)
                started_s = time.perf_counter()
                named = done(home, self._kit, act)
                say("done", number, act.kind, time.perf_counter() - started_s, named)

        return Child(work)

    def _killed(
        self, directory: Path, acts: list[Act], victim: int, moment: float
    ) -> tuple[Held, Act | None, dict[str, Traces]]:
        """What must be there, the act that was cut off, and what may be found of whom."""
        child = self._working(directory, acts)
        said: list[list[Any]] = []
        while (line := child.said()) is not None:
            said.append(line)
            if line == ["begins", victim]:
                time.sleep(moment * self._lasts_s[acts[victim].kind])
                child.kill()
                break
        rest, status = child.ended()
        said += rest
        assert status in (0, -signal.SIGKILL), said
        self._learn(said)
        held = at_first()
        acknowledged = [line for line in said if line[0] == "done"]
        for act, (_, _, _, _, named) in zip(acts, acknowledged, strict=False):
            assert named == ([act.label] if act.kind == "identify" and held.finds(act) else [])
            held = held.after(act)
        if said[-1][0] == "begins":
            return held, acts[len(acknowledged)], self._traces
        self.tally.too_late += 1
        return held, None, self._traces

    def _kill_the_mending(self, directory: Path) -> None:
        def work(say: Say) -> None:
            say("begins", _OPENING)
            started_s = time.perf_counter()
            self._kit.opened(directory)
            say("done", 0, _OPENING, time.perf_counter() - started_s, [])

        child = Child(work)
        said = [child.said()]
        time.sleep(self._chance.random() * self._lasts_s.setdefault(_OPENING, 0.01))
        child.kill()
        rest, status = child.ended()
        assert status in (0, -signal.SIGKILL), (said, rest)
        self._learn(rest)
        self.tally.mending_killed += not rest

    def _learn(self, said: list[list[Any]]) -> None:
        for line in said:
            if line[0] == "done":
                _, _, kind, lasted_s, _ = line
                known_s = self._lasts_s.setdefault(kind, lasted_s)
                self._lasts_s[kind] = known_s + _OFTEN * (lasted_s - known_s)


def main(kit: str, folder: str, runs: str, seed: str) -> None:
    """Do so many runs and print the tally."""
    killing = Killing(Kit(Path(kit)), Path(folder), int(seed))
    killing.calibrate(6)
    gc.freeze()  # what is loaded stays: no child need look through it
    for _ in range(int(runs)):
        killing.run()
    tally = killing.tally
    json.dump(
        {
            "runs": tally.runs,
            "in_the_middle": dict(tally.in_the_middle),
            "too_late": tally.too_late,
            "undone": tally.undone,
            "mending_killed": tally.mending_killed,
            "failures": tally.failures,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
