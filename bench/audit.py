"""A whole audit of 4.5·10⁸ comparisons: its time, its memory, and cimat's on what that can do.

python -m bench.audit
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench.rows import Row, as_table
from bench.simulated import SimulatedGroup, SimulatedSet, simulate
from bench.timing import say

PEOPLE = 10_000
SAMPLES = 3
DIMENSIONS = 128
SEED = 4
SHARES = {"a": 0.5, "b": 0.2, "c": 0.15, "d": 0.1, "e": 0.05}
DENSITIES = {"a": 95.0, "b": 105.0, "c": 115.0, "d": 125.0, "e": 140.0}
STEADINESS = 290.0
FMR = 1e-4
"""At about which the threshold is given."""

AUDIT_MAX_S = 300.0
MEMORY_MAX_BYTES = 4 << 30
PEER_MAX_S = 60.0
PEER_PEOPLE = (100, 200, 400, 800, 1600, 3200)
PEER_GROWTH = 4.0
"""Twice the people are four times the comparisons: what would take longer by that is not tried."""
_POLL_S = 0.02
_PEER_PYTHON = "CHISO_CIMAT_PYTHON"
NO_PEER = (
    f"No cimat: the audit was not measured beside it. Name in {_PEER_PYTHON} a Python that has it: "
    "https://github.com/awslabs/cis-matching-tasks."
)


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that ran to its end: what it printed, as JSON, and what it took.

    `peak_bytes`: resident memory at its highest, as last seen before it ended (`_POLL_S`). What
    Linux tells afterwards would not do: it counts in the memory of the process that started it.
    """

    said: dict[str, object]
    wall_s: float
    peak_bytes: int


def peer_python() -> str | None:
    """The Python that has cimat, if one is named."""
    return os.environ.get(_PEER_PYTHON)


def measured() -> list[Row]:
    """The large audit, then, where there is a peer, both on the largest table it finishes."""
    with tempfile.TemporaryDirectory(prefix="chiso-bench-") as folder:
        rows = _large(Path(folder))
        python = peer_python()
        return rows if python is None else [*rows, *_beside(python, Path(folder))]


def _large(folder: Path) -> list[Row]:
    say(f"auditing the embeddings of {PEOPLE:,} people; this takes a minute or two")
    crowd = _crowd(PEOPLE)
    file = folder / "embeddings.npz"
    np.savez(
        file,
        sample=np.tile(np.arange(SAMPLES), PEOPLE).astype(str),
        subject=crowd.person.astype(str),
        group=np.array(crowd.names)[crowd.group],
        vector=crowd.vectors,
    )
    ran = _audited("embeddings", file, _threshold(crowd), folder / "large")
    comparisons = _everyone(ran, "fmr")["trials"]
    if comparisons != SAMPLES**2 * PEOPLE * (PEOPLE - 1) // 2:
        raise RuntimeError(f"{comparisons:,} comparisons of two people were made, not all")
    return [
        Row(
            f"audit {PEOPLE:,} people × {SAMPLES}: {comparisons:,} comparisons",
            f"{ran.wall_s:.0f} s",
            target=f"< {AUDIT_MAX_S:g} s",
            met=ran.wall_s < AUDIT_MAX_S,
        ),
        Row(
            "  memory at its peak",
            f"{ran.peak_bytes / 2**20:.0f} MiB",
            target=f"< {MEMORY_MAX_BYTES / 2**20:.0f} MiB",
            met=ran.peak_bytes < MEMORY_MAX_BYTES,
        ),
    ]


def _beside(python: str, folder: Path) -> list[Row]:
    """Start to end, on the same scores: the most people that the peer finishes in its time."""
    largest: tuple[int, Ran, float] | None = None
    for people in PEER_PEOPLE:
        say(f"cimat on {people:,} people")
        threshold = _write_scores(_crowd(people), folder)
        peer = _ran([python, "bench/audit_peer.py", *_scores(folder, threshold)], PEER_MAX_S)
        if peer is None:
            break
        largest = people, peer, threshold
        if PEER_GROWTH * peer.wall_s > PEER_MAX_S:
            break
    if largest is None:
        raise RuntimeError(f"cimat did not finish {PEER_PEOPLE[0]} people in {PEER_MAX_S:g} s")
    people, peer, threshold = largest
    _write_scores(_crowd(people), folder)
    pooled = _ran([sys.executable, "-m", "bench.audit_pooled", *_scores(folder, threshold)], None)
    whole = _audited("scores", folder / "scores.parquet", threshold, folder / "beside")
    if pooled is None:
        raise RuntimeError("a program without a limit ran out of time")
    for name in ("fmr", "fnmr"):
        found = peer.said[name], pooled.said[name], _everyone(whole, name)["value"]
        if not np.allclose([float(str(each)) for each in found], found[2]):
            raise RuntimeError(f"three programs differ in the {name} of the same scores: {found}")
    return [
        _beside_row(
            f"FMR, FNMR, intervals of {people:,} people × {SAMPLES}, most for cimat in "
            f"{PEER_MAX_S:g} s",
            pooled,
            peer,
            "≤ 1",
        ),
        _beside_row("  the whole audit of them: by group, with its report", whole, peer, ""),
    ]


def _beside_row(what: str, ours: Ran, peer: Ran, target: str) -> Row:
    ratio = ours.wall_s / peer.wall_s
    return Row(
        what,
        f"{ours.wall_s:.1f} s, {ours.peak_bytes / 2**20:.0f} MiB",
        f"{peer.wall_s:.1f} s, {peer.peak_bytes / 2**20:.0f} MiB cimat",
        f"{ratio:.2f} of cimat",
        target,
        ratio <= 1 if target else None,
    )


def _scores(folder: Path, threshold: float) -> tuple[str, str]:
    return str(folder / "scores.npz"), repr(threshold)


def _crowd(people: int) -> SimulatedSet:
    """So many people in groups of unlike size and density, with `SAMPLES` samples each."""
    groups = {
        name: SimulatedGroup(round(people * share), DENSITIES[name], STEADINESS)
        for name, share in SHARES.items()
    }
    return simulate(groups, SAMPLES, DIMENSIONS, SEED)


def _threshold(crowd: SimulatedSet) -> float:
    """A cosine with about the FMR wanted, from some of the samples."""
    rows = np.random.default_rng(SEED).permutation(len(crowd.vectors))[:3000]
    cosines = crowd.vectors[rows] @ crowd.vectors[rows].T
    people = crowd.person[rows]
    return float(np.quantile(cosines[people[:, None] != people[None, :]], 1 - FMR))


def _write_scores(crowd: SimulatedSet, folder: Path) -> float:
    """Every comparison, as Parquet for us and NPZ for the peer; the threshold to be given."""
    one, other = np.triu_indices(len(crowd.vectors), 1)
    scores = _cosines(crowd.vectors, one, other)
    a, b = crowd.person[one], crowd.person[other]
    sample = np.arange(len(crowd.vectors)) % SAMPLES
    np.savez(folder / "scores.npz", one=a, other=b, score=scores)
    groups = np.array(crowd.names)[crowd.group]
    pl.DataFrame(
        {
            "subject_a": a.astype(str),
            "subject_b": b.astype(str),
            "sample_a": sample[one].astype(str),
            "sample_b": sample[other].astype(str),
            "group_a": groups[one],
            "group_b": groups[other],
            "score": scores,
        }
    ).write_parquet(folder / "scores.parquet")
    return float(np.quantile(scores[a != b], 1 - FMR))


def _cosines(
    vectors: NDArray[np.float32], one: NDArray[np.intp], other: NDArray[np.intp]
) -> NDArray[np.float64]:
    return (vectors @ vectors.T)[one, other].astype(np.float64)


def _audited(kind: str, file: Path, threshold: float, out: Path) -> Ran:
    """`chiso audit` on a file, as anybody runs it, its report written."""
    command = ["audit", kind, str(file), "--threshold", repr(threshold), "--out", str(out)]
    ran = _ran([sys.executable, "-m", "chiso", *command, "--json"], None)
    if ran is None or not (out / "report.html").is_file():
        raise RuntimeError(f"`chiso {' '.join(command)}` wrote no report")
    return ran


def _ran(command: Sequence[str], limit_s: float | None) -> Ran | None:
    """Run a program that prints one JSON object; None if it took longer than the limit."""
    peak_bytes = 0
    begun = time.perf_counter()
    with (
        tempfile.TemporaryFile() as printed,
        subprocess.Popen(command, stdout=printed, stderr=subprocess.DEVNULL) as program,
    ):
        while True:
            peak_bytes = max(peak_bytes, _peak_bytes(program.pid))
            if program.poll() is not None:
                break
            if limit_s is not None and time.perf_counter() - begun > limit_s:
                program.kill()
                return None
            time.sleep(_POLL_S)
        wall_s = time.perf_counter() - begun
        if program.returncode:
            raise RuntimeError(f"{command[0]} ended with status {program.returncode}: {command}")
        printed.seek(0)
        return Ran(json.loads(printed.read()), wall_s, peak_bytes)


def _peak_bytes(process: int) -> int:
    """Resident memory at its highest since a program began, as Linux counts it; 0 once it ended."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _everyone(ran: Ran, rate: str) -> dict[str, float]:
    groups = ran.said["groups"]
    if not isinstance(groups, list):
        raise TypeError("an audit's JSON has no groups")
    found: dict[str, float] = groups[0][rate]
    return found


if __name__ == "__main__":
    print(as_table(measured()))
    if peer_python() is None:
        print(NO_PEER, file=sys.stderr)
