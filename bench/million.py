"""A million encrypted references: loaded by the real path, searched in turns with faiss.

Runs in a process of its own, so that the memory it measures is its own:

    python -m bench.million HOME
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from bench import crowd
from bench.rows import Row
from bench.timing import say, take_turns
from chiso import wiring
from chiso.compare.search import candidates, search
from chiso.core.templates import Template
from chiso.services.identify import MAX_CANDIDATES, Search, prepare_search
from chiso.services.reference_check import require_all_open

PEOPLE = 1_000_000
ROUNDS = 25
LOADS = 2
LOAD_MAX_S = 15.0
MEMORY_MAX_BYTES = 1 << 30
READ_TIMES_MAX = 2.0


def measured() -> list[Row]:
    """Make the home, load and search it in a process of its own, and clean up."""
    with tempfile.TemporaryDirectory(prefix="chiso-bench-") as folder:
        home = Path(folder) / "home"
        say(f"making a home with {PEOPLE:,} people; this takes a minute or two")
        subprocess.run(
            [sys.executable, "-m", "bench.crowd", str(home), str(PEOPLE)],
            check=True,
            stdout=sys.stderr,
        )
        loads = [_in_own_process(home, "load") for _ in range(LOADS)]
        checked = _in_own_process(home, "check")
        return [
            *_load_rows(loads),
            Row(
                f"open {PEOPLE:,} references, as `log verify` does",
                f"{checked['s']:.1f} s ({checked['cpu_s']:.1f} s CPU)",
            ),
            *_search_rows(_in_own_process(home, "search")),
        ]


def _in_own_process(home: Path, what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.million", str(home), what]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    measurements: dict[str, float] = json.loads(done.stdout)
    return measurements


def _load_rows(loads: Sequence[dict[str, float]]) -> list[Row]:
    fastest_s = min(load["load_s"] for load in loads)
    cpu_s = min(load["cpu_s"] for load in loads)
    peak_bytes = max(load["peak_bytes"] for load in loads)
    return [
        Row(
            f"load {PEOPLE:,} references, best of {LOADS}",
            f"{fastest_s:.1f} s ({cpu_s:.1f} s CPU)",
            target=f"< {LOAD_MAX_S:g} s",
            met=fastest_s < LOAD_MAX_S,
        ),
        Row(
            "  memory they take, at its peak",
            f"{peak_bytes / 2**20:.0f} MiB",
            target=f"< {MEMORY_MAX_BYTES / 2**20:.0f} MiB",
            met=peak_bytes < MEMORY_MAX_BYTES,
        ),
    ]


def _search_rows(found: dict[str, float]) -> list[Row]:
    ours_ms, faiss_ms, read_ms = (found[name] for name in ("ours_ms", "faiss_ms", "read_ms"))
    return [
        Row(
            f"one probe against {PEOPLE:,} × {crowd.DIMENSIONS}",
            f"{ours_ms:.1f} ms",
            f"{faiss_ms:.1f} ms faiss flat IP",
            f"{ours_ms / faiss_ms:.2f} of faiss",
            "≤ 1",
            ours_ms <= faiss_ms,
        ),
        Row(
            "  beside reading that memory once",
            f"{ours_ms:.1f} ms",
            f"{read_ms:.1f} ms, every core",
            f"{ours_ms / read_ms:.2f} of a read",
            f"< {READ_TIMES_MAX:g}",
            ours_ms < READ_TIMES_MAX * read_ms,
        ),
    ]


def _load(home: Path) -> tuple[Search, dict[str, float]]:
    """The real path, with how long it took and how much memory it added at its peak."""
    opened = wiring.open_home(home)
    opened.model()
    before_bytes = _peak_bytes()
    begun, begun_cpu = time.perf_counter(), time.process_time()
    prepared = prepare_search(opened, crowd.PURPOSE)
    taken = {
        "load_s": time.perf_counter() - begun,
        "cpu_s": time.process_time() - begun_cpu,
        "peak_bytes": float(_peak_bytes() - before_bytes),
    }
    if len(prepared.gallery) != PEOPLE:
        raise RuntimeError(f"{len(prepared.gallery):,} references were loaded, not {PEOPLE:,}")
    return prepared, taken


def _check(home: Path) -> dict[str, float]:
    """What `chiso log verify` does of references, in this process."""
    opened = wiring.open_home(home)
    begun, begun_cpu = time.perf_counter(), time.process_time()
    count = require_all_open(opened)
    if count != PEOPLE:
        raise RuntimeError(f"{count:,} references were opened, not {PEOPLE:,}")
    return {"s": time.perf_counter() - begun, "cpu_s": time.process_time() - begun_cpu}


def _peak_bytes() -> int:
    """Resident memory at its highest since this program began, as Linux counts it.

    `getrusage` would not do: it remembers the process that this one was forked from.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _search(prepared: Search) -> dict[str, float]:
    """Fastest of `ROUNDS`, in turns: our whole search, faiss's, and a plain read of the memory.

    faiss spends one thread on one probe; our product and the read use every core.
    """
    import faiss

    matrix = prepared.gallery.matrix
    probe = Template(matrix[len(matrix) // 2].copy(), prepared.gallery.model)
    index = faiss.IndexFlatIP(matrix.shape[1])
    index.add(matrix)
    parts = np.array_split(matrix.reshape(-1).view(np.int64), os.cpu_count() or 1)
    with ThreadPoolExecutor(len(parts)) as threads:
        taken = take_turns(
            {
                "ours_ms": lambda: candidates(
                    prepared.gallery,
                    search(prepared.gallery, probe, prepared.threshold),
                    prepared.record,
                    MAX_CANDIDATES,
                ),
                "faiss_ms": lambda: index.search(probe.vector[None], MAX_CANDIDATES),
                "read_ms": lambda: list(threads.map(np.bitwise_or.reduce, parts)),
            },
            ROUNDS,
        )
    return {name: min(times) * 1e3 for name, times in taken.items()}


if __name__ == "__main__":
    if sys.argv[2] == "check":
        print(json.dumps(_check(Path(sys.argv[1]))))
    else:
        loaded, measurements = _load(Path(sys.argv[1]))
        print(json.dumps(_search(loaded) if sys.argv[2] == "search" else measurements))
