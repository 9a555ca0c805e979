"""Showing a volunteer's photo to a home, and reading the answer against what is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chiso.core.samples import Refusal
from chiso.services.demo.cast import Volunteer
from chiso.services.home import Home
from chiso.services.identify import FaceAnswer, Search, identify

Watch = Callable[[], float]
"""Seconds that have passed since some moment, the same one at every call."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What one face of a known volunteer was answered; `answer` is None where it was not found.

    `is_enrolled` is what was so when the photo was shown.
    """

    volunteer: Volunteer
    is_enrolled: bool
    answer: FaceAnswer | None
    refusal: Refusal | None
    elapsed_s: float

    @property
    def names(self) -> tuple[str, ...]:
        """Everyone at or above the threshold, best first."""
        return tuple(each.label for each in self.answer.candidates) if self.answer else ()

    @property
    def is_searched(self) -> bool:
        """Whether a face was found, and good enough to be compared."""
        return self.answer is not None and self.refusal is None

    @property
    def is_found(self) -> bool:
        """Whether the first name is this person's."""
        return self.names[:1] == (self.volunteer.label,)

    @property
    def is_unknown(self) -> bool:
        """Whether the answer is *unknown*."""
        return self.is_searched and not self.names

    @property
    def is_misnamed(self) -> bool:
        """Whether any name is somebody else's."""
        return any(name != self.volunteer.label for name in self.names)

    @property
    def is_right(self) -> bool:
        """Found if enrolled, unknown if not, and called nobody else in either case."""
        expected = self.is_found if self.is_enrolled else self.is_unknown
        return expected and not self.is_misnamed


def recognise(
    home: Home, volunteer: Volunteer, is_enrolled: bool, prepared: Search, watch: Watch
) -> Recognition:
    """Show the second photo; of several faces in it the largest counts."""
    begun_s = watch()
    found = identify(home, volunteer.probe.content, prepared)
    elapsed_s = watch() - begun_s
    if isinstance(found, Refusal):
        return Recognition(volunteer, is_enrolled, None, found, elapsed_s)
    largest = max(found, key=_area)
    return Recognition(volunteer, is_enrolled, largest, largest.refusal, elapsed_s)


def _area(answer: FaceAnswer) -> float:
    box = answer.face.face.box
    return box.width * box.height
