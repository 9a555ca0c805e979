"""What carries more of a face, each measure alone and together: both errors of every group.

python -m bench.narrowing [--volunteers DIR] [--json]

London people and rendered volunteers, 200 halves of the people, everyday probes. Twelve minutes on
two cores. `docs/narrowing.md` has what it printed, and what was kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.london import folder
from bench.narrowing_measures import Measure, measures
from bench.narrowing_photos import Set, london_set, volunteer_set
from bench.narrowing_rows import tried
from bench.narrowing_ruling import rulings
from bench.narrowing_tables import document, print_tables
from bench.timing import median_ms, take_turns
from chiso import wiring
from chiso.adapters.models.embedder import OnnxEmbedder
from chiso.core.settings import CaptureSettings

LONDON_VARIANTS = 8
VOLUNTEER_VARIANTS = 4
_ROUNDS = 9


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.narrowing", description=__doc__)
    parser.add_argument("--volunteers", type=Path, default=wiring.shipped_volunteers())
    parser.add_argument("--json", action="store_true", help="every count, instead of tables")
    options = parser.parse_args()
    photos = folder()
    if photos is None:
        sys.exit("No London photos: name their folder in CHISO_LONDON.")
    engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
    embedder = engine.embedder
    if not isinstance(embedder, OnnxEmbedder):
        sys.exit("The offline pack's embedder is not the one that enhances chips.")
    found = (
        london_set(engine, photos, LONDON_VARIANTS),
        volunteer_set(engine, options.volunteers, VOLUNTEER_VARIANTS),
    )
    sets = {each.name: each for each in found}
    offered = measures(embedder)
    times = _times(offered, sets["London"])
    rows = tried(sets, offered)
    found_rulings = rulings(rows)
    if options.json:
        print(json.dumps(document(sets, times, rows, found_rulings), indent=1))
    else:
        print_tables(sets, times, rows, found_rulings)
    return 0


def _times(offered: Sequence[Measure], london: Set) -> dict[str, tuple[float, float]]:
    """Milliseconds a probe and a reference, one chip at a time, medians of rounds in turns."""
    chip = [london.posed[0].pixels]
    tasks: dict[str, Callable[[], object]] = {}
    for each in offered:
        tasks[f"{each.name} probe"] = lambda embed=each.probe: embed(chip)  # type: ignore[misc]
        tasks[f"{each.name} reference"] = lambda embed=each.reference: embed(chip)  # type: ignore[misc]
    taken = {name: median_ms(each) for name, each in take_turns(tasks, _ROUNDS).items()}
    return {
        each.name: (taken[f"{each.name} probe"], taken[f"{each.name} reference"])
        for each in offered
    }


if __name__ == "__main__":
    sys.exit(main())
