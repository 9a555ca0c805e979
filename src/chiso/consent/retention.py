"""How long a consent may last: a purpose's periods, and when a consent under them is over."""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from typing import Any

from chiso.core.canonical import JsonValue, canonical_json
from chiso.core.consent import Cause, Terms
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code
from chiso.core.times import end_of_day

_WRITTEN = re.compile(r"P?([0-9]{1,5})([DMY])", re.IGNORECASE)
_MAX_YEARS = 100
_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Period:
    """A length on the calendar: months (twelve to a year) or days; the other one is 0."""

    months: int
    days: int

    def __str__(self) -> str:
        """In words: `1 year`, `18 months`, `90 days`."""
        count, unit = self.days, "day"
        if self.months:
            years, rest = divmod(self.months, _MONTHS_A_YEAR)
            count, unit = (self.months, "month") if rest else (years, "year")
        return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for one purpose; at least one of the three periods is set.

    `default`: how long a consent lasts where nobody says until when. `maximum`: how long it may
    last. `inactive`: how long it lasts without a match.
    """

    purpose: str
    default: Period | None
    maximum: Period | None
    inactive: Period | None


@dataclass(frozen=True, slots=True)
class End:
    """When a consent is over if nothing happens before, and why then: expired or inactive."""

    at: datetime
    cause: Cause


@dataclass(frozen=True, slots=True)
class Overdue:
    """A rule at one instant: what was granted, or last active, before these is over. None: never.

    A search asks this of every receipt, and comparing is faster than counting days.
    """

    granted_before: datetime | None
    active_before: datetime | None


def parse_period(text: str) -> Period:
    """`90d`, `12m`, `1y`, or as ISO 8601-1:2019 §5.5.2 has it: `P90D`, `P12M`, `P1Y`.

    Raises ChisoError(BAD_ARGUMENT) for anything else, for nothing, and for more than 100 years.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise _no_period(text)
    count, unit = int(found[1]), found[2].upper()
    period = {"D": Period(0, count), "M": Period(count, 0), "Y": Period(12 * count, 0)}[unit]
    if count == 0 or period.months > 12 * _MAX_YEARS or period.days > 365 * _MAX_YEARS:
        raise _no_period(text)
    return period


def period_text(period: Period) -> str:
    """As ISO 8601 has it, the same length always written the same: `P12M` is `P1Y`."""
    if period.days:
        return f"P{period.days}D"
    years, rest = divmod(period.months, _MONTHS_A_YEAR)
    return f"P{period.months}M" if rest else f"P{years}Y"


def short_period(period: Period) -> str:
    """As someone types it: `90d`, `18m`, `1y`."""
    return period_text(period).removeprefix("P").lower()


def last_day(begun: date, period: Period) -> date:
    """The day with which a period is over that runs from the day `begun`.

    The same day of a later month or year, or that month's last where it has no such day; the first
    day is not counted (Regulation (EEC, Euratom) 1182/71, Article 3). Never beyond the year 9999.
    """
    year, month = divmod(begun.year * 12 + begun.month - 1 + period.months, 12)
    if year > MAXYEAR:
        return date.max
    day = date(year, month + 1, min(begun.day, monthrange(year, month + 1)[1]))
    return day + timedelta(days=min(period.days, (date.max - day).days))


def end_of_period(begun: datetime, period: Period) -> datetime:
    """The instant at which a period is over that runs from `begun`, UTC: the end of a day."""
    return end_of_day(last_day(begun.astimezone(UTC).date(), period))


def end_of_consent(terms: Terms, rule: Rule | None) -> End:
    """When this consent is over: by its own date, its purpose's maximum, or for want of a match."""
    end = End(terms.expires, Cause.EXPIRED)
    if rule is not None and rule.maximum is not None:
        end = _earlier(end, End(end_of_period(terms.granted, rule.maximum), Cause.EXPIRED))
    if rule is not None and rule.inactive is not None:
        end = _earlier(end, End(end_of_period(terms.active, rule.inactive), Cause.INACTIVE))
    return end


def overdue(rule: Rule | None, at: datetime) -> Overdue:
    """What `end_of_consent` says of every consent at one instant."""
    if rule is None:
        return Overdue(None, None)
    maximum, inactive = rule.maximum, rule.inactive
    return Overdue(
        None if maximum is None else begun_too_early(maximum, at),
        None if inactive is None else begun_too_early(inactive, at),
    )


def ended(terms: Terms, late: Overdue, at: datetime) -> Cause | None:
    """Why a consent that has begun is over at this moment; None where it is not.

    Whether somebody ended it before is not asked.
    """
    if at < terms.granted:
        return None
    if at >= terms.expires:
        return Cause.EXPIRED
    if late.granted_before is not None and terms.granted < late.granted_before:
        return Cause.EXPIRED
    if late.active_before is not None and terms.active < late.active_before:
        return Cause.INACTIVE
    return None


def begun_too_early(period: Period, at: datetime) -> datetime:
    """The instant before which whatever began has, by this period, ended at `at`."""
    today = at.astimezone(UTC).date()
    over = today if at >= end_of_day(today) else today - timedelta(days=1)
    year, month = divmod(over.year * 12 + over.month - 1 - period.months, 12)
    if year < 1:
        return datetime.min.replace(tzinfo=UTC)
    begun = date(year, month + 1, min(over.day, monthrange(year, month + 1)[1]))
    begun -= timedelta(days=min(period.days, begun.toordinal() - 1))
    # Several days at the end of a long month run to the one last day of a short month.
    while last_day(begun, period) <= over:
        begun += timedelta(days=1)
    return datetime(begun.year, begun.month, begun.day, tzinfo=UTC)


def rules_text(rules: Iterable[Rule]) -> str:
    """Rules as a home keeps them: canonical JSON, one object a purpose, by purpose."""
    documents: list[JsonValue] = [
        rule_document(each) for each in sorted(rules, key=lambda each: each.purpose)
    ]
    return canonical_json(documents).decode()


def rule_document(rule: Rule) -> dict[str, JsonValue]:
    """One rule as JSON; a period that is not set is null."""
    periods = {"default": rule.default, "maximum": rule.maximum, "inactive": rule.inactive}
    return {
        "purpose": rule.purpose,
        **{name: None if each is None else period_text(each) for name, each in periods.items()},
    }


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Read what `rules_text` wrote. Raises ChisoError(STORE_DAMAGED) for anything else."""
    try:
        rules = tuple(_rule(each) for each in json.loads(text))
        if rules_text(rules) != text:
            raise ValueError("they are not in canonical form")
    except (ValueError, KeyError, TypeError, AttributeError, ChisoError) as error:
        raise ChisoError(
            Code.STORE_DAMAGED,
            f"The store's retention rules cannot be read: {error}.",
            f"They were changed outside Chiso. {PUT_BACK_A_BACKUP}",
        ) from error
    return rules


def _rule(document: Any) -> Rule:
    periods = {name: document[name] for name in ("default", "maximum", "inactive")}
    parsed = {name: None if text is None else parse_period(text) for name, text in periods.items()}
    return Rule(document["purpose"], **parsed)


def _earlier(one: End, other: End) -> End:
    return other if other.at < one.at else one


def _no_period(text: str) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        f"{text!r} is not a period.",
        f"Write days, months or years, as 90d, 12m or 1y; {_MAX_YEARS} years at most.",
    )
