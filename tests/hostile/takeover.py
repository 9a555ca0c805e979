"""A decoder that does what its photo says: the worst that a hostile photo can bring about."""

from __future__ import annotations

from chiso.adapters.decoding.child import ChildDecoder
from chiso.core.samples import BiometricSample, Refusal
from chiso.core.settings import DecodeLimits

LIMITS = DecodeLimits(max_cpu_s=1, max_wall_s=20.0)

OBEDIENT = """
import sys
from chiso.adapters.decoding import worker
from chiso.capture.raster import rasterise
from chiso.core.errors import Code
from chiso.core.refusals import Refusal

def obey(photo, limits):
    if not photo.startswith(b"takeover:"):
        return rasterise(photo, limits)
    said = []
    # The token of the photo, as a program in this process finds it: it lies in some frame's locals.
    token = sys._getframe(1).f_locals["token"]
    names = {"say": said.append, "worker": worker, "token": token}
    exec(photo.removeprefix(b"takeover:"), names)
    return Refusal(Code.ANIMATED, " ".join(map(str, said)), "Said by the hostile photo.")

worker.serve(obey)
"""
"""Given to the decoding process in place of its usual program."""


def obedient(limits: DecodeLimits = LIMITS) -> ChildDecoder:
    """A decoding process that runs the Python in a photo made by `taking_over`."""
    return ChildDecoder(limits, OBEDIENT)


def taking_over(program: str) -> bytes:
    """A photo that runs this; what it says with `say(...)` comes back as a refusal's message."""
    return b"takeover:" + program.encode()


def said(answer: BiometricSample | Refusal) -> str:
    """What the program of a photo said before it ended well."""
    assert isinstance(answer, Refusal)
    assert answer.hint == "Said by the hostile photo.", answer
    return answer.message
