"""A home that is being served: what every route needs, in one value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from chiso.core.access import Actor
from chiso.core.credentials import Credentials
from chiso.core.reports import ReportShelf
from chiso.services.home import Home
from chiso.services.serving.audit_runs import AuditRuns
from chiso.services.serving.limits import Attempts, Limit
from chiso.services.serving.log_watch import LogWatch
from chiso.services.serving.once import Underway
from chiso.services.serving.pace import Pace
from chiso.services.serving.searches import Searches
from chiso.services.serving.workroom import Workroom

_TEN_IN_FIVE_MINUTES = Limit(10, timedelta(minutes=5))
_SIXTY_IN_TEN_MINUTES = Limit(60, timedelta(minutes=10))
_FIVE_IN_A_QUARTER = Limit(5, timedelta(minutes=15))
_THIRTY_IN_FIVE_MINUTES = Limit(30, timedelta(minutes=5))
_TWO_A_SECOND = Limit(120, timedelta(minutes=1))
_TEN_A_SECOND = Limit(600, timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Limits of a server. `workers` work on photos at once; `waiting` more may wait in line."""

    workers: int = 2
    waiting: int = 16
    per_subject: Limit = _TEN_IN_FIVE_MINUTES
    """Verifications of one person at one station; a match forgives."""
    per_station: Limit = _SIXTY_IN_TEN_MINUTES
    """Verifications at one station that were no match, of whomever, by name or by card."""
    per_key: Limit = _TEN_A_SECOND
    """Calls of one key."""
    per_address: Limit = _TWO_A_SECOND
    """Frames from one address, of whoever has not shown yet who she is."""
    per_sign_in: Limit = _FIVE_IN_A_QUARTER
    """Passwords tried for one account from one address; the right one forgives."""
    per_door: Limit = _THIRTY_IN_FIVE_MINUTES
    """Attempts from one address to sign in, as whoever, or to open a station."""
    refused_after_s: float = 0.25
    """Refusals to sign in, and for lack of consent, are answered after this long or a multiple of
    it, whatever their reason: nobody can tell by time whether there is such a person."""


@dataclass(frozen=True, slots=True)
class Service:
    """An opened home, its workrooms, its prepared searches, and its limits."""

    home: Home
    settings: ServiceSettings
    photos: Workroom
    """Where photos are looked at."""
    desk: Workroom
    """Where everything else is done that waits for a disk: never behind a photo."""
    passwords: Workroom
    """Where passwords are hashed, slowly on purpose: one at a time, and before no other work."""
    audits: Workroom
    """Where an audit runs, for hours perhaps: it keeps nobody from the room for photos."""
    searches: Searches
    log_watch: LogWatch
    audit_runs: AuditRuns
    reports: ReportShelf
    per_subject: Attempts
    per_station: Attempts
    per_key: Attempts
    per_address: Attempts
    per_sign_in: Attempts
    per_door: Attempts
    pace: Pace
    credentials: Credentials
    is_secure: bool
    """Whether it is reached over TLS: cookies are then bound to it."""
    underway: Underway = field(default_factory=Underway)
    """Calls with an idempotency key that are being done."""

    def home_for(self, caller: Actor) -> Home:
        """The home, as this caller works in it: leaves name the caller and her station."""
        return replace(self.home, asked_by=caller.name, station=caller.station)


def service_of(
    home: Home,
    settings: ServiceSettings,
    credentials: Credentials,
    reports: ReportShelf,
    *,
    is_secure: bool,
) -> Service:
    """Everything that serving a home needs, ready for its first call."""
    return Service(
        home=home,
        settings=settings,
        photos=Workroom(settings.workers, settings.waiting),
        desk=Workroom(4, 64),
        passwords=Workroom(1, 8),
        audits=Workroom(1, 0),
        searches=Searches(home),
        log_watch=LogWatch(home),
        audit_runs=AuditRuns(home.clock),
        reports=reports,
        per_subject=Attempts(settings.per_subject),
        per_station=Attempts(settings.per_station),
        per_key=Attempts(settings.per_key),
        per_address=Attempts(settings.per_address),
        per_sign_in=Attempts(settings.per_sign_in),
        per_door=Attempts(settings.per_door),
        pace=Pace(settings.refused_after_s),
        credentials=credentials,
        is_secure=is_secure,
    )
