"""The decoding process: reads photos from standard input, writes answers to standard output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

from chiso.adapters.decoding.confinement import confine, renew_processor_time
from chiso.adapters.decoding.frames import (
    BadFrameError,
    read_photo,
    write_answer,
    write_ready,
)
from chiso.adapters.decoding.sharing import taken_over
from chiso.capture.raster import Raster, rasterise
from chiso.core.refusals import Refusal
from chiso.core.settings import DecodeLimits

Decode = Callable[[bytes, DecodeLimits], Raster | Refusal]


def main() -> None:
    """Decode whatever comes, until the parent closes its end."""
    serve(rasterise)


def serve(decode_one: Decode) -> None:
    """Give up all rights, then answer photo by photo.

    `decode_one` is another than `rasterise` only where tests want a decoder that misbehaves.
    """
    limits, shared = DecodeLimits(**json.loads(sys.argv[-2])), taken_over(int(sys.argv[-1]))
    photos, answers = os.fdopen(0, "rb", 0), os.fdopen(1, "wb", 0)
    write_ready(answers, confine(limits, 0 if shared is None else len(shared)))
    try:
        while (asked := read_photo(photos)) is not None:
            token, photo = asked
            renew_processor_time(limits)
            write_answer(answers, token, decode_one(photo, limits), shared)
    except (BadFrameError, BrokenPipeError):
        pass  # the parent is gone, and nobody waits for an answer
