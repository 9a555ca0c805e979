"""Fits skin to the Monk swatches on one panel of rendered people, and checks it on another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Protocol

from chiso.services.volunteers.crew import crew
from chiso.volunteers.calibration import Sitter, ToneError, calibrated, errors_of
from chiso.volunteers.portraits import TONES, derived_seed

_FITTED_ON, _CHECKED_ON = "calibration", "calibration check"

Albedo = tuple[float, float, float]
Progress = Callable[[int, int], None]
"""(done, in all): called as work goes on."""


class SittingStudio(Protocol):
    """Renders people for calibration; in one process and one thread."""

    def sitter(self, person: int, size_px: int) -> Sitter:
        """Who a seed stands for, in the reference light."""
        ...


OpenSittings = Callable[[], SittingStudio]
"""A function of a module, so that another process finds it by name."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How near skin comes to the ten swatches, on two panels of as many people.

    Attributes:
        people: in each panel.
        albedos: by tone; what was measured.
        panel: errors by tone on the people that albedos are fitted to.
        check: the same on people whom no fit has seen.
    """

    people: int
    albedos: Mapping[int, Albedo]
    panel: Sequence[ToneError]
    check: Sequence[ToneError]


def calibrate(
    open_sittings: OpenSittings,
    people: int,
    size_px: int,
    jobs: int,
    albedos: Mapping[int, Albedo] | None = None,
    told: Progress = lambda _done, _total: None,
) -> Calibration:
    """Fit albedos to the first panel, and measure them on both; or measure those that are given.

    `people` are in each panel: 1 or more; `size_px` is the side of their portraits. Raises what
    `open_sittings` raises, and ChisoError(STUDIO_FAILED).
    """
    seeds = [
        derived_seed(name, each) for name in (_FITTED_ON, _CHECKED_ON) for each in range(people)
    ]
    total = len(seeds) + (len(TONES) if albedos is None else 0)
    sitters: dict[int, Sitter] = {}
    told(0, total)
    with crew(jobs) as working:
        for seed, sitter in working.results(partial(_sitting, open_sittings, size_px), seeds):
            sitters[seed] = sitter
            told(len(sitters), total)
    panel = [sitters[seed] for seed in seeds[:people]]
    check = [sitters[seed] for seed in seeds[people:]]
    if albedos is None:
        albedos = calibrated(panel, lambda tone: told(len(seeds) + TONES.index(tone) + 1, total))
    return Calibration(people, albedos, errors_of(panel, albedos), errors_of(check, albedos))


def _sitting(open_sittings: OpenSittings, size_px: int, seed: int) -> tuple[int, Sitter]:
    """One person, and her seed; runs in a process of the crew."""
    return seed, _opened(open_sittings).sitter(seed, size_px)


@cache
def _opened(open_sittings: OpenSittings) -> SittingStudio:
    """This process's studio: opened when it is first asked for, then kept."""
    return open_sittings()
