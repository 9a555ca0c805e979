"""Who is rendered in a tone audit, in which captures, and at which tones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from chiso.evaluate.tone import Tones
from chiso.volunteers.portraits import TONES, derived_seed

AUDIT_TONES = Tones(TONES, base=5)
FULL_PEOPLE, FULL_CAPTURES = 40, 6
"""An audit of fewer is a trial."""
MIN_PEOPLE, MIN_CAPTURES = 2, 2
MIN_SIZE_PX, MAX_SIZE_PX = 64, 2048


@dataclass(frozen=True, slots=True)
class Shot:
    """One person in one capture, to be rendered at every tone: indices and seeds."""

    person: int
    capture: int
    person_seed: int
    capture_seed: int


@dataclass(frozen=True, slots=True)
class Design:
    """Every person is seen in the same captures: people are a sample, captures are fixed."""

    seed: int
    people: int
    captures: int
    size_px: int

    @property
    def is_trial(self) -> bool:
        """Whether it is smaller than an audit should be."""
        return self.people < FULL_PEOPLE or self.captures < FULL_CAPTURES

    @property
    def portraits(self) -> int:
        """How many portraits there are in all."""
        return self.people * self.captures * len(AUDIT_TONES.numbers)

    def person_seed(self, person: int) -> int:
        """What the person of this index is made from."""
        return derived_seed("person", self.seed, person)

    def capture_seed(self, capture: int) -> int:
        """What the capture of this index is made from."""
        return derived_seed("capture", self.seed, "tone audit", capture)

    def shots(self) -> Iterator[Shot]:
        """Every person in every capture, person by person."""
        for person in range(self.people):
            for capture in range(self.captures):
                yield Shot(person, capture, self.person_seed(person), self.capture_seed(capture))


def statement(studio_digest: str) -> str:
    """What stands where the consent of real people would: why nobody had to be asked."""
    return (
        "The people in these portraits do not exist. Each was rendered from a number by the studio "
        f"{studio_digest}; none of the portraits is a photo of anyone."
    )


def statement_sha256(studio_digest: str) -> str:
    """Digest of the statement, which the permit to measure names."""
    return hashlib.sha256(statement(studio_digest).encode()).hexdigest()
