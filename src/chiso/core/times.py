"""Instants as text and back: UTC, whole seconds, ISO 8601 with a Z."""

from __future__ import annotations

from datetime import UTC, date, datetime, time


def to_text(instant: datetime) -> str:
    """`2026-11-22T08:30:00Z`. `instant` must be timezone-aware; fractions of a second are cut."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> datetime:
    """The instant that `to_text` wrote. Raises ValueError for anything else."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def to_epoch_s(instant: datetime) -> int:
    """Whole seconds since 1970-01-01T00:00:00Z."""
    return int(instant.timestamp())


def from_epoch_s(seconds: int) -> datetime:
    """The instant that `to_epoch_s` counted."""
    return datetime.fromtimestamp(seconds, UTC)


def end_of(text: str) -> datetime:
    """The instant at which a date or a date and time given by a person is over.

    A bare date (`2027-01-31`) means the end of that day, UTC; a date and time without an offset is
    taken as UTC. Raises ValueError for anything that is not ISO 8601, or not within the years 1 to
    9999 of UTC.
    """
    if len(text) == len("2027-01-31"):
        return end_of_day(date.fromisoformat(text))
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC, microsecond=0)
    try:
        return instant.astimezone(UTC).replace(microsecond=0)
    except OverflowError as error:
        raise ValueError(f"{text!r} is beyond the years that UTC counts") from error


def end_of_day(day: date) -> datetime:
    """The instant at which a day is over: its last second, UTC."""
    return datetime.combine(day, time(23, 59, 59), UTC)
