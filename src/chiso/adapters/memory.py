"""Memory that forgets: what a process frees is overwritten, and nothing of it goes into a dump.

Python frees without overwriting, and so does the C library: a template, a key or a name stays where
it was until something else happens to need the place. glibc can fill what is freed (its tunable
`glibc.malloc.perturb`). It does so for memory that it manages itself, and not for what it keeps
ready for the next call (`tcache`); and Python asks it for large pieces only, unless told to ask
always (`PYTHONMALLOC=malloc`). All three are fixed when a process starts, so that a process which
wants them starts itself again.

It costs about a quarter of a short command (`chiso verify`, as a whole process: 1.52 s to 1.90 s,
medians of 15 on two busy cores), so that only commands which live on do it.

Not reached: registers and stacks, memory that the system has written to swap (use an encrypted one,
or none), and other C libraries than glibc, where nothing of this is done. Pages are not locked.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping

_TUNABLES = "GLIBC_TUNABLES"
_WANTED_TUNABLES = ("glibc.malloc.perturb=170", "glibc.malloc.tcache_count=0")
_HUGE_PAGES = "glibc.malloc.hugetlb=1"
"""Pages of 2 MiB where the system gives them on request: fewer to be had anew for every photo."""
_ALLOCATOR, _SYSTEMS_OWN = "PYTHONMALLOC", "malloc"
_PR_SET_DUMPABLE = 4


def overwrites_freed(environment: Mapping[str, str]) -> bool:
    """Whether a process that started with this environment overwrites what it frees."""
    set_so = environment.get(_TUNABLES, "").split(":")
    return environment.get(_ALLOCATOR) == _SYSTEMS_OWN and all(
        each in set_so for each in _WANTED_TUNABLES
    )


def start_overwriting() -> None:
    """Start this very process again, so that what it frees is overwritten; once only.

    For a command that lives on, before it has read anything: nothing that it holds survives. Does
    nothing where it is so already, or where the C library is not glibc.
    """
    if not _has_glibc() or overwrites_freed(os.environ):
        return
    others = [each for each in os.environ.get(_TUNABLES, "").split(":") if each]
    environment = os.environ | {
        _ALLOCATOR: _SYSTEMS_OWN,
        _TUNABLES: ":".join([*others, *_WANTED_TUNABLES, _HUGE_PAGES]),
    }
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606


def refuse_dumps() -> None:
    """Let no dump of this process be written, and no other of the same user read its memory.

    Linux; elsewhere only the dump's size is limited, where that can be.
    """
    try:
        import resource  # not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _has_glibc() -> bool:
    if sys.platform != "linux":
        return False
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except ValueError:  # the name is glibc's own
        return False
