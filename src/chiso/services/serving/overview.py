"""Whether all is well with a home, in one value: what the console's first page shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from chiso.consent.policy import objection
from chiso.consent.retention import end_of_consent
from chiso.core.access import Action, Actor, Resource
from chiso.core.events import EventType, KeptCheckpoint
from chiso.core.storage import ReadTransaction
from chiso.core.times import from_text
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
class LastAudit:
    """The audit that the log last told of."""

    seq: int
    at: datetime
    kind: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to know at a glance. What a caller may not see is None."""

    verified: Verified | None
    size: int
    checkpoint: KeptCheckpoint | None
    people: People | None
    audit: LastAudit | None

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
            audit=_last_audit(view) if may_prove else None,
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
    return People(len(view.subjects()), in_force, ending, over)


def _last_audit(view: ReadTransaction) -> LastAudit | None:
    last = None
    for payload in view.payloads():
        if b'"audit-recorded"' in payload.body:  # of a million leaves, few are about this
            last = payload
    if last is None:
        return None
    said = json.loads(last.body)
    if said["type"] != EventType.AUDIT_RECORDED:
        return None
    return LastAudit(last.seq, from_text(said["at"]), said["kind"], said["verdict"])
