"""Probes of several callers are embedded together, and each gets the template that is its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from chiso.adapters.models.batching import BatchingEmbedder
from chiso.core.ports import Embedder
from chiso.core.samples import AlignmentGeometry, Pixels
from chiso.core.templates import ModelDigest, Template

_CALLERS = 5
_MOST = 3
_PATIENCE_S = 60


class _Held:
    """An embedder whose first call waits until it is let go, and that counts chips by call."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.batches: list[int] = []
        self.fails = False

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def digest(self) -> ModelDigest:
        return self._inner.digest

    @property
    def geometry(self) -> AlignmentGeometry:
        return self._inner.geometry

    @property
    def dimensions(self) -> int:
        return self._inner.dimensions

    def embed(self, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        self.batches.append(len(chips))
        self.begun.set()
        assert self.let_go.wait(_PATIENCE_S)
        if self.fails:
            raise ZeroDivisionError
        return self._inner.embed(chips)

    def embed_references(self, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        return self._inner.embed_references(chips)


def _chips(embedder: Embedder) -> list[Pixels]:
    size = embedder.geometry.size_px
    random = np.random.default_rng(6)
    return [random.integers(0, 256, (size, size, 3), np.uint8) for _ in range(_CALLERS)]


def _all_at_once(
    held: _Held, pool: ThreadPoolExecutor, chips: Sequence[Pixels]
) -> list[Future[tuple[Template, ...]]]:
    """One call a chip: the first computes, and the others have come before it is done."""
    batching = BatchingEmbedder(held, _MOST)
    calls = [pool.submit(batching.embed, chips[:1])]
    assert held.begun.wait(_PATIENCE_S)
    calls += [pool.submit(batching.embed, [chip]) for chip in chips[1:]]
    deadline = time.monotonic() + _PATIENCE_S
    while len(batching._waiting) < len(chips) - 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    held.let_go.set()
    return calls


def test_who_comes_meanwhile_is_computed_together_and_gets_what_is_its_own(
    embedder: Embedder,
) -> None:
    held, chips = _Held(embedder), _chips(embedder)
    with ThreadPoolExecutor(_CALLERS) as pool:
        calls = _all_at_once(held, pool, chips)
        for chip, call in zip(chips, calls, strict=True):
            (batched,), (alone,) = call.result(), embedder.embed([chip])
            np.testing.assert_allclose(batched.vector, alone.vector, atol=1e-5)
    assert held.batches[0] == 1
    assert sum(held.batches) == _CALLERS
    assert max(held.batches) == _MOST


def test_what_fails_fails_for_each_of_a_batch_and_for_nobody_after(embedder: Embedder) -> None:
    held, chips = _Held(embedder), _chips(embedder)
    held.fails = True
    with ThreadPoolExecutor(_CALLERS) as pool:
        for call in _all_at_once(held, pool, chips):
            with pytest.raises(ZeroDivisionError):
                call.result()
    held.fails = False
    (template,) = BatchingEmbedder(held, _MOST).embed(chips[:1])
    assert template.model == embedder.digest
