"""Whether all is well with a home, in one value: what the console's first page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from chiso.consent.policy import objection
from chiso.consent.retention import end_of_consent
from chiso.core.access import Action, Actor, Resource
from chiso.core.events import KeptCheckpoint
from chiso.core.storage import ReadTransaction
from chiso.services.audit.recorded import RecordedAudit, recorded_audits
from chiso.services.home import Home
from chiso.services.log import head_of
from chiso.services.retention import rules
from chiso.services.serving.log_watch import LogWatch, Verified

SOON = timedelta(days=30)
_FAULTLESS = "pass"


@dataclass(frozen=True, slots=True)
class People:
    """Who is enrolled: how many, and how many consents end soon, or are over and not yet purged."""

    count: int
    in_force: int
    ending_soon: int
    over: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to know at a glance. What a caller may not see is None."""

    verified: Verified | None
    size: int
    checkpoint: KeptCheckpoint | None
    people: People | None
    audit: RecordedAudit | None

    @property
    def state(self) -> Literal["well", "look", "broken"]:
        """`broken`: the log does not hold. `look`: someone should. `well`: neither."""
        if self.verified is not None and self.verified.error is not None:
            return "broken"
        needs = (
            self.verified is None,
            self.people is not None and self.people.over > 0,
            self.audit is not None and self.audit.verdict != _FAULTLESS,
        )
        return "look" if any(needs) else "well"


def overview(home: Home, watch: LogWatch, caller: Actor) -> Overview:
    """What this caller may know at a glance."""
    may_count = caller.may(Action.READ, Resource.RECEIPTS)
    may_prove = caller.may(Action.READ, Resource.AUDITS)
    with home.store.reading() as view:
        return Overview(
            verified=watch.last,
            size=head_of(view).size,
            checkpoint=next(iter(view.kept_checkpoints(1)), None),
            people=_people(home, view) if may_count else None,
            audit=next(recorded_audits(view), None) if may_prove else None,
        )


def _people(home: Home, view: ReadTransaction) -> People:
    now, by_purpose = home.clock.now(), {each.purpose: each for each in rules(view)}
    in_force = ending = over = 0
    for terms in view.terms():
        rule = by_purpose.get(terms.purpose)
        if terms.withdrawn is not None:
            continue
        if objection(terms, terms.purpose, None, now, rule) is None:
            in_force += 1
            ending += end_of_consent(terms, rule).at <= now + SOON
        else:
            over += end_of_consent(terms, rule).at <= now
    return People(view.count_subjects(), in_force, ending, over)
