"""Leaves a process on Linux only the system calls that decoding needs (seccomp, for good).

The filter is classic BPF, as linux/seccomp.h and linux/filter.h have it. Whatever is not listed
fails with EPERM: no file, socket or process can be had, and no other process can be reached.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LOAD_WORD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # 1 is EPERM
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT, _SECOND_ARGUMENT_AT = 0, 4, 16, 24  # seccomp_data
_X32_BIT = 0x40000000

_Numbers = tuple[int, int, tuple[int, ...]]
"""A machine's number in linux/audit.h; that of prlimit64; those of read, write, close, mmap,
mprotect, munmap, brk, rt_sigaction, rt_sigprocmask, rt_sigreturn, sched_yield, mremap, madvise,
exit, getrusage, futex, clock_gettime, exit_group and getrandom, in asm/unistd.h."""

_MACHINES: dict[str, _Numbers] = {
    "x86_64": (
        0xC000003E,
        302,
        (0, 1, 3, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 60, 98, 202, 228, 231, 318),
    ),
    "aarch64": (
        0xC00000B7,
        261,
        (63, 64, 57, 222, 226, 215, 214, 134, 135, 139, 124, 216, 233, 93, 165, 98, 113, 94, 278),
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def give_up_all_but_decoding() -> bool:
    """Install the filter in the calling thread; False where this system has none for it."""
    machine = _MACHINES.get(os.uname().machine)
    if sys.platform != "linux" or machine is None or struct.calcsize("P") != 8:
        return False
    code = _filter(*machine)
    program = _Program(len(code) // 8, code)
    call = ctypes.CDLL(None, use_errno=True).prctl
    if call(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))) != 0:
        return False
    mode = ctypes.c_ulong(_SECCOMP_MODE_FILTER)
    return bool(call(_PR_SET_SECCOMP, mode, ctypes.byref(program)) == 0)


def _filter(machine: int, prlimit: int, allowed: tuple[int, ...]) -> bytes:
    """Another machine's calls kill; the listed ones pass; setting RLIMIT_CPU of itself passes."""
    own_limit = [
        # RLIMIT_CPU is 0, and so is the process that means the caller.
        (_LOAD_WORD, 0, 0, _FIRST_ARGUMENT_AT),
        (_JUMP_IF_EQUAL, 0, 3, 0),
        (_LOAD_WORD, 0, 0, _SECOND_ARGUMENT_AT),
        (_JUMP_IF_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _FAIL),
    ]
    listed = [
        instruction
        for number in allowed
        for instruction in ((_JUMP_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW))
    ]
    lines = [
        (_LOAD_WORD, 0, 0, _MACHINE_AT),
        (_JUMP_IF_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD_WORD, 0, 0, _NUMBER_AT),
        (_JUMP_IF_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _KILL),
        *listed,
        (_JUMP_IF_EQUAL, 1, 0, prlimit),
        (_RETURN, 0, 0, _FAIL),
        *own_limit,
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
