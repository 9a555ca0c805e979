"""A person and what is held about her: the look that shows it is she, and whose it then is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from chiso.consent.policy import objection
from chiso.core.access import Actor, Role
from chiso.core.consent import Mode, SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.ports import CodeReader
from chiso.core.samples import Refusal
from chiso.core.storage import ReadTransaction
from chiso.services.access.links import person_of_link
from chiso.services.access.sessions import NewSession, person_session
from chiso.services.home import Home
from chiso.services.people import known_by_id
from chiso.services.retention import rule_for
from chiso.services.serving import cards, recognising
from chiso.services.serving.service import Service

_ASKER = "her own link"
"""Leaves name the link, since a face that is not hers may have looked through it."""


_CARD_HOLDER = Actor("her own card", Role.SUBJECT, None)


@dataclass(frozen=True, slots=True)
class WayIn:
    """Under what she may be verified: her label, and the purpose of one of her receipts."""

    label: str
    purpose: str


def holder(home: Home, token: str) -> Actor:
    """Whoever holds a person's own link. Raises LINK_ENDED."""
    return Actor(_ASKER, Role.SUBJECT, None, subject_id=person_of_link(home, token))


def way_in(home: Home, subject_id: SubjectId) -> WayIn | None:
    """How a look can show that it is she; None where no consent or no reference allows it."""
    with home.store.reading() as view:
        subject = known_by_id(view, subject_id)
        for purpose in _purposes(home, view, subject_id):
            return WayIn(subject.label, purpose)
    return None


async def look(service: Service, link: Actor, photo: bytes) -> NewSession | Refusal | None:
    """Compare the one face of `photo` with hers: a session where it is she, None where it is not.

    Attempts are limited, and logged among her own. Raises TOO_MANY_ATTEMPTS, NO_CONSENT.
    """
    whose = _subject_of(link)
    found = await service.desk.run(partial(way_in, service.home, whose))
    if found is None:
        raise ChisoError(
            Code.NO_CONSENT,
            "Nothing is held with which a look could show that it is you.",
            "Any desk gives you a copy of what is held. You can withdraw everything without it.",
        )
    answer = await recognising.verify(service, link, found.label, found.purpose, photo)
    if isinstance(answer, Refusal):
        return answer
    if not answer.verified.match:
        return None
    return await service.desk.run(partial(person_session, service.home, whose))


async def look_by_card(
    service: Service, read: CodeReader, code: str, photo: bytes
) -> NewSession | Refusal | None:
    """As `look`, with the card whose code this is. Raises what `verify_card` does."""
    found = await cards.verify(service, _CARD_HOLDER, read, code, None, photo)
    if isinstance(found, Refusal):
        return found
    if not found.answer.verified.match:
        return None
    return await service.desk.run(partial(person_session, service.home, found.subject_id))


def _purposes(home: Home, view: ReadTransaction, subject_id: SubjectId) -> list[str]:
    """What she may be verified for, with a reference to compare with."""
    now = home.clock.now()
    return [
        terms.purpose
        for _, terms in view.references(home.model(), subject_id)
        if objection(terms, terms.purpose, Mode.VERIFY, now, rule_for(view, terms.purpose)) is None
    ]


def _subject_of(caller: Actor) -> SubjectId:
    if caller.subject_id is None:
        raise ValueError("the caller is no person herself")
    return caller.subject_id
