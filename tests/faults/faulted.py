"""Lets each system call that makes something last kill chiso, or fail, and looks at what is left.

A program, since it forks: it must load no model and start no thread. For each call in turn and for
its first, second, third … time: a child waits, strace attaches to it and is told to inject the
fault, the child opens a copy of the kit's home, enrols, identifies and withdraws.

    python -m tests.faults.faulted KIT WORK_FOLDER FAULT STEP CALL…     prints one JSON object

FAULT is as strace's: `signal=SIGKILL`, `error=EIO`. STEP 3 tries each third time only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from tests.faults.acts import Act, Kind, at_first, done
from tests.faults.checking import require_whole, traces
from tests.faults.children import Child, Say
from tests.faults.kit import AT_FIRST, PEOPLE, Kit

from chiso.core.errors import ChisoError
from chiso.services import log_check

ACTS = (
    Act(Kind.ENROL, PEOPLE[-1]),
    Act(Kind.IDENTIFY, PEOPLE[-1]),
    Act(Kind.WITHDRAW, AT_FIRST[0]),
)
_ATTACH_LIMIT_S = 20.0


class Faulting:
    """Every run of one fault."""

    def __init__(self, kit: Kit, folder: Path, fault: str) -> None:
        self._kit, self._folder, self._fault = kit, folder, fault
        kit.engine  # noqa: B018 - read once, here, and not in each child
        home = kit.opened(kit.copied(folder / "first"))
        self._leaves = log_check.verify(home).size
        self._traces = {label: traces(home, label) for label in AT_FIRST}
        home.store.close()
        self.hit: dict[str, int] = {}
        self.codes: dict[str, int] = {}
        self.failures: list[str] = []

    def run(self, call: str, when: int) -> bool:
        """Let `call` fail for the `when`th time; returns whether it was called so often."""
        directory = self._kit.copied(self._folder / f"{call.lstrip('?')}-{when}")
        try:
            said, was_hit = self._faulted(directory, call, when)
            if was_hit:
                self.hit[call] = self.hit.get(call, 0) + 1
            self._check(directory, said)
        except Exception:  # noqa: BLE001 - whatever it is, the other runs go on
            self.failures.append(f"{self._fault} at {call} {when}\n{traceback.format_exc()}")
            return True
        shutil.rmtree(directory)
        return was_hit

    def _check(self, directory: Path, said: list[list[Any]]) -> None:
        held = at_first()
        count = sum(line[0] == "done" for line in said)
        for act in ACTS[:count]:
            held = held.after(act)
        allowed = [held]
        if count < len(ACTS) and ["begins", count] in said:
            allowed.append(held.after(ACTS[count]))
        for line in said:
            if line[0] == "error":
                _, code, message, hint = line
                self.codes[code] = self.codes.get(code, 0) + 1
                assert message.endswith("."), message
                assert hint, message
                if "nothing was changed" in message:
                    del allowed[1:]
        require_whole(self._kit, directory, allowed, self._traces, self._leaves)

    def _faulted(self, directory: Path, call: str, when: int) -> tuple[list[list[Any]], bool]:
        waiting, starting = os.pipe()

        def work(say: Say) -> None:
            os.read(waiting, 1)
            try:
                home = self._kit.opened(directory)
                for number, act in enumerate(ACTS):
                    say("begins", number)
                    done(home, self._kit, act)
                    say("done", number)
            except ChisoError as error:
                say("error", error.code, error.message, error.hint)

        child = Child(work)
        log = directory.with_suffix(".calls")
        inject = f"inject={call}:{self._fault}:when={when}"
        trace = ["strace", "-qq", "-o", str(log), "-e", f"trace={call}", "-e", inject]
        with subprocess.Popen([*trace, "-p", str(child.pid)], stderr=subprocess.PIPE) as strace:
            try:
                _wait_until_traced(child.pid, strace)
                os.write(starting, b"!")
                said, status = child.ended()
            finally:
                os.close(waiting)
                os.close(starting)
                strace.terminate()
        killed = status == -signal.SIGKILL
        assert killed or status == 0, said
        was_hit = killed or "INJECTED" in log.read_text()
        log.unlink()
        return said, was_hit


def _wait_until_traced(pid: int, strace: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _ATTACH_LIMIT_S
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
        if strace.poll() is not None or time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            message = strace.stderr.read().decode() if strace.stderr else ""
            raise RuntimeError(f"strace does not attach: {message}")
        time.sleep(0.002)
    time.sleep(0.01)  # it has seized the process; its own loop begins now


def main(kit: str, folder: str, fault: str, step: str, *calls: str) -> None:
    """Try every time of every call, and print what was hit."""
    faulting = Faulting(Kit(Path(kit)), Path(folder), fault)
    for call in calls:
        when = 1
        while faulting.run(call, when):
            when += int(step)
    json.dump(
        {"hit": faulting.hit, "codes": faulting.codes, "failures": faulting.failures}, sys.stdout
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
