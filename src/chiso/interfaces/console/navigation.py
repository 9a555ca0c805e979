"""The navigation: what a role may open, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chiso.core.access import Action, Actor, Resource

Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation, and what a role needs for it."""

    path: str
    label: str
    action: Action
    resource: Resource


def marked(text: str) -> str:
    """`text`, which a template translates: the list of messages is made from such marks."""
    return text


ENTRIES: tuple[Entry, ...] = ()
"""In the order of the navigation; the home page comes before them, and is everybody's."""


def entries_for(caller: Actor) -> list[Entry]:
    """What this caller may open."""
    return [each for each in ENTRIES if caller.may(each.action, each.resource)]
