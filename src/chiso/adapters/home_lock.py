"""Who is in a home: any number of commands at work, or one alone that restores it.

A lock of the system on the home's folder, which ends with the process that holds it, however that
ends. Windows has none: there whoever restores is trusted to have stopped the others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chiso.core.errors import ChisoError, Code

_alone: set[Path] = set()


def enter(directory: Path) -> Callable[[], None]:
    """Be at work in a home, so that nobody restores it meanwhile; returns what ends that.

    Raises STORE_BUSY while another process restores it. Without effect where there is no folder
    that this user may read: whoever reads the home next says so.
    """
    if sys.platform == "win32":
        return lambda: None
    import fcntl

    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return lambda: None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise being_restored(directory) from error
    return lambda: os.close(descriptor)


@contextmanager
def alone_in(directory: Path, busy: Callable[[Path], ChisoError]) -> Iterator[None]:
    """Be the only process in a home. Raises what `busy` makes where another is in it."""
    if directory in _alone or sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise busy(directory) from error
        _alone.add(directory)
        try:
            yield
        finally:
            _alone.discard(directory)
    finally:
        os.close(descriptor)


def being_restored(directory: Path) -> ChisoError:
    """The error for whoever comes while a home is being restored."""
    return ChisoError(
        Code.STORE_BUSY,
        f"{directory} is being restored by another process.",
        "Run the command again when it has finished.",
    )


def others_at_work(directory: Path) -> ChisoError:
    """The error for whoever would restore a home while others work in it."""
    return ChisoError(
        Code.STORE_BUSY,
        f"Another process is at work in {directory}: nothing was changed.",
        "Stop whatever works in this home, or wait until it has finished, and run the command "
        "again.",
    )
