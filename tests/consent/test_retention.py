"""Periods of the calendar, the rules of a purpose, and when a consent under them is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chiso.consent.retention import (
    End,
    Period,
    Rule,
    begun_too_early,
    end_of_consent,
    end_of_period,
    last_day,
    overdue,
    parse_period,
    parse_rules,
    period_text,
    rules_text,
)
from chiso.core.consent import Cause, Mode, ReceiptId, SubjectId, Terms
from chiso.core.errors import ChisoError, Code

_GRANTED = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
_TERMS = Terms(
    ReceiptId("r1"),
    SubjectId("s1"),
    "door",
    frozenset({Mode.VERIFY}),
    _GRANTED,
    datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC),
    None,
)
_YEAR, _TWO_YEARS, _QUARTER = Period(12, 0), Period(24, 0), Period(0, 90)
_PERIODS = st.one_of(
    st.integers(1, 1200).map(lambda months: Period(months, 0)),
    st.integers(1, 36500).map(lambda days: Period(0, days)),
)
_INSTANTS = st.integers(0, 7_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("text", "period", "written", "words"),
    [
        ("90d", Period(0, 90), "P90D", "90 days"),
        ("1d", Period(0, 1), "P1D", "1 day"),
        ("12m", Period(12, 0), "P1Y", "1 year"),
        ("18M", Period(18, 0), "P18M", "18 months"),
        (" 2y ", Period(24, 0), "P2Y", "2 years"),
        ("P1Y", Period(12, 0), "P1Y", "1 year"),
        ("p1m", Period(1, 0), "P1M", "1 month"),
    ],
)
def test_a_period_is_read_in_short_and_as_iso_8601(
    text: str, period: Period, written: str, words: str
) -> None:
    assert parse_period(text) == period
    assert period_text(period) == written
    assert str(period) == words


@pytest.mark.parametrize(
    "text",
    ["", "y", "1", "0d", "P0Y", "-1y", "1.5y", "1y6m", "1w", "P1Y6M", "101y", "36501d", "1201m",
     "999999d", "٣m"],
)  # fmt: skip
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ChisoError) as caught:
        parse_period(text)
    assert caught.value.code is Code.BAD_ARGUMENT
    assert "90d, 12m or 1y" in caught.value.hint


@given(_PERIODS)
def test_a_period_reads_back_as_it_was_written(period: Period) -> None:
    assert parse_period(period_text(period)) == period


@pytest.mark.parametrize(
    ("begun", "text", "last"),
    [
        (date(2026, 11, 22), "1y", date(2027, 11, 22)),
        (date(2026, 11, 22), "90d", date(2027, 2, 20)),
        (date(2027, 1, 31), "1m", date(2027, 2, 28)),
        (date(2028, 1, 31), "1m", date(2028, 2, 29)),
        (date(2027, 1, 31), "3m", date(2027, 4, 30)),
        (date(2027, 2, 28), "1m", date(2027, 3, 28)),
        (date(2028, 2, 29), "1y", date(2029, 2, 28)),
        (date(2028, 2, 29), "4y", date(2032, 2, 29)),
        (date(2099, 12, 31), "2m", date(2100, 2, 28)),
        (date(2027, 12, 31), "1d", date(2028, 1, 1)),
        (date(9950, 1, 1), "100y", date.max),
        (date(9999, 12, 1), "90d", date.max),
    ],
)
def test_a_period_ends_on_the_same_day_or_the_months_last(
    begun: date, text: str, last: date
) -> None:
    assert last_day(begun, parse_period(text)) == last


def test_a_period_ends_with_its_last_second_of_utc() -> None:
    assert end_of_period(_GRANTED, _YEAR) == datetime(2027, 11, 22, 23, 59, 59, tzinfo=UTC)
    past_midnight = datetime(2026, 11, 23, 1, tzinfo=timezone(timedelta(hours=2)))  # in Harare
    assert end_of_period(past_midnight, _YEAR) == datetime(2027, 11, 22, 23, 59, 59, tzinfo=UTC)


@given(_PERIODS, _INSTANTS, st.integers(-5, 5), st.sampled_from([-1, 0, 1, 43200]))
@example(Period(1, 0), datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC), 0, 0)
@example(Period(1, 0), datetime(2027, 3, 31, 23, 59, 59, tzinfo=UTC), 0, 0)
@example(Period(12, 0), datetime(2029, 2, 28, 23, 59, 59, tzinfo=UTC), 0, 0)
def test_what_began_too_early_is_just_what_has_ended(
    period: Period, begun: datetime, days: int, seconds: int
) -> None:
    """The fast comparison and the count of days agree, also to the second around an end."""
    at = end_of_period(begun, period) + timedelta(days=days, seconds=seconds)
    assert (begun < begun_too_early(period, at)) == (end_of_period(begun, period) <= at)


def test_the_earliest_of_date_maximum_and_inactivity_ends_a_consent() -> None:
    expired, inactive = Cause.EXPIRED, Cause.INACTIVE
    assert end_of_consent(_TERMS, None) == End(_TERMS.expires, expired)
    rule = Rule("door", None, _TWO_YEARS, None)
    assert end_of_consent(_TERMS, rule) == End(end_of_period(_GRANTED, _TWO_YEARS), expired)
    rule = Rule("door", None, _TWO_YEARS, _YEAR)
    assert end_of_consent(_TERMS, rule) == End(end_of_period(_GRANTED, _YEAR), inactive)
    soon = _TERMS._replace(expires=_GRANTED + timedelta(days=1))
    assert end_of_consent(soon, rule) == End(soon.expires, expired)


def test_a_maximum_never_prolongs_a_consent() -> None:
    soon = _TERMS._replace(expires=_GRANTED + timedelta(days=1))
    assert end_of_consent(soon, Rule("door", _YEAR, _TWO_YEARS, None)).at == soon.expires


def test_inactivity_counts_from_the_later_of_grant_and_last_match() -> None:
    rule = Rule("door", None, None, _QUARTER)
    matched = _TERMS._replace(last_active=_GRANTED + timedelta(days=40))
    assert end_of_consent(matched, rule).at == end_of_period(matched.active, _QUARTER)
    older = _TERMS._replace(last_active=_GRANTED - timedelta(days=40))
    assert end_of_consent(older, rule).at == end_of_period(_GRANTED, _QUARTER)


@given(
    st.none() | _PERIODS, st.none() | _PERIODS, st.integers(0, 4000), st.integers(0, 4000),
    st.sampled_from([-1, 0, 1]),
)  # fmt: skip
def test_what_is_overdue_is_what_has_come_to_its_end(
    maximum: Period | None, inactive: Period | None, matched_d: int, now_d: int, second: int
) -> None:
    rule = Rule("door", None, maximum, inactive)
    terms = _TERMS._replace(
        expires=datetime.max.replace(tzinfo=UTC),
        last_active=_GRANTED + timedelta(days=matched_d),
    )
    at = datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC) + timedelta(days=now_d, seconds=second)
    late = overdue(rule, at)
    is_over = (late.granted_before is not None and terms.granted < late.granted_before) or (
        late.active_before is not None and terms.active < late.active_before
    )
    assert is_over == (end_of_consent(terms, rule).at <= at)


def test_rules_are_written_in_one_way_and_read_back() -> None:
    rules = (Rule("clinic", _YEAR, _TWO_YEARS, None), Rule("église", None, None, _QUARTER))
    text = rules_text(reversed(rules))
    assert text == (
        '[{"default":"P1Y","inactive":null,"maximum":"P2Y","purpose":"clinic"},'
        '{"default":null,"inactive":"P90D","maximum":null,"purpose":"église"}]'
    )
    assert parse_rules(text) == rules


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[1]", '[{"purpose":"door"}]', '[ ]',
        '[{"default":"P12M","inactive":null,"maximum":null,"purpose":"door"}]',
        '[{"default":"soon","inactive":null,"maximum":null,"purpose":"door"}]',
        '[{"default":5,"inactive":null,"maximum":null,"purpose":"door"}]',
    ],
)  # fmt: skip
def test_rules_that_chiso_did_not_write_are_damage(text: str) -> None:
    with pytest.raises(ChisoError) as caught:
        parse_rules(text)
    assert caught.value.code is Code.STORE_DAMAGED
