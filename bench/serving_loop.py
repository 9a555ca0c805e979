"""A loop of identifications in a process that overwrites what it frees, as a server does.

python -m bench.serving_loop HOME PHOTO PURPOSE

Says a line when it is ready, and then one for each line that it is given, when it has identified.
"""

from __future__ import annotations

import sys
from pathlib import Path

from chiso import wiring
from chiso.adapters.memory import start_overwriting
from chiso.core.samples import Refusal
from chiso.services.identify import identify, prepare_search


def main() -> int:
    """Identify once a line, until there are no more."""
    start_overwriting()
    directory, photo, purpose = sys.argv[1:]
    home = wiring.open_home(Path(directory))
    probe, prepared = Path(photo).read_bytes(), prepare_search(home, purpose)
    print("ready", flush=True)
    for _ in sys.stdin:
        if isinstance(identify(home, probe, prepared), Refusal):
            raise RuntimeError("the photo of the benchmark was refused")
        print("done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
