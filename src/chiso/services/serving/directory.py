"""People as the console shows them: a page of a list, and all about one."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.core.access import Action, Actor, IssuedCard, Resource
from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.storage import Subject
from chiso.services.access.keys import require
from chiso.services.cards.listing import cards_of
from chiso.services.home import Home
from chiso.services.people import (
    ReceiptSummary,
    SubjectSummary,
    known_by_id,
    not_found,
    receipt_summaries,
    summary_of,
)

PAGE = 50


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people, by label; `following`: the label after which more come, None for no more."""

    people: tuple[SubjectSummary, ...]
    following: str | None
    everyone: int


@dataclass(frozen=True, slots=True)
class Person:
    """All about one person that an operator may know. `leaves`: how many of the log concern her."""

    subject: Subject
    receipts: tuple[ReceiptSummary, ...]
    cards: tuple[IssuedCard, ...]
    leaves: int

    @property
    def references(self) -> int:
        """How many references are held."""
        return sum(each.references for each in self.receipts)


@dataclass(frozen=True, slots=True)
class Loss:
    """What a withdrawal would destroy: everything, or what rests on one receipt."""

    person: Person
    receipt: ReceiptSummary | None
    cards: int
    """How many cards that are in use would be refused from then on."""

    @property
    def others(self) -> tuple[ReceiptSummary, ...]:
        """Her agreements that would stay: in force, or to begin."""
        if self.receipt is None:
            return ()
        return tuple(
            each
            for each in self.person.receipts
            if each is not self.receipt and each.state in ("in force", "not begun")
        )

    @property
    def is_used_still(self) -> bool:
        """Whether another agreement would stay that is for the same purpose."""
        gone = self.receipt
        return gone is not None and any(
            each.signed.terms.purpose == gone.signed.terms.purpose for each in self.others
        )

    @property
    def references(self) -> int:
        """How many references would be destroyed."""
        return self.person.references if self.receipt is None else self.receipt.references

    @property
    def is_key(self) -> bool:
        """Whether her key would be destroyed too: she has one, and nothing would rest on it."""
        return 0 < self.references == self.person.references


def people_page(home: Home, caller: Actor, text: str, after: str) -> PeoplePage:
    """The people with `text` in their label, from the one called `after` on."""
    require(caller, Action.READ, Resource.SUBJECTS)
    with home.store.reading() as view:
        found = view.subjects_called(text.strip(), after, PAGE + 1)
        shown = tuple(summary_of(home, view, each) for each in found[:PAGE])
        following = shown[-1].subject.label if len(found) > PAGE else None
        return PeoplePage(shown, following, view.count_subjects())


def person(home: Home, caller: Actor, subject_id: SubjectId) -> Person:
    """All about one person. Raises NOT_FOUND where there is nobody, or not for this caller."""
    require(caller, Action.READ, Resource.SUBJECTS)
    if not caller.sees(subject_id):
        raise not_found("person")
    with home.store.reading() as view:
        subject = known_by_id(view, subject_id)
        held = view.receipts(subject_id)
        return Person(
            subject,
            tuple(receipt_summaries(home, view, held, subject_id)),
            tuple(view.cards(subject_id)),
            view.count_payloads(subject_id),
        )


def loss_of(home: Home, caller: Actor, subject_id: SubjectId, receipt_id: ReceiptId | None) -> Loss:
    """What withdrawing would destroy. Raises NOT_FOUND; NOT_ALLOWED."""
    whole = receipt_id is None
    require(caller, Action.DELETE, Resource.SUBJECTS if whole else Resource.RECEIPTS)
    about = person(home, caller, subject_id)
    if receipt_id is None:
        return Loss(about, None, _cards_in_use(home, subject_id, None))
    for each in about.receipts:
        if each.signed.receipt.header.receipt_id == receipt_id and each.signed.withdrawn is None:
            return Loss(about, each, _cards_in_use(home, subject_id, receipt_id))
    raise not_found("receipt in force")


def _cards_in_use(home: Home, subject_id: SubjectId, receipt_id: ReceiptId | None) -> int:
    return sum(
        each.state == "in use" and receipt_id in (None, each.card.receipt_id)
        for each in cards_of(home, subject_id)
    )
