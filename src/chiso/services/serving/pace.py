"""Refusals are answered at whole steps of time, so that how long one took tells nothing."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Steps of `step_s` seconds; 0: nobody waits."""

    step_s: float
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def to_next_step(self, began: float) -> None:
        """Wait until a whole number of steps has passed since `began`, one at least."""
        if self.step_s:
            passed = self.now() - began
            steps = max(1, math.ceil(passed / self.step_s))
            await self.sleep(max(0.0, steps * self.step_s - passed))
