"""A process that lives on: enrols, searches and withdraws as it is told, a line of JSON each.

What it is told is no longer in it once it has answered, as in any program that handles requests.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chiso.adapters.memory import overwrites_freed, refuse_dumps, start_overwriting

start_overwriting()  # as the commands that live on do, before anything else

from chiso import wiring  # noqa: E402
from chiso.core.consent import Mode  # noqa: E402
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol  # noqa: E402
from chiso.services.identify import identify, prepare_search  # noqa: E402
from chiso.services.withdraw import withdraw  # noqa: E402

_PURPOSE = "door"
_PR_SET_DUMPABLE = 4


def main() -> None:
    refuse_dumps()
    home = wiring.open_home(Path(sys.argv[1]))
    prepared, kept = None, list[bytes]()
    while words := _line():
        match words.pop("do"):
            case "enrol":
                path = Path(words["photo"])
                agreement = Agreement(
                    words["label"], _PURPOSE, frozenset(Mode), datetime(2099, 1, 1, tzinfo=UTC),
                    "ab" * 32,
                )  # fmt: skip
                done = enrol(home, agreement, [Photo(path.name, path.read_bytes())])
                _answer(enrolled=isinstance(done, Enrolled))
                del agreement, done
            case "prepare":
                prepared = prepare_search(home, _PURPOSE)
                _answer(references=len(prepared.gallery))
            case "search":
                assert prepared is not None
                answers = identify(home, Path(words["photo"]).read_bytes(), prepared)
                found = [c.label for a in answers for c in a.candidates]  # type: ignore[union-attr]
                _answer(found=found)
                del answers, found
            case "withdraw":
                withdraw(home, words["label"])
                _answer(withdrawn=True)
            case "keep":  # as a careless program would
                kept.append(bytes.fromhex(words["hexadecimal"]))
                _answer(kept=len(kept))
            case "hold still":  # whoever may read it is let in: it is being tested
                ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
                _answer(overwrites=overwrites_freed(os.environ))


def _line() -> dict[str, Any]:
    """One command, read by no buffer that keeps it."""
    read = bytearray()
    while not read.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return {}
        read += byte
    return dict(json.loads(read))


def _answer(**what: object) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


main()
