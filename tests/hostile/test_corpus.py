"""Every file that once showed something new ends in pixels or a typed refusal, within limits."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from tests.hostile.attacks import attacks
from tests.hostile.drawn import assert_still_decodes
from tests.hostile.mutations import hostile_photos

from chiso.adapters.decoding.child import ChildDecoder
from chiso.adapters.decoding.confinement import memory_bytes
from chiso.capture.decode import decode
from chiso.core.errors import Code, Kind
from chiso.core.samples import BiometricSample, Refusal
from chiso.core.settings import DecodeLimits

LIMITS = DecodeLimits()
CORPUS = sorted(
    path for path in (Path(__file__).parent / "corpus").iterdir() if path.suffix != ".md"
)
_IDLE_MAX_BYTES = 64 * 1024 * 1024
_CORPUS_MAX_BYTES = 2_000_000
_LARGE = ("7900-by-7900", "6000-by-6000")


@pytest.fixture(scope="module")
def decoder() -> ChildDecoder:
    return ChildDecoder(LIMITS)


def assert_same(sandboxed: BiometricSample | Refusal, plain: BiometricSample | Refusal) -> None:
    if isinstance(sandboxed, BiometricSample) and isinstance(plain, BiometricSample):
        assert np.array_equal(sandboxed.pixels, plain.pixels)
    else:
        assert sandboxed == plain


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_a_hostile_photo_ends_in_pixels_or_a_typed_refusal(
    decoder: ChildDecoder, path: Path
) -> None:
    process = decoder.process_id
    answer = decoder.decode(path.read_bytes())
    if isinstance(answer, Refusal):
        assert answer.code.kind is Kind.REFUSED_SAMPLE
        assert answer.code is not Code.DECODER_STOPPED
        assert answer.message
        assert answer.hint
    assert decoder.process_id == process, "the decoder was stopped"


@pytest.mark.skipif(sys.platform != "linux", reason="reads the most memory at once from /proc")
def test_one_process_decodes_all_of_them_within_its_memory_and_then_a_good_photo() -> None:
    decoder = ChildDecoder(LIMITS)
    for path in CORPUS:
        decoder.decode(path.read_bytes())
    process = Path(f"/proc/{decoder.process_id}/status").read_text()
    (most_kib,) = [line.split()[1] for line in process.splitlines() if line.startswith("VmHWM")]
    assert int(most_kib) * 1024 < _IDLE_MAX_BYTES + memory_bytes(LIMITS)
    assert_still_decodes(decoder)


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory in use from /proc")
def test_large_photos_leave_nothing_in_the_process_that_the_next_would_lack() -> None:
    decoder = ChildDecoder(LIMITS)
    large = [attacks()[f"jpeg-claims-{side}-holds-64-by-48.jpg"] for side in _LARGE]
    for photo in large * 2:
        assert isinstance(decoder.decode(photo), BiometricSample)
    assert_still_decodes(decoder)  # it asks only when the last large one is put away
    process = Path(f"/proc/{decoder.process_id}/status").read_text()
    (kept_kib,) = [line.split()[1] for line in process.splitlines() if line.startswith("VmRSS")]
    assert int(kept_kib) * 1024 < 2 * _IDLE_MAX_BYTES


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(photo=hostile_photos())
def test_the_process_answers_as_the_decoder_in_it_does(decoder: ChildDecoder, photo: bytes) -> None:
    assert_same(decoder.decode(photo), decode(photo, LIMITS))


def test_the_named_attacks_are_in_the_corpus_as_they_are_made() -> None:
    for name, photo in attacks().items():
        kept = (Path(__file__).parent / "corpus" / name).read_bytes()
        # Encoders change from version to version: what is kept need not be made again to the byte.
        assert (kept[:2], bool(kept)) == (photo[:2], bool(photo)), name


def test_the_corpus_is_small_and_says_how_it_was_made() -> None:
    assert sum(path.stat().st_size for path in CORPUS) < _CORPUS_MAX_BYTES
    assert "bench.fuzz_decode" in (Path(__file__).parent / "corpus" / "README.md").read_text()
