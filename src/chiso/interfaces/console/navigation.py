"""The navigation: what a role may open, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.core.access import Action, Actor, Resource
from chiso.interfaces.speech import marked


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation, and what a role needs for it."""

    path: str
    label: str
    action: Action
    resource: Resource


ENTRIES: tuple[Entry, ...] = (
    Entry("/enrol", marked("Enrol"), Action.CREATE, Resource.RECEIPTS),
    Entry("/people", marked("People"), Action.READ, Resource.SUBJECTS),
    Entry("/check-ins", marked("Check-ins"), Action.READ, Resource.CHECK_INS),
    Entry("/log", marked("Log"), Action.READ, Resource.LOG),
    Entry("/audits", marked("Audits"), Action.READ, Resource.AUDITS),
    Entry("/thresholds", marked("Thresholds"), Action.READ, Resource.THRESHOLDS),
    Entry("/access", marked("Access"), Action.READ, Resource.KEYS),
    Entry("/settings", marked("Settings"), Action.READ, Resource.SETTINGS),
)
"""In the order of the navigation; the home page comes before them, and is everybody's."""


def entries_for(caller: Actor) -> list[Entry]:
    """What this caller may open."""
    return [each for each in ENTRIES if caller.may(each.action, each.resource)]
