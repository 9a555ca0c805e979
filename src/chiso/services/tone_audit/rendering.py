"""Renders what the cache lacks, in several processes; interrupted, it goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from chiso.services.tone_audit.design import AUDIT_TONES, Design, Shot
from chiso.services.tone_audit.render_cache import RenderCache
from chiso.services.volunteers.crew import OpenStudio, crew, opened, studio_digest

Progress = Callable[[int, int], None]
"""(done, in all): called as work goes on."""


@dataclass(frozen=True, slots=True)
class Renders:
    """Where portraits come from: who makes them, where they are kept, in how many processes."""

    open_studio: OpenStudio
    folder: Path
    jobs: int


def render_missing(
    renders: Renders,
    design: Design,
    now: datetime,
    progress: Progress = lambda _done, _total: None,
) -> tuple[RenderCache, int]:
    """Render every shot of the design that the cache lacks.

    Returns the cache, which then holds them all, and how many were rendered. The studio is opened
    in processes of its own: this one never holds a renderer. Raises ChisoError(STUDIO_FAILED) where
    a process dies, and what opening the studio raises.
    """
    total = design.people * design.captures
    with crew(renders.jobs) as workers:
        digest = workers.result(studio_digest, renders.open_studio)
        cache = RenderCache(renders.folder, digest, design.size_px)
        missing = [shot for shot in design.shots() if not _is_kept(cache, shot)]
        done = total - len(missing)
        progress(done, total)
        for _ in workers.results(partial(_render, renders.open_studio, cache), missing):
            done += 1
            progress(done, total)
    cache.sweep(now)
    return cache, len(missing)


def _render(open_studio: OpenStudio, cache: RenderCache, shot: Shot) -> int:
    """Render and keep one shot; returns how many portraits it has. Runs in a process of the crew.

    The portraits stay there: only a number travels.
    """
    portraits = opened(open_studio).portraits(
        shot.person_seed, shot.capture_seed, AUDIT_TONES.numbers, cache.size_px
    )
    cache.write(portraits)
    return len(portraits)


def _is_kept(cache: RenderCache, shot: Shot) -> bool:
    return cache.read(shot.person_seed, shot.capture_seed, AUDIT_TONES.numbers) is not None
