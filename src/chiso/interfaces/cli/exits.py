"""Exit statuses: an interface to every script that calls chiso."""

from __future__ import annotations

from enum import IntEnum

from chiso.core.errors import Kind


class Exit(IntEnum):
    """DESIGN.md §6. 130 is the shell's own convention for Ctrl-C."""

    DONE = 0
    NO_MATCH = 1
    USAGE = 2
    REFUSED_SAMPLE = 3
    CONSENT = 4
    INTEGRITY = 5
    MISSING = 6
    BUG = 70
    INTERRUPTED = 130


EXIT_OF_KIND = {
    Kind.USAGE: Exit.USAGE,
    Kind.REFUSED_SAMPLE: Exit.REFUSED_SAMPLE,
    Kind.CONSENT: Exit.CONSENT,
    Kind.INTEGRITY: Exit.INTEGRITY,
    Kind.MISSING: Exit.MISSING,
    Kind.ACCESS: Exit.CONSENT,
}
