"""Memory that the decoding process and its parent share, for pixels: no pipe is as fast.

Only Linux has files that lie in memory, have no name, and can be sealed at their size, so that the
process cannot cut off what its parent reads. Elsewhere nothing is shared.
"""

from __future__ import annotations

import mmap
import os
import sys
from contextlib import suppress

SHARED_BYTES = 12 * 1024 * 1024
"""Pixels of 4 megapixels. Larger photos take so long to decode that a pipe does not matter."""
NOTHING = -1
"""Stands for the descriptor where nothing is shared."""
_FIRST_OWN_FILE, _MOST_FILES = 3, 64


def new_memory() -> int:
    """A descriptor of new memory of SHARED_BYTES zeroes, sealed at that size; else NOTHING."""
    if sys.platform != "linux":
        return NOTHING
    import fcntl

    descriptor = NOTHING
    try:
        descriptor = os.memfd_create("chiso-pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, SHARED_BYTES)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    except OSError:
        let_go(descriptor)
        return NOTHING
    return descriptor


def mapped(descriptor: int) -> mmap.mmap | None:
    """The memory behind a descriptor, which may then be closed; None for NOTHING."""
    if descriptor == NOTHING:
        return None
    return mmap.mmap(descriptor, SHARED_BYTES)


def taken_over(descriptor: int) -> mmap.mmap | None:
    """For the decoding process: as `mapped`; afterwards it has no file but its pipes.

    Python keeps a second descriptor of what it maps; it is closed too, for it is not needed.
    """
    shared = mapped(descriptor)
    let_go(descriptor)
    os.closerange(_FIRST_OWN_FILE, _MOST_FILES)
    return shared


def let_go(descriptor: int) -> None:
    """Close it; NOTHING needs no closing."""
    if descriptor != NOTHING:
        with suppress(OSError):
            os.close(descriptor)
