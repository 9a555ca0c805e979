"""What is to be rendered: who, in which captures, at which tones; the same plan, the same faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from chiso.core.errors import ChisoError, Code
from chiso.volunteers.capture import capture_of, is_posed
from chiso.volunteers.portraits import TONES, derived_seed

MIN_SIZE_PX, MAX_SIZE_PX = 64, 2048
MIN_CHIP_PX, MAX_CHIP_PX = 32, 512
DEFAULT_PER_SHARD = 1000
_RENDERED_PX_PER_CHIP_PX = 256 / 150
"""A chip is 2.76 eye distances wide (dlib's geometry), and in a portrait of head and shoulders the
eyes lie about a fifth of its side or more apart: a side of 1.7 chips is then not enlarged."""
_STEP_PX = 8
_SUBJECT_DIGITS, _CAPTURE_DIGITS = 3, 2


@dataclass(frozen=True, slots=True)
class Sitting:
    """One person in one capture, at all its tones: light is traced once for all of them.

    `person_number` and `capture_number` count from 1; `person` and `capture` are their seeds.
    """

    person_number: int
    capture_number: int
    person: int
    capture: int
    tones: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PhotoPlan:
    """Photos: every person in every capture, at every tone, or each person at one of them.

    With `one_tone`, the people take the tones in turn. The first `posed` captures of each person
    are such as one poses for (`chiso.volunteers.capture.is_posed`): the first that chance offers.
    Raises ChisoError(BAD_ARGUMENT) where it asks for what cannot be.
    """

    seed: int
    people: int
    captures: int
    tones: tuple[int, ...]
    one_tone: bool
    size_px: int
    posed: int = 0

    def __post_init__(self) -> None:
        _require_people(self.people, self.captures, self.tones)
        _require_between("--posed", self.posed, 0, self.captures)
        _require_between("--size", self.size_px, MIN_SIZE_PX, MAX_SIZE_PX)

    @property
    def count(self) -> int:
        """How many photos."""
        return self.people * self.captures * (1 if self.one_tone else len(self.tones))

    @property
    def subject_digits(self) -> int:
        """Length of every subject's name."""
        return max(_SUBJECT_DIGITS, len(str(self.people)))

    @property
    def capture_digits(self) -> int:
        """Length of every capture's number."""
        return max(_CAPTURE_DIGITS, len(str(self.captures)))

    def sittings(self) -> Iterator[Sitting]:
        """All of them, person by person."""
        for person in range(self.people):
            turn = (self.tones[person % len(self.tones)],)
            for capture in range(self.captures):
                sitting = _sitting(
                    self.seed, person, capture, turn if self.one_tone else self.tones
                )
                yield _as_posed(self.seed, sitting) if capture < self.posed else sitting

    def subject(self, sitting: Sitting) -> str:
        """`001`, which is what her photos' names begin with."""
        return f"{sitting.person_number:0{self.subject_digits}d}"

    def photo(self, sitting: Sitting, tone: int) -> str:
        """`001_tone05_02.jpg`.

        The tone stands before the capture, so that her first two photos by name, which the demo
        takes, are two captures at one tone.
        """
        number = f"{sitting.capture_number:0{self.capture_digits}d}"
        return f"{self.subject(sitting)}_tone{tone:02d}_{number}.jpg"


@dataclass(frozen=True, slots=True)
class ChipPlan:
    """Aligned chips: every person in every capture, at some tones drawn from the list.

    These people are others than those of photos and of `chiso audit tone`, whatever the seed:
    nothing that learns from chips is then measured on whom it learnt from.

    Raises ChisoError(BAD_ARGUMENT) where it asks for what cannot be.
    """

    seed: int
    people: int
    captures: int
    tones: tuple[int, ...]
    tones_per_capture: int
    chip_px: int
    per_shard: int
    size_px: int

    def __post_init__(self) -> None:
        _require_people(self.people, self.captures, self.tones)
        _require_between("--tones-per-capture", self.tones_per_capture, 1, len(self.tones))
        _require_between("--chip-px", self.chip_px, MIN_CHIP_PX, MAX_CHIP_PX)
        _require_between("--size", self.size_px, MIN_SIZE_PX, MAX_SIZE_PX)
        if self.per_shard < self.tones_per_capture:
            raise bad_argument(
                f"A shard of {self.per_shard} cannot hold a capture at "
                f"{self.tones_per_capture} tones, which are never parted."
            )

    @property
    def count(self) -> int:
        """How many chips."""
        return self.people * self.captures * self.tones_per_capture

    @property
    def sittings_per_shard(self) -> int:
        """A shard holds whole sittings, so it may hold fewer chips than `per_shard`."""
        return self.per_shard // self.tones_per_capture

    @property
    def shards(self) -> int:
        """How many shards."""
        return -(-self.people * self.captures // self.sittings_per_shard)

    def shard(self, index: int) -> range:
        """Places of a shard's sittings, person by person."""
        first = index * self.sittings_per_shard
        return range(first, min(first + self.sittings_per_shard, self.people * self.captures))

    def sitting(self, place: int) -> Sitting:
        """The sitting at this place, from 0.

        Its tones are the first few of the list in an order that only the seed and the place
        decide: each tone is as likely as any other, whoever she is and whatever the capture.
        """
        person, capture = divmod(place, self.captures)
        drawn = sorted(
            self.tones, key=lambda tone: derived_seed("tone", self.seed, person, capture, tone)
        )
        return Sitting(
            person_number=person + 1,
            capture_number=capture + 1,
            person=derived_seed("learner", self.seed, person),
            capture=derived_seed("learner capture", self.seed, person, capture),
            tones=tuple(sorted(drawn[: self.tones_per_capture])),
        )


def size_for(chip_px: int) -> int:
    """Side of the portrait from which a chip of this size is cut: 256 px for one of 150 px."""
    wanted = chip_px * _RENDERED_PX_PER_CHIP_PX
    return min(MAX_SIZE_PX, max(MIN_SIZE_PX, -int(-wanted // _STEP_PX) * _STEP_PX))


def bad_argument(message: str) -> ChisoError:
    """The error for arguments of `chiso volunteers render` that cannot be followed."""
    return ChisoError(
        Code.BAD_ARGUMENT, message, "`chiso volunteers render --help` shows an example."
    )


def _sitting(seed: int, person: int, capture: int, tones: Sequence[int]) -> Sitting:
    return Sitting(
        person_number=person + 1,
        capture_number=capture + 1,
        person=derived_seed("person", seed, person),
        capture=derived_seed("capture", seed, person, capture),
        tones=tuple(tones),
    )


def _as_posed(seed: int, sitting: Sitting) -> Sitting:
    """The same sitting, with the first of its own series of captures that one poses for."""
    offered = (
        derived_seed("posed", seed, sitting.person_number, sitting.capture_number, attempt)
        for attempt in count()
    )
    return replace(sitting, capture=next(each for each in offered if is_posed(capture_of(each))))


def _require_people(people: int, captures: int, tones: Sequence[int]) -> None:
    if people < 1 or captures < 1:
        raise bad_argument("It takes at least one person and one capture.")
    if not tones or not set(tones) <= set(TONES) or len(set(tones)) < len(tones):
        raise bad_argument(
            f"{','.join(map(str, tones)) or 'Nothing'} is no list of tones: each is a whole "
            f"number from {TONES[0]} to {TONES[-1]}, named once."
        )


def _require_between(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise bad_argument(f"{what} is {value}; it may be {least} to {most}.")
