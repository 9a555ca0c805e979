"""Memory that forgets: commands that live on start so that what they free is overwritten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chiso.adapters.memory import overwrites_freed

_FREES_A_SECRET = """
import ctypes, gc, os, sys
from chiso.adapters.memory import refuse_dumps, start_overwriting
if sys.argv[1] == "overwriting":
    start_overwriting()
refuse_dumps()
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # this test may read it
def made(number):
    return bytes(each ^ 0x5A for each in bytes(range(number, number + 40)))
wanted = [bytearray(each ^ 0x33 for each in made(n)) for n in range(100)]
secrets = [made(n) for n in range(100)]
places = [id(each) + bytes.__basicsize__ - 1 for each in secrets]
del secrets
gc.collect()
left = 0
with open("/proc/self/mem", "rb", buffering=0) as memory:
    for place, hidden in zip(places, wanted):
        memory.seek(place)
        there = memory.read(40)
        left += bytes(each ^ 0x33 for each in there[16:32]) == hidden[16:32]
print(left)
"""
_TELLS = """
import os, sys
from chiso.adapters.memory import overwrites_freed
from chiso.interfaces.cli import recognise
from chiso.interfaces.cli.main import main
def stop(_home):
    import resource
    print("overwrites", overwrites_freed(os.environ), resource.getrlimit(resource.RLIMIT_CORE)[0])
    os._exit(0)
recognise.wiring.open_home = stop
main()
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""),
    reason="only glibc overwrites what is freed",
)


@pytest.mark.parametrize(("how", "most"), [("overwriting", 0), ("as usual", 100)])
def test_what_was_freed_is_overwritten_only_where_it_was_asked_for(how: str, most: int) -> None:
    left = int(_run(_FREES_A_SECRET, how))
    assert left == 0 if most == 0 else left > 0


def test_a_search_of_many_photos_lives_on_memory_that_forgets(tmp_path: Path) -> None:
    said = _run(_TELLS, "identify", "a.jpg", "b.jpg", "--purpose", "door")
    assert said.split() == ["overwrites", "True", "0"]


def test_a_search_of_one_photo_starts_once(tmp_path: Path) -> None:
    said = _run(_TELLS, "identify", "a.jpg", "--purpose", "door")
    assert said.split()[:2] == ["overwrites", "False"]


def test_what_else_was_tuned_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=2")
    said = _run(
        "import os\nfrom chiso.adapters.memory import start_overwriting\nstart_overwriting()\n"
        "print(os.environ['GLIBC_TUNABLES'])"
    )
    assert said.strip().split(":")[0] == "glibc.malloc.arena_max=2"
    assert overwrites_freed({"PYTHONMALLOC": "malloc", "GLIBC_TUNABLES": said.strip()})
    assert not overwrites_freed({"GLIBC_TUNABLES": said.strip()})


def _run(code: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
