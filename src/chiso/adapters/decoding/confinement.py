"""Takes from the decoding process what it does not need: memory, time, files, sockets, children.

Each limit is the system's own, so it binds the C code of the decoders as well as Python. Linux has
them all. macOS holds files and processor time, and memory not; Windows has none of them, so there
a photo can cost memory until the parent's clock runs out. What a process lacks on its system is
missing in what `confine` returns, and the parent's clock holds everywhere.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from chiso.adapters.decoding import system_calls
from chiso.core.settings import DecodeLimits

_COPIES_OF_FILE = 6
"""The file, its parts and their bodies, the file without its metadata, and what Pillow reads."""
_SLACK_BYTES = 64 * 1024 * 1024
"""For the interpreter's own growth, the decoders' tables, and what an allocator leaves unused."""


def memory_bytes(limits: DecodeLimits) -> int:
    """What decoding one photo may take beyond what the idle process has.

    `max_memory_bytes` bounds the pictures alive at once, `max_bytes` each copy of the file.
    """
    return limits.max_memory_bytes + _COPIES_OF_FILE * limits.max_bytes + _SLACK_BYTES


def confine(limits: DecodeLimits, shared_bytes: int) -> tuple[str, ...]:
    """Give up everything but what decoding needs, for good; returns what the system now holds.

    `shared_bytes`: of memory that is mapped already and counts as what decoding takes.
    To be called when everything is imported: afterwards nothing can be opened.
    """
    if sys.platform == "win32":
        return ()
    import resource

    memory = _idle_bytes() - shared_bytes + memory_bytes(limits)
    wanted = {
        "address space": (resource.RLIMIT_AS, memory),
        "data": (resource.RLIMIT_DATA, memory),
        "open files": (resource.RLIMIT_NOFILE, 0),
        "file size": (resource.RLIMIT_FSIZE, 0),
        "core dump": (resource.RLIMIT_CORE, 0),
        "processes": (resource.RLIMIT_NPROC, 0),
    }
    held = [name for name, (which, value) in wanted.items() if _limited(which, value)]
    if renew_processor_time(limits):
        held.append("processor time")
    if system_calls.give_up_all_but_decoding():
        held.append("system calls")
    return tuple(held)


def renew_processor_time(limits: DecodeLimits) -> bool:
    """Allow `max_cpu_s` from now on; past it, the system ends the process. False where it cannot.

    Whole seconds are all that the system knows, so the limit may come up to a second later.
    """
    if sys.platform == "win32":
        return False
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    until_s = math.ceil(used.ru_utime + used.ru_stime + limits.max_cpu_s)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (until_s, hard))
    except (ValueError, OSError):
        return False
    return True


def _limited(which: int, value: int) -> bool:
    import resource

    try:
        resource.setrlimit(which, (value, value))
    except (ValueError, OSError):  # macOS knows the name and refuses the limit
        return False
    return True


def _idle_bytes() -> int:
    """Address space in use (proc(5), statm); none is known where there is no /proc."""
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return _SLACK_BYTES
    return pages * resource.getpagesize()
