"""The decoding process comes, serves several threads, and goes without a trace."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.hostile.drawn import GOOD, assert_still_decodes, drawn, saved
from tests.hostile.takeover import obedient, taking_over

from chiso.adapters.decoding import child
from chiso.adapters.decoding.child import ChildDecoder
from chiso.adapters.decoding.sharing import NOTHING, SHARED_BYTES
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.samples import BiometricSample
from chiso.core.settings import DecodeLimits

_GONE_WITHIN_S = 10.0
_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def is_gone(process_id: int) -> bool:
    """Neither running nor a zombie, within a few seconds."""
    end = time.monotonic() + _GONE_WITHIN_S
    while (there := Path(f"/proc/{process_id}").exists()) and time.monotonic() < end:
        time.sleep(0.01)
    return not there


def test_one_process_decodes_photo_after_photo() -> None:
    decoder = ChildDecoder(DecodeLimits())
    process = decoder.process_id
    assert process != os.getpid()
    for _ in range(3):
        assert_still_decodes(decoder)
    assert decoder.process_id == process


def test_a_picture_too_large_for_the_shared_memory_comes_whole() -> None:
    decoder = ChildDecoder(DecodeLimits())
    width_px, height_px = 2400, 1800
    assert 3 * width_px * height_px > SHARED_BYTES
    for picture in (drawn(width_px, height_px), drawn(), drawn(width_px, height_px, 7)):
        answer = decoder.decode(saved(picture, compress_level=1))
        assert isinstance(answer, BiometricSample)
        assert np.array_equal(answer.pixels, np.asarray(picture))


def test_a_picture_comes_where_nothing_can_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "new_memory", lambda: NOTHING)
    assert_still_decodes(ChildDecoder(DecodeLimits()))


def test_a_picture_stays_as_it_is_when_the_next_one_comes() -> None:
    decoder = ChildDecoder(DecodeLimits())
    first = decoder.decode(saved(drawn(200, 150)))
    decoder.decode(saved(drawn(200, 150, 7)))
    assert isinstance(first, BiometricSample)
    assert np.array_equal(first.pixels, np.asarray(drawn(200, 150)))


@_on_linux
def test_the_decoder_is_ready_without_numpy() -> None:
    decoder = ChildDecoder(DecodeLimits())
    decoder.held()
    loaded = Path(f"/proc/{decoder.process_id}/maps").read_text()
    assert "_imaging" in loaded
    assert "numpy" not in loaded


def test_several_threads_each_get_their_own_picture() -> None:
    decoder = ChildDecoder(DecodeLimits())

    def comes_back(blue: int) -> bool:
        picture = drawn(200 + blue, 150, blue)
        answer = decoder.decode(saved(picture))
        assert isinstance(answer, BiometricSample)
        return np.array_equal(answer.pixels, np.asarray(picture))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(comes_back, range(120)))


def test_threads_get_their_pictures_while_another_crashes_the_decoder() -> None:
    decoder = obedient()

    def ask(number: int) -> str:
        answer = decoder.decode(taking_over("import os; os._exit(1)") if number % 5 == 0 else GOOD)
        return "pixels" if isinstance(answer, BiometricSample) else answer.code.value

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(20)))
    assert answers == ["decoder-stopped" if n % 5 == 0 else "pixels" for n in range(20)]


@_on_linux
def test_crashes_leave_neither_zombies_nor_pipes() -> None:
    decoder = obedient()
    assert_still_decodes(decoder)
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    had = []
    for _ in range(4):
        had.append(decoder.process_id)
        decoder.decode(taking_over("import os; os._exit(1)"))
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before
    assert len(set(had)) == 4
    assert all(map(is_gone, had))
    last = decoder.process_id
    del decoder
    gc.collect()
    assert is_gone(last)


@_on_linux
def test_a_process_that_was_killed_between_photos_is_started_anew() -> None:
    decoder = ChildDecoder(DecodeLimits())
    assert_still_decodes(decoder)
    os.kill(decoder.process_id, signal.SIGKILL)
    assert_still_decodes(decoder)


def test_ctrl_c_while_decoding_ends_the_decoder_and_leaves_a_usable_one() -> None:
    decoder = obedient()
    decoder.held()
    process = decoder.process_id
    clock = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    clock.start()
    with pytest.raises(KeyboardInterrupt):
        decoder.decode(taking_over("import os; os.read(0, 1)"))
    clock.join()
    assert_still_decodes(decoder)
    assert decoder.process_id != process
    assert is_gone(process)


_PARENT = """
import sys
from tests.hostile.takeover import obedient, taking_over
decoder = obedient()
decoder.held()
print(decoder.process_id, flush=True)
if sys.argv[1] == "idle":
    sys.stdin.read()
decoder.decode(taking_over("import os; os.read(0, 1)"))
"""


@_on_linux
@pytest.mark.parametrize("state", ["idle", "decoding"])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_decoder_ends_with_its_parent_however_that_ends(
    state: str, end: signal.Signals
) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, state],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).parents[2],
    ) as parent:
        assert parent.stdout is not None
        decoder = int(parent.stdout.readline())
        parent.send_signal(end)
        parent.wait(_GONE_WITHIN_S)
    assert is_gone(decoder)


def test_a_decoder_that_cannot_start_is_said_to_be_missing() -> None:
    decoder = ChildDecoder(DecodeLimits(), "raise SystemExit")
    for _ in range(2):
        with pytest.raises(ChisoError) as raised:
            decoder.decode(GOOD)
        assert raised.value.code is Code.DECODER_MISSING
        assert raised.value.kind is Kind.MISSING
        assert "free" in raised.value.hint or "memory" in raised.value.hint
