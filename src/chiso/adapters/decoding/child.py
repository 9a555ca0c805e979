"""The parent's side: starts the decoding process, asks it, and starts another when it stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from typing import cast

import chiso
from chiso.adapters.decoding.frames import (
    TOKEN_BYTES,
    BadFrameError,
    read_answer,
    read_ready,
    write_photo,
)
from chiso.adapters.decoding.sharing import NOTHING, let_go, mapped, new_memory
from chiso.capture.decode import sample_of
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import BiometricSample, Refusal
from chiso.core.settings import DecodeLimits

WORKER = "from chiso.adapters.decoding.worker import main; main()"

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
_START_MAX_S = 60.0
_PIPE_BYTES = 1024 * 1024
"""Largest pipe that Linux gives anyone; the usual 64 KiB would make a photo many small steps."""
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "SYSTEMROOT")
"""What Python itself may need to start. The operator's key is in none of them."""


class ChildDecoder:
    """Decodes in a process that can do nothing else, started once and used for every photo.

    A photo that stops the process is refused, with code `decoder-stopped`, and the next one gets a
    new process. Threads take turns. The process ends with this object, or with the program.
    """

    def __init__(self, limits: DecodeLimits, worker: str = WORKER) -> None:
        """Start the process, and do not wait for it: it gets ready while models load.

        `worker` is Python that serves; another than the usual only where tests want one that
        misbehaves. Raises ChisoError(DECODER_MISSING) where no process can be started.
        """
        self._limits = limits
        self._worker = worker
        self._turn = threading.Lock()
        self._child = _Child(limits, worker)

    @property
    def process_id(self) -> int:
        """The process that decodes, at this moment."""
        return self._child.process_id

    def held(self) -> tuple[str, ...]:
        """The limits that the system holds the process to, by name."""
        with self._turn:
            return self._child.ready()

    def decode(self, photo: bytes) -> BiometricSample | Refusal:
        """As `chiso.capture.decode.decode`; also refused is a photo that stops the decoder.

        Raises ChisoError(DECODER_MISSING) where the process cannot be started.
        """
        with self._turn:
            if self._child.has_ended:
                self._renew()
            was_used = self._child.photos > 0
            try:
                return self._asked(photo)
            except _StoppedError as stopped:
                self._renew()
                if stopped.too_slow or not was_used:
                    return _refusal(stopped)
            # A photo before this one may have done the harm: on a new process, no other can have.
            try:
                return self._asked(photo)
            except _StoppedError as stopped:
                self._renew()
                return _refusal(stopped)

    def _asked(self, photo: bytes) -> BiometricSample | Refusal:
        try:
            return self._child.ask(photo)
        except (_StoppedError, ChisoError):
            raise
        except BaseException:  # Ctrl-C: half an answer may be under way
            self._child.end()
            raise

    def _renew(self) -> None:
        self._child.end()
        self._child = _Child(self._limits, self._worker)


class _StoppedError(Exception):
    """The process ended, or wrote what is no answer, while it had a photo."""

    def __init__(self, too_slow: bool) -> None:
        super().__init__()
        self.too_slow = too_slow


class _Child:
    """One process, its two pipes, and how many photos it was asked about."""

    def __init__(self, limits: DecodeLimits, worker: str) -> None:
        self.photos = 0
        self._limits = limits
        self._held: tuple[str, ...] | None = None
        paths = [str(Path(chiso.__file__).parent.parent), *filter(None, sys.path)]
        paths = [os.path.abspath(each) for each in paths]  # noqa: PTH100  links stay as they are
        # -I and -S: nothing of the user's is run, and sys.path is this process's own.
        command = [sys.executable, "-I", "-S", "-c", _START + worker]
        memory = new_memory()
        words = [json.dumps(paths), json.dumps(asdict(limits)), str(memory)]
        try:
            self._shared = mapped(memory)
            self._process = subprocess.Popen(  # noqa: S603  Python itself, and our own words
                [*command, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=Path(sys.executable).anchor,
                env=_environment(),
                start_new_session=True,  # Ctrl-C in the terminal is for the parent to heed
                pass_fds=() if memory == NOTHING else (memory,),
            )
        except OSError as error:
            raise _missing() from error
        finally:
            let_go(memory)
        self._photos_out = cast(FileIO, self._process.stdin)
        self._answers_in = cast(FileIO, self._process.stdout)
        self.end = weakref.finalize(self, _end, self._process)
        for pipe in (self._photos_out, self._answers_in):
            _widen(pipe)

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return not self.end.alive or self._process.poll() is not None

    def ready(self) -> tuple[str, ...]:
        """Wait until it is ready; the limits that it is held to."""
        if self._held is None:
            try:
                with _killed_after(_START_MAX_S, self._process):
                    self._held = read_ready(self._answers_in)
            except (BadFrameError, OSError) as error:
                self.end()
                raise _missing() from error
        return self._held

    def ask(self, photo: bytes) -> BiometricSample | Refusal:
        """Have one photo decoded. Raises _StoppedError where no answer comes."""
        self.ready()
        self.photos += 1
        token = os.urandom(TOKEN_BYTES)
        with _killed_after(self._limits.max_wall_s, self._process) as too_late:
            try:
                write_photo(self._photos_out, token, photo)
                answer = read_answer(self._answers_in, token, self._limits, self._shared)
            except (BadFrameError, OSError) as error:
                ended = self.end()
                used_up = ended is not None and ended == -getattr(signal, "SIGXCPU", 0)
                raise _StoppedError(too_late.is_set() or used_up) from error
        return answer if isinstance(answer, Refusal) else sample_of(answer)


@contextmanager
def _killed_after(limit_s: float, process: subprocess.Popen[bytes]) -> Iterator[threading.Event]:
    """Kill the process if the block is not done in time; the event says that this happened."""
    too_late = threading.Event()

    def stop() -> None:
        too_late.set()
        process.kill()

    clock = threading.Timer(limit_s, stop)
    clock.daemon = True
    clock.start()
    try:
        yield too_late
    finally:
        clock.cancel()


def _end(process: subprocess.Popen[bytes]) -> int:
    """End the process, whose work nobody needs any more; its status, which says why it ended."""
    process.kill()  # one that is ending already keeps the reason that it has
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    return process.wait()


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}


def _widen(pipe: FileIO) -> None:
    """A larger pipe where the system has one."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _refusal(stopped: _StoppedError) -> Refusal:
    return Refusal(
        Code.DECODER_STOPPED,
        "Reading the photo took too long and was stopped."
        if stopped.too_slow
        else "The photo made its decoder stop.",
        "Open it in a photo app, export it as JPEG, and use that.",
    )


def _missing() -> ChisoError:
    return ChisoError(
        Code.DECODER_MISSING,
        "The process that decodes photos could not be started.",
        "Close other programs, for it may lack memory; if that does not help, install Chiso anew.",
    )
