"""What people do in a home, what each act must leave there, and how it is done."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.faults.kit import AT_FIRST, PEOPLE, PURPOSE, Kit, agreement

from chiso.services.enrol import Enrolled, enrol
from chiso.services.home import Home
from chiso.services.identify import identify, prepare_search
from chiso.services.withdraw import withdraw

_TAKES = 2


class Kind(StrEnum):
    """The acts there are."""

    ENROL = "enrol"
    IDENTIFY = "identify"
    WITHDRAW = "withdraw"
    WITHDRAW_RECEIPT = "withdraw-receipt"


@dataclass(frozen=True, slots=True)
class Act:
    """One act, about one person; `take` says which photo of hers."""

    kind: Kind
    label: str
    take: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """What a home holds of someone: photos that a reference was made of, receipts, mentions."""

    takes: frozenset[int]
    receipts: int = 1
    searches: int = 0
    """Leaves of searches that named her, whose content is still there."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a home holds: people by label, and how many leaves its log has grown by."""

    people: Mapping[str, Person] = field(default_factory=dict)
    leaves: int = 0

    def after(self, act: Act) -> Held:
        """What it holds once `act` is done."""
        person, people = self.people.get(act.label), dict(self.people)
        if act.kind is Kind.ENROL:
            people[act.label], leaves = _enrolled(person, act.take)
            return Held(people, self.leaves + leaves)
        if act.kind is Kind.WITHDRAW:
            del people[act.label]
        elif person is not None and act.kind is Kind.WITHDRAW_RECEIPT:
            people[act.label] = replace(person, takes=frozenset())
        elif person is not None and self.finds(act):
            people[act.label] = replace(person, searches=person.searches + 1)
        return Held(people, self.leaves + 1)

    def finds(self, act: Act) -> bool:
        """Whether a search with this photo names her: her references include this very photo."""
        person = self.people.get(act.label)
        return person is not None and act.take in person.takes


def _enrolled(person: Person | None, take: int) -> tuple[Person, int]:
    """Someone after enrolling with a photo, and how many leaves tell of it."""
    if person is None:
        return Person(frozenset({take})), 2
    if take in person.takes:
        return person, 0
    if person.takes:
        return replace(person, takes=person.takes | {take}), 1
    # Her receipt was withdrawn, so she gives another.
    return replace(person, takes=frozenset({take}), receipts=person.receipts + 1), 2


def at_first() -> Held:
    """What the kit's home holds."""
    return Held({label: Person(frozenset({0})) for label in AT_FIRST})


def drawn(chance: random.Random, held: Held, count: int) -> list[Act]:
    """`count` acts that make sense one after another, beginning with what is held."""
    acts: list[Act] = []
    while len(acts) < count:
        act = _drawn_one(chance, held)
        if act is not None:
            acts.append(act)
            held = held.after(act)
    return acts


def _drawn_one(chance: random.Random, held: Held) -> Act | None:
    act = Act(chance.choice(list(Kind)), chance.choice(PEOPLE), chance.randrange(_TAKES))
    person = held.people.get(act.label)
    others = any(each.takes for label, each in held.people.items() if label != act.label)
    match act.kind:
        case Kind.IDENTIFY:
            # Another photo of hers may or may not be near enough: that is not what is tried here.
            is_sure = person is None or not person.takes or act.take in person.takes
            return act if is_sure and (others or (person and person.takes)) else None
        case Kind.ENROL:
            return act
        case Kind.WITHDRAW:
            return act if person is not None and others else None
        case Kind.WITHDRAW_RECEIPT:
            return act if person is not None and person.takes and others else None


def done(home: Home, kit: Kit, act: Act) -> list[str]:
    """Do one act; returns only when the service has: this is the acknowledgement.

    Returns the labels that a search named, none for another act.
    """
    match act.kind:
        case Kind.ENROL:
            photos = [kit.photo(act.label, act.take)]
            assert isinstance(enrol(home, agreement(act.label), photos), Enrolled)
        case Kind.IDENTIFY:
            photo = kit.photo(act.label, act.take)
            answers = identify(home, photo.content, prepare_search(home, PURPOSE))
            assert isinstance(answers, list), answers
            return [each.label for answer in answers for each in answer.candidates]
        case Kind.WITHDRAW:
            withdraw(home, act.label)
        case Kind.WITHDRAW_RECEIPT:
            with home.store.reading() as view:
                subject = view.subject(act.label)
                assert subject is not None
                (receipt,) = [
                    each.receipt.header.receipt_id
                    for each in view.receipts(subject.subject_id)
                    if each.withdrawn is None
                ]
            withdraw(home, act.label, receipt)
    return []
