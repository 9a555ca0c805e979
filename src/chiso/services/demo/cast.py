"""Who plays which part in the demo, by one seeded rule that anyone can repeat."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from chiso.core.errors import ChisoError, Code
from chiso.services.enrol import Photo

SEED = "chiso demo 1"
RULE_ON_GROUPS = (
    "Volunteers are put in order of their {group}, within a group in order of the "
    f"SHA-256 of “{SEED}:subject”; of every 53 in that order, 40, evenly spaced, are enrolled."
)
RULE = RULE_ON_GROUPS.format(group="self-reported group")
ENROLLED_OF_53 = 40
MIN_PEOPLE = 4
MAX_IN_PICTURE = 18
STRANGERS_IN_PICTURE = 6
MAX_CLAIMS = 5

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Volunteer:
    """Someone who agreed to be shown: two photos, and the group that they reported ("" if none)."""

    subject: str
    group: str
    reference: Photo
    probe: Photo

    @property
    def label(self) -> str:
        """What the demo calls this person."""
        return f"Volunteer {self.subject}"


@dataclass(frozen=True, slots=True)
class Claim:
    """`probe`'s second photo is shown by someone who says: I am `claimed`."""

    probe: Volunteer
    claimed: Volunteer

    @property
    def is_true(self) -> bool:
        """Whether both are the same person."""
        return self.probe == self.claimed


@dataclass(frozen=True, slots=True)
class Cast:
    """Everyone's part. `enrolled` and `strangers` together are everyone, each once."""

    enrolled: tuple[Volunteer, ...]
    strangers: tuple[Volunteer, ...]
    in_picture: tuple[Volunteer, ...]
    withdraws: Volunteer
    claims: tuple[Claim, ...]

    @property
    def everyone(self) -> tuple[Volunteer, ...]:
        """All volunteers, by subject."""
        return tuple(sorted(self.enrolled + self.strangers, key=lambda each: each.subject))


def cast(volunteers: Sequence[Volunteer]) -> Cast:
    """Give everyone a part. Raises ChisoError(DATA_MISSING) for fewer than `MIN_PEOPLE`."""
    if len(volunteers) < MIN_PEOPLE:
        raise ChisoError(
            Code.DATA_MISSING,
            f"The demo has {len(volunteers)} people with two photos each; it needs {MIN_PEOPLE}.",
            "Name photos after their subjects in people.csv: 001_a.jpg, 001_b.jpg, 002_a.jpg …",
        )
    ordered = sorted(volunteers, key=lambda each: (each.group, _chance(each)))
    enrolled = _spread(ordered, len(ordered) * ENROLLED_OF_53 // 53)
    strangers = tuple(each for each in ordered if each not in enrolled)
    shown_strangers = _in_turn(strangers)[:STRANGERS_IN_PICTURE]
    shown_enrolled = _in_turn(enrolled)[: MAX_IN_PICTURE - len(shown_strangers)]
    return Cast(
        enrolled,
        strangers,
        tuple(sorted(shown_enrolled + shown_strangers, key=_chance)),
        _who_withdraws(shown_enrolled, ordered),
        _claims(enrolled, ordered),
    )


def _chance(volunteer: Volunteer) -> bytes:
    return hashlib.sha256(f"{SEED}:{volunteer.subject}".encode()).digest()


def _spread(items: Sequence[_Item], count: int) -> tuple[_Item, ...]:
    """`count` of the items, evenly spaced, in order."""
    total = len(items)
    return tuple(
        item
        for place, item in enumerate(items)
        if (place + 1) * count // total > place * count // total
    )


def _in_turn(volunteers: Sequence[Volunteer]) -> tuple[Volunteer, ...]:
    """One of each group, then a second of each, and so on, so that every group is seen."""
    seen: Counter[str] = Counter()
    turns: list[tuple[int, str, Volunteer]] = []
    for volunteer in volunteers:
        seen[volunteer.group] += 1
        turns.append((seen[volunteer.group], volunteer.group, volunteer))
    return tuple(each for *_, each in sorted(turns, key=lambda turn: turn[:2]))


def _who_withdraws(enrolled: Sequence[Volunteer], everyone: Sequence[Volunteer]) -> Volunteer:
    """The first by chance whose name is part of nobody else's, so that a byte scan is fair."""
    for volunteer in sorted(enrolled, key=_chance):
        if not any(volunteer.label in other.label for other in everyone if other != volunteer):
            return volunteer
    raise ChisoError(
        Code.DATA_MISSING,
        "Every enrolled person's name is the beginning of another's.",
        "Give the subjects in people.csv names of one length: 001, 002 …",
    )


def _claims(enrolled: Sequence[Volunteer], everyone: Sequence[Volunteer]) -> tuple[Claim, ...]:
    """True claims, the groups in turn; for each a false one, by the next person of that group."""
    chosen = _in_turn(enrolled)[:MAX_CLAIMS]
    impostors = [Claim(_next_like(volunteer, everyone), volunteer) for volunteer in chosen]
    return (*(Claim(each, each) for each in chosen), *impostors)


def _next_like(volunteer: Volunteer, everyone: Sequence[Volunteer]) -> Volunteer:
    place = everyone.index(volunteer)
    others = (*everyone[place + 1 :], *everyone[:place])
    return next((each for each in others if each.group == volunteer.group), others[0])
