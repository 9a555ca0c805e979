"""A studio that draws instead of rendering, and studios with defects; other processes open them."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from chiso.core.errors import ChisoError, Code
from chiso.volunteers.portraits import Portrait, derived_seed

DIES_AT = 3
"""The capture at which `DyingStudio` ends its process, counted in each process."""
SLOW_S = 0.15
_LANDMARKS = np.array([(0.38, 0.42), (0.62, 0.42), (0.5, 0.55), (0.41, 0.68), (0.59, 0.68)])


class DrawnStudio:
    """Draws a head of the tone's brightness with black dots at the landmarks."""

    digest = "ab" * 32

    def portraits(
        self, person: int, capture: int, tones: Sequence[int], size_px: int
    ) -> tuple[Portrait, ...]:
        landmarks = _turned(capture) * size_px
        return tuple(
            Portrait(
                person=person,
                capture=capture,
                tone=tone,
                jpeg=_jpeg(landmarks, tone, person, size_px),
                size_px=size_px,
                landmarks=landmarks.astype(np.float32),
                person_traits={"hair": "braids" if person % 2 else "none", "age_years": "41"},
                capture_traits={"light": "window", "yaw_deg": str(capture % 40 - 20)},
            )
            for tone in tones
        )


class OtherStudio(DrawnStudio):
    """Another version of it."""

    digest = "cd" * 32


class SlowStudio(DrawnStudio):
    """Takes its time, as real light does."""

    def portraits(
        self, person: int, capture: int, tones: Sequence[int], size_px: int
    ) -> tuple[Portrait, ...]:
        time.sleep(SLOW_S)
        return super().portraits(person, capture, tones, size_px)


class DyingStudio(DrawnStudio):
    """Ends its process as the system does when memory is short."""

    def __init__(self) -> None:
        self._captures = 0

    def portraits(
        self, person: int, capture: int, tones: Sequence[int], size_px: int
    ) -> tuple[Portrait, ...]:
        self._captures += 1
        if self._captures == DIES_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().portraits(person, capture, tones, size_px)


def open_drawn_studio() -> DrawnStudio:
    return DrawnStudio()


def open_other_studio() -> DrawnStudio:
    return OtherStudio()


def open_slow_studio() -> DrawnStudio:
    return SlowStudio()


def open_dying_studio() -> DrawnStudio:
    return DyingStudio()


def open_missing_studio() -> DrawnStudio:
    raise ChisoError(Code.DATA_MISSING, "The renderer is not installed.", "Install it.")


def open_faulty_studio() -> DrawnStudio:
    raise ZeroDivisionError("a bug")


def _turned(capture: int) -> NDArray[np.float64]:
    angle = np.radians(derived_seed("turn", capture) % 31 - 15)
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    turned: NDArray[np.float64] = (_LANDMARKS - 0.5) @ turn.T + 0.5
    return turned


def _jpeg(
    landmarks: NDArray[np.float64],
    tone: int,
    person: int,
    size_px: int,
) -> bytes:
    picture = Image.new("RGB", (size_px, size_px), (0, 40, 90))
    draw = ImageDraw.Draw(picture)
    bright = 250 - 15 * tone
    draw.ellipse(
        [0.2 * size_px, 0.1 * size_px, 0.8 * size_px, 0.95 * size_px],
        (bright, bright, bright - person % 20),
    )
    for x, y in landmarks:
        reach = 0.02 * size_px
        draw.ellipse([x - reach, y - reach, x + reach, y + reach], (0, 0, 0))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()
