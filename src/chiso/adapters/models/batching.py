"""Probes of several callers, embedded together: while one batch is computed, the next one forms."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from chiso.core.ports import Embedder
from chiso.core.samples import AlignmentGeometry, Pixels
from chiso.core.templates import ModelDigest, Template


@dataclass(frozen=True, slots=True)
class _Call:
    chips: Sequence[Pixels]
    answer: Future[tuple[Template, ...]] = field(default_factory=Future)


class BatchingEmbedder:
    """Implements `chiso.core.ports.Embedder` for many threads, on one that is for one at a time.

    Whoever comes while nobody computes does so at once; those who come meanwhile wait, and the next
    of them computes for all: no call waits for others that may never come.
    """

    def __init__(self, inner: Embedder, most_chips: int) -> None:
        self._inner = inner
        self._most_chips = most_chips
        self._waiting: list[_Call] = []
        self._lock = threading.Lock()
        self._computing = threading.Lock()

    @property
    def name(self) -> str:
        """Name in the model manifest."""
        return self._inner.name

    @property
    def digest(self) -> ModelDigest:
        """Identity of the whole recipe."""
        return self._inner.digest

    @property
    def geometry(self) -> AlignmentGeometry:
        """The chip that this embedder wants."""
        return self._inner.geometry

    @property
    def dimensions(self) -> int:
        """Length of a template's vector."""
        return self._inner.dimensions

    def embed(self, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        """One probe's template a chip, computed with those of whoever else waits."""
        call = _Call(tuple(chips))
        with self._lock:
            self._waiting.append(call)
        with self._computing:
            if not call.answer.done():
                self._compute_with(call)
        return call.answer.result()

    def embed_references(self, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        """One reference's template a chip; each call by itself, since enrolments are few."""
        with self._computing:
            return self._inner.embed_references(chips)

    def _compute_with(self, call: _Call) -> None:
        """Compute for this call and for as many more as fit, in the order in which they came."""
        batch = self._taken(call)
        chips = [chip for each in batch for chip in each.chips]
        try:
            templates = self._inner.embed(chips)
        except BaseException as error:
            for each in batch:
                each.answer.set_exception(error)
            raise
        at = 0
        for each in batch:
            each.answer.set_result(templates[at : at + len(each.chips)])
            at += len(each.chips)

    def _taken(self, call: _Call) -> list[_Call]:
        with self._lock:
            self._waiting.remove(call)
            batch, chips = [call], len(call.chips)
            while self._waiting and chips + len(self._waiting[0].chips) <= self._most_chips:
                each = self._waiting.pop(0)
                batch.append(each)
                chips += len(each.chips)
            return batch
