"""The tone audit: render, measure, compare with tone 5, conclude."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import numpy as np

from chiso.compare.threshold import require_same_model
from chiso.core.decisions import ThresholdRecord
from chiso.core.settings import CaptureSettings
from chiso.core.templates import ModelDigest
from chiso.evaluate.tone import Stage, ToneResult, draw_people
from chiso.evaluate.tone_verdict import StageVerdict, judge_stage
from chiso.services.home import Engine
from chiso.services.tone_audit.design import AUDIT_TONES, Design, statement
from chiso.services.tone_audit.measures import (
    PooledFalseMatches,
    pooled_false_matches,
    results_of,
)
from chiso.services.tone_audit.readings import Readings, read_portraits
from chiso.services.tone_audit.render_cache import RenderCache
from chiso.services.tone_audit.rendering import Renders, render_missing
from chiso.volunteers.portraits import Portrait, derived_seed

SAMPLE_PEOPLE = 2


class Act(Enum):
    """What is being done, for whoever watches."""

    RENDER = "Rendering"
    MEASURE = "Measuring"


Watcher = Callable[[Act, int, int], None]
"""(act, shots done, shots in all)."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What to probe: models and limits, and the threshold, without which nothing is decided.

    `detector_sha256`: of the detector's weights; `detector_score_min`: the least confidence at
    which it reports a face.
    """

    engine: Engine
    detector_sha256: str
    detector_score_min: float | None
    threshold: ThresholdRecord | None


@dataclass(frozen=True, slots=True)
class Probed:
    """What was probed: models by name and digest, and capture's limits.

    `model`: of the embedder's whole recipe; `detector_sha256`: of the detector's weights;
    `detector_score_min`: the least confidence at which it reports a face.
    """

    detector: str
    detector_sha256: str
    detector_score_min: float | None
    embedder: str
    model: ModelDigest
    capture: CaptureSettings


@dataclass(frozen=True, slots=True)
class ToneAudit:
    """Everything that a tone audit found.

    `rendered`: shots that were not in the cache. `samples`: portraits to show, a person a row, at
    every tone. `statement`: why nobody had to be asked. `bootstrap_seed`: of the draws of people.
    """

    design: Design
    studio: str
    probed: Probed
    threshold: ThresholdRecord | None
    made: datetime
    rendered: int
    readings: Readings
    results: tuple[ToneResult, ...]
    stages: tuple[StageVerdict, ...]
    pooled: PooledFalseMatches | None
    samples: tuple[tuple[Portrait, ...], ...]
    statement: str
    bootstrap_seed: int

    def result(self, name: str) -> ToneResult | None:
        """The result of a measure; None where it was not measured."""
        return next((each for each in self.results if each.name == name), None)


def audit_tone(
    probe: Probe,
    renders: Renders,
    design: Design,
    now: datetime,
    watch: Watcher = lambda _act, _done, _total: None,
) -> ToneAudit:
    """Show the same people at every tone to an engine.

    Raises ChisoError(MODEL_MISMATCH) where the threshold is another model's, and what rendering
    raises.
    """
    engine, threshold = probe.engine, probe.threshold
    if threshold is not None:
        require_same_model(threshold.model, engine.embedder.digest)
    cache, rendered = render_missing(
        renders, design, now, lambda done, total: watch(Act.RENDER, done, total)
    )
    readings = read_portraits(
        engine, cache, design, now, lambda done, total: watch(Act.MEASURE, done, total)
    )
    bootstrap_seed = derived_seed("tone audit bootstrap", design.seed)
    drawn = draw_people(design.people, np.random.default_rng(bootstrap_seed))
    value = None if threshold is None else threshold.value
    results = results_of(readings, value, drawn)
    return ToneAudit(
        design=design,
        studio=cache.studio,
        probed=Probed(
            detector=engine.detector.name,
            detector_sha256=probe.detector_sha256,
            detector_score_min=probe.detector_score_min,
            embedder=engine.embedder.name,
            model=engine.embedder.digest,
            capture=engine.capture,
        ),
        threshold=threshold,
        made=now,
        rendered=rendered,
        readings=readings,
        results=results,
        stages=tuple(judge_stage(results, stage) for stage in Stage),
        pooled=None if value is None else pooled_false_matches(readings.templates, value, drawn),
        samples=_samples(cache, design),
        statement=statement(cache.studio),
        bootstrap_seed=bootstrap_seed,
    )


def _samples(cache: RenderCache, design: Design) -> tuple[tuple[Portrait, ...], ...]:
    """The first people, each in a capture of her own."""
    rows = (
        cache.read(design.person_seed(person), design.capture_seed(person), AUDIT_TONES.numbers)
        for person in range(min(SAMPLE_PEOPLE, design.people, design.captures))
    )
    return tuple(row for row in rows if row is not None)
