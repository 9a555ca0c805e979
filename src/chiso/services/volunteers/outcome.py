"""How far a rendering is, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """Pictures that are done, and those of them that a stop would not lose."""

    done: int
    kept: int


Told = Callable[[Standing], None]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A plan whose every picture is in the folder.

    Attributes:
        count: all of them.
        now: how many this run rendered.
        studio: the digest of the studio.
        enlarged: chips of this run for which the portrait had fewer pixels than the chip.
    """

    count: int
    now: int
    studio: str
    enlarged: int = 0
