"""Errors of the demo's searches by self-reported group: counts, and intervals over people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chiso.evaluate.findings import EVERYONE
from chiso.evaluate.intervals import wilson_by_people
from chiso.services.demo.recognition import Recognition


@dataclass(frozen=True, slots=True)
class GroupErrors:
    """Who was missed, and who was called somebody else; one search a person, 95 % intervals."""

    group: str
    people: int
    enrolled: int
    missed: int
    missed_interval: tuple[float, float]
    misnamed: int
    misnamed_interval: tuple[float, float]


def errors_by_group(shown: Sequence[Recognition]) -> tuple[GroupErrors, ...]:
    """Everyone together, then each group that people reported, by name."""
    groups = sorted({each.volunteer.group for each in shown if each.volunteer.group})
    return (
        _counted(EVERYONE, shown),
        *(
            _counted(group, [each for each in shown if each.volunteer.group == group])
            for group in groups
        ),
    )


def _counted(group: str, shown: Sequence[Recognition]) -> GroupErrors:
    enrolled = [each for each in shown if each.is_enrolled]
    missed = sum(not each.is_found for each in enrolled)
    misnamed = sum(each.is_misnamed for each in shown)
    return GroupErrors(
        group,
        len(shown),
        len(enrolled),
        missed,
        _interval(missed, len(enrolled)),
        misnamed,
        _interval(misnamed, len(shown)),
    )


def _interval(errors: int, people: int) -> tuple[float, float]:
    return wilson_by_people(errors / people, people) if people else (0.0, 1.0)
