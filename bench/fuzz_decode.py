"""Throws hostile photos at the decoding process, and keeps those that showed something new.

python -m bench.fuzz_decode --seconds 600 [--seed 1] [--keep tests/hostile/corpus]

New is what ended as none did before (outcome, exception, the line that raised it), or reached a
line of Pillow's or of `chiso.capture` that none had reached. What stops the decoder is always kept.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.hostile.attacks import attacks
from tests.hostile.mutations import hostile_photos

from chiso.adapters.decoding.child import ChildDecoder
from chiso.core.errors import Code
from chiso.core.samples import Refusal
from chiso.core.settings import DecodeLimits

_BATCH = 500
_KEPT_MAX_BYTES, _ALL_KEPT_MAX_BYTES = 60_000, 1_600_000
_TRACED = """
import sys
from chiso.adapters.decoding import worker
from chiso.capture.raster import rasterise
from chiso.core.errors import Code
from chiso.core.refusals import Refusal

reached = set()

def traced(photo, limits):
    new, raised = set(), [None, "-"]

    def local(frame, event, argument):
        place = f"{frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.f_lineno}"
        if event == "line" and place not in reached:
            new.add(place)
        elif event == "exception" and argument[1] is not raised[0]:
            raised[:] = argument[1], f"{argument[0].__name__} at {place}"
        return local

    def entered(frame, event, argument):
        name = frame.f_code.co_filename
        return local if "/PIL/" in name or "/chiso/capture/" in name else None

    sys.settrace(entered)
    try:
        answer = rasterise(photo, limits)
    finally:
        sys.settrace(None)
    reached.update(new)
    outcome = answer.code.value if isinstance(answer, Refusal) else "pixels"
    ending = f"{outcome} {raised[1]}"
    raised.clear()  # the exception holds its frames, and they the picture
    return Refusal(Code.DAMAGED_IMAGE, ending, str(len(new)))

worker.serve(traced)
"""
"""Given to the decoding process: decodes, and answers how it went instead of with pixels."""


@dataclass
class Found:
    """What was tried and what came of it."""

    keep: Path | None
    decoder: ChildDecoder = field(default_factory=lambda: ChildDecoder(DecodeLimits(), _TRACED))
    outcomes: Counter[str] = field(default_factory=Counter)
    endings: set[str] = field(default_factory=set)
    kept: int = 0
    kept_bytes: int = 0
    slowest_s: float = 0.0

    def look_at(self, photo: bytes, name: str | None = None) -> None:
        """Decode one photo; keep it if it is new, or named."""
        begun_s = time.perf_counter()
        answer = self.decoder.decode(photo)
        self.slowest_s = max(self.slowest_s, time.perf_counter() - begun_s)
        if not isinstance(answer, Refusal):
            raise TypeError("the traced decoder answers no pixels")
        stopped = answer.code is Code.DECODER_STOPPED
        ending = Code.DECODER_STOPPED.value if stopped else answer.message
        outcome = ending.split()[0]
        self.outcomes[outcome] += 1
        is_new = ending not in self.endings or (not stopped and answer.hint != "0")
        self.endings.add(ending)
        fits = len(photo) <= _KEPT_MAX_BYTES and self.kept_bytes + len(photo) < _ALL_KEPT_MAX_BYTES
        if self.keep is not None and (name or stopped or (is_new and fits)):
            name = name or f"{outcome}-{hashlib.sha256(photo).hexdigest()[:12]}{_suffix(photo)}"
            (self.keep / name).write_bytes(photo)
            self.kept += 1
            self.kept_bytes += len(photo)


def _suffix(photo: bytes) -> str:
    return {b"\xff": ".jpg", b"\x89": ".png", b"R": ".webp"}.get(photo[:1], ".bin")


def fuzz(seconds: float, first_seed: int, keep: Path | None) -> Found:
    """Try the named attacks, then mutations, batch by batch, for so long."""
    found = Found(keep)
    until_s = time.monotonic() + seconds
    for name, photo in attacks().items():
        found.look_at(photo, name)
    number = first_seed
    while time.monotonic() < until_s:
        _batch(found, number)
        number += 1
        print(f"\r  {found.outcomes.total():,} photos", end="", file=sys.stderr, flush=True)
    return found


def _batch(found: Found, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=_BATCH,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(hostile_photos())
    def batch(photo: bytes) -> None:
        found.look_at(photo)

    batch()


def main() -> int:
    """Status 0 if nothing stopped the decoder, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz_decode", description=__doc__)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1, help="of the first batch")
    parser.add_argument("--keep", type=Path, help="folder to keep what is new in")
    given_words = parser.parse_args()
    if given_words.keep is not None:
        given_words.keep.mkdir(parents=True, exist_ok=True)
    begun_s = time.monotonic()
    found = fuzz(given_words.seconds, given_words.seed, given_words.keep)
    status = Path(f"/proc/{found.decoder.process_id}/status")
    peak = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    print(f"\n{found.outcomes.total():,} photos in {time.monotonic() - begun_s:,.0f} s")
    for outcome, count in found.outcomes.most_common():
        print(f"  {outcome}: {count:,}")
    print(f"{len(found.endings)} endings; {found.kept} kept, {found.kept_bytes:,} bytes")
    print(f"slowest {found.slowest_s:.2f} s; most memory at once, {' '.join(peak)}")
    return int(found.outcomes[Code.DECODER_STOPPED.value] > 0)


if __name__ == "__main__":
    sys.exit(main())
