"""Whatever a photo makes its decoder do is a typed refusal, and the next photo is decoded."""

from __future__ import annotations

import os
import sys

import pytest
from tests.hostile.drawn import assert_still_decodes
from tests.hostile.takeover import LIMITS, obedient, said, taking_over

from chiso.adapters.decoding.child import ChildDecoder
from chiso.adapters.decoding.confinement import memory_bytes
from chiso.adapters.decoding.frames import read_answer, write_answer
from chiso.adapters.decoding.sharing import mapped, new_memory
from chiso.capture.raster import Raster
from chiso.core.errors import Code, Kind
from chiso.core.samples import Refusal
from chiso.core.settings import DecodeLimits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all the limits")


@pytest.fixture(scope="module")
def decoder() -> ChildDecoder:
    return obedient()


def assert_stopped(answer: object, words: str) -> None:
    assert isinstance(answer, Refusal)
    assert answer.code is Code.DECODER_STOPPED
    assert answer.code.kind is Kind.REFUSED_SAMPLE
    assert words in answer.message
    assert "export it as JPEG" in answer.hint


def test_every_limit_is_held_before_the_first_photo_comes(decoder: ChildDecoder) -> None:
    assert set(decoder.held()) == {
        "address space",
        "data",
        "open files",
        "file size",
        "core dump",
        "processes",
        "processor time",
        "system calls",
    }


@pytest.mark.parametrize(
    "program",
    [
        "import ctypes; ctypes.string_at(0)",
        "import os; os.abort()",
        "import os; os._exit(0)",
        "raise SystemExit",
        "raise RuntimeError",
        "def deeper(): deeper()\ndeeper()",
    ],
    ids=["segmentation fault", "abort", "exit", "system exit", "exception", "endless recursion"],
)
def test_a_photo_that_crashes_its_decoder_is_refused(decoder: ChildDecoder, program: str) -> None:
    assert_stopped(decoder.decode(taking_over(program)), "made its decoder stop")
    assert_still_decodes(decoder)


def test_a_photo_that_makes_its_decoder_loop_is_refused_in_time(decoder: ChildDecoder) -> None:
    assert_stopped(decoder.decode(taking_over("while True: pass")), "took too long")
    assert_still_decodes(decoder)


def test_processor_time_is_counted_photo_by_photo(decoder: ChildDecoder) -> None:
    works = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass"
    assert_still_decodes(decoder)
    process = decoder.process_id
    for _ in range(3):
        assert said(decoder.decode(taking_over(works))) == ""
    assert decoder.process_id == process


def test_a_photo_that_makes_its_decoder_wait_is_refused_by_the_parents_clock() -> None:
    decoder = obedient(DecodeLimits(max_wall_s=0.3))
    assert_stopped(decoder.decode(taking_over("import os; os.read(0, 1)")), "took too long")
    assert_still_decodes(decoder)


def test_a_photo_cannot_take_more_memory_than_decoding_may() -> None:
    # Filling so much memory takes a busy machine longer than the other tests let a photo take.
    decoder = obedient(DecodeLimits(max_cpu_s=30, max_wall_s=60.0))
    step_mib = 16
    eats = f"""
kept = []
try:
    while True:
        kept.append(bytearray({step_mib} << 20))
except MemoryError:
    count = len(kept)
    kept.clear()
    say(count)
"""
    taken_mib = step_mib * int(said(decoder.decode(taking_over(eats))))
    assert 0.8 * memory_bytes(LIMITS) < taken_mib * 2**20 <= memory_bytes(LIMITS)
    assert_still_decodes(decoder)
    assert_stopped(decoder.decode(taking_over("bytearray(4 << 30)")), "made its decoder stop")
    assert_still_decodes(decoder)


_ATTEMPTS = {
    "read a file": "open('/etc/passwd')",
    "write a file": "open('/tmp/chiso-was-here', 'w')",
    "list a folder": "import os; os.listdir('/')",
    "remove a file": "import os; os.unlink('/tmp/chiso-was-here')",
    "start a process": "import os; os.fork()",
    "become another program": "import os; os.execv('/bin/true', ['true'])",
    "end its parent": "import os; os.kill(os.getppid() or 1, 0)",
    "raise its own limits": "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (9, 9))",
    "read another process's memory": "open('/proc/%d/mem' % 1)",
}


@pytest.mark.parametrize("attempt", _ATTEMPTS.values(), ids=_ATTEMPTS.keys())
def test_a_photo_that_takes_its_decoder_over_cannot(decoder: ChildDecoder, attempt: str) -> None:
    tried = f"try:\n    {attempt}\nexcept (OSError, ValueError) as error:\n    say(error)"
    answer = said(decoder.decode(taking_over(tried)))
    assert "Operation not permitted" in answer or "not allowed to raise" in answer
    assert_still_decodes(decoder)


def test_a_photo_that_takes_its_decoder_over_gets_no_socket(decoder: ChildDecoder) -> None:
    # The module for sockets cannot be loaded any more, but the C library is there.
    asks = "import ctypes\nsay(ctypes.CDLL(None, use_errno=True).socket(2, 1, 0))"
    assert said(decoder.decode(taking_over(asks))) == "-1"
    asks = asks.replace("socket", "socketpair").replace("2, 1, 0", "1, 1, 0, bytes(8)")
    assert said(decoder.decode(taking_over(asks))) == "-1"


def test_the_decoder_has_its_two_pipes_and_no_other_open_file(decoder: ChildDecoder) -> None:
    looks = """
import os
for number in range(3, 512):
    try:
        os.read(number, 0)
        say(number)
    except OSError as error:
        if error.errno != 9:
            say(number)
"""
    assert said(decoder.decode(taking_over(looks))) == ""


def test_the_decoder_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHISO_OPERATOR_KEY", "c2VjcmV0")
    names = said(
        obedient().decode(taking_over("import os\nfor each in os.environ: say(each)"))
    ).split()
    assert "CHISO_OPERATOR_KEY" in os.environ
    assert set(names) <= {"LC_CTYPE", "LD_LIBRARY_PATH", "OPENBLAS_NUM_THREADS"}


def test_the_shared_memory_keeps_its_size_and_no_photo() -> None:
    memory = new_memory()
    shared = mapped(memory)
    assert shared is not None
    for size_bytes in (0, len(shared) // 2, 2 * len(shared)):
        with pytest.raises(PermissionError):
            os.ftruncate(memory, size_bytes)
    os.close(memory)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as answers, os.fdopen(writing, "wb", 0) as stream:
        write_answer(stream, bytes(8), Raster(300, 200, b"face" * 45_000), shared)
        answer = read_answer(answers, bytes(8), LIMITS, shared)
    assert answer == Raster(300, 200, b"face" * 45_000)
    assert not any(shared[:])


def test_what_a_photo_leaves_in_the_shared_memory_is_no_part_of_an_answer(
    decoder: ChildDecoder,
) -> None:
    fills = (
        "import sys\nshared = sys._getframe(2).f_locals['shared']\nshared[:] = b'x' * len(shared)"
    )
    assert said(decoder.decode(taking_over(fills))) == ""
    assert_still_decodes(decoder)


_LIES = {
    "a picture too large": 'answer({"pixels": [100_000, 99_999]})',
    "a picture without area": 'answer({"pixels": [0, 5]})',
    "a picture of negative size": 'answer({"pixels": [-90, -90]})',
    "a picture that is not numbers": 'answer({"pixels": [True, "9"]})',
    "half a picture": 'answer({"pixels": [3000, 3000]}); os._exit(0)',
    "something else": 'answer({"receipt": "yes"})',
    "a header of gigabytes": 'answers.write(token + b"\\xff" * 4 + b"{")',
    "no JSON": 'answers.write(token + b"\\0\\0\\0\\3abc")',
    "nested JSON": 'answers.write(token + b"\\0\\0\\x0f\\xa0" + b"[" * 4000)',
    "an answer to another photo": 'answers.write(bytes(8) + b"\\0\\0\\0\\2{}")',
    "another kind's code": 'refuse("no-consent", "You may not.")',
    "no code": 'refuse("all-is-well", "Go on.")',
    "a terminal's own language": 'refuse("blurred", "\\x1b[2J")',
    "a long story": 'refuse("blurred", "x" * 3000)',
}
_WITH_ANSWERS = """
import json, os
answers = os.fdopen(1, "wb", 0, closefd=False)
def answer(header):
    text = json.dumps(header).encode()
    answers.write(token + len(text).to_bytes(4, "big") + text)
def refuse(code, message):
    answer({"refusal": {"code": code, "message": message, "hint": "x"}})
"""


@pytest.mark.parametrize("lie", _LIES.values(), ids=_LIES.keys())
def test_an_answer_that_is_none_is_not_believed(decoder: ChildDecoder, lie: str) -> None:
    answer = decoder.decode(taking_over(f"{_WITH_ANSWERS}{lie}"))
    assert_stopped(answer, "made its decoder stop")
    assert_still_decodes(decoder)


def test_a_good_photo_is_not_blamed_for_what_one_before_it_did(decoder: ChildDecoder) -> None:
    laid = "import os\nworker.renew_processor_time = lambda limits: os._exit(1)"
    assert said(decoder.decode(taking_over(laid))) == ""
    assert_still_decodes(decoder)


def test_more_answers_than_photos_are_not_taken_for_the_next_ones(decoder: ChildDecoder) -> None:
    twice = f'{_WITH_ANSWERS}refuse("blurred", "One.")\nrefuse("blurred", "Two.")'
    forged = decoder.decode(taking_over(twice))
    assert isinstance(forged, Refusal)
    assert forged.message == "One."
    assert_still_decodes(decoder)
