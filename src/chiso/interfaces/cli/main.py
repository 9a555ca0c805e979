"""The `chiso` command: heeds Ctrl-C from its first moment to its last, and runs what was asked."""

from __future__ import annotations

import sys

# Whatever takes time to import is imported where Ctrl-C is already heeded.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `chiso` with these arguments (the process's own by default); returns the exit status.

    The process's own are its last: from the answer on, Ctrl-C no longer changes how it ends.
    """
    interrupts: list[int] = []
    try:
        try:
            _remember_interrupts(interrupts)
            from chiso.interfaces.cli.command import run

            is_own = arguments is None
            return run(sys.argv[1:] if arguments is None else arguments, interrupts, is_own)
        finally:
            if arguments is None:
                _ignore_interrupts()
    except KeyboardInterrupt:
        return _interrupted()


def _remember_interrupts(seen: list[int]) -> None:
    """Let Ctrl-C do what it does, and leave a note of it."""
    import signal
    import threading

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, note)


def _ignore_interrupts() -> None:
    # Python puts the system's own handler back as it ends, and Ctrl-C would kill it there.
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interrupted() -> int:
    from chiso.interfaces.cli.exits import Exit
    from chiso.interfaces.cli.output import say

    say("Interrupted. Whatever was reported as done stays done; nothing is half done.")
    return Exit.INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
