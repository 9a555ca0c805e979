"""A person's own link: whoever holds it is asked for her face, and then sees what is hers."""

from __future__ import annotations

from chiso.core.access import Action, Actor, PersonLink, Resource
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.services.access.accounts import link_ended
from chiso.services.access.keys import require
from chiso.services.access.tokens import digest_of, new_secret
from chiso.services.home import Home
from chiso.services.log import record


def new_person_link(home: Home, caller: Actor, subject_id: SubjectId) -> str:
    """The path of a new link of hers, shown this once; it ends the one before.

    Raises NOT_ALLOWED; NO_CONSENT where there is no such person.
    """
    require(caller, Action.CREATE, Resource.RECEIPTS)
    token, now = new_secret(home, "me"), home.clock.now()
    with home.store.writing() as transaction:
        if transaction.subject_by_id(subject_id) is None:
            raise ChisoError(
                Code.NO_CONSENT, "There is no such person here.", "She may have withdrawn."
            )
        transaction.remove_person_links(subject_id)
        transaction.put_person_link(PersonLink(digest_of(token), subject_id, now))
        facts = {"change": "link-made", "asked_by": caller.name}
        record(home, transaction, [Event(EventType.ACCESS_CHANGED, now, subject_id, facts)])
    return f"/me/{token}"


def person_of_link(home: Home, token: str) -> SubjectId:
    """Whose link this is. Raises LINK_ENDED where it is nobody's, or nobody's any more."""
    with home.store.reading() as view:
        link = view.person_link(digest_of(token))
    if link is None:
        raise link_ended()
    return link.subject_id
