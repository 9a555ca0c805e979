"""Policy: the only place that says yes, and its reasons for saying no."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.consent.policy import ConsentRefusal, nobody, objection, permit, permit_study
from chiso.consent.retention import Period, Rule
from chiso.core.consent import Cause, Mode, Permit, ReceiptId, SubjectId, Terms
from chiso.core.errors import Code

_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_DAY = timedelta(days=1)
_TERMS = Terms(
    ReceiptId("r1"),
    SubjectId("s1"),
    "door",
    frozenset({Mode.VERIFY}),
    _NOW - _DAY,
    _NOW + _DAY,
    None,
)


def _reason(
    terms: Terms,
    purpose: str = "door",
    mode: Mode | None = Mode.VERIFY,
    rule: Rule | None = None,
) -> Code:
    answer = permit([terms], purpose, mode, _NOW, rule)
    assert isinstance(answer, ConsentRefusal)
    assert answer.message
    assert answer.hint
    return answer.code


def test_a_receipt_in_force_for_this_purpose_and_mode_permits() -> None:
    answer = permit([_TERMS], "door", Mode.VERIFY, _NOW, None)
    assert answer == Permit("door", Mode.VERIFY, frozenset({ReceiptId("r1")}), _NOW)


def test_a_mode_that_was_not_agreed_to_is_refused() -> None:
    assert _reason(_TERMS, mode=Mode.IDENTIFY) is Code.WRONG_MODE


def test_another_purpose_is_refused_letter_by_letter() -> None:
    assert _reason(_TERMS, purpose="Door") is Code.WRONG_PURPOSE


def test_a_withdrawn_receipt_is_refused() -> None:
    assert _reason(_TERMS._replace(withdrawn=_NOW - _DAY)) is Code.CONSENT_WITHDRAWN


def test_a_receipt_ends_at_the_very_second_it_expires() -> None:
    assert _reason(_TERMS._replace(expires=_NOW)) is Code.CONSENT_EXPIRED
    assert (
        objection(_TERMS._replace(expires=_NOW + timedelta(seconds=1)), "door", None, _NOW, None)
        is None
    )


def test_a_receipt_that_has_not_begun_is_refused() -> None:
    assert _reason(_TERMS._replace(granted=_NOW + _DAY)) is Code.CONSENT_NOT_YET


def test_a_purposes_maximum_ends_a_receipt_before_its_own_date() -> None:
    old = _TERMS._replace(granted=_NOW - 33 * _DAY)
    assert _reason(old, rule=Rule("door", None, Period(1, 0), None)) is Code.CONSENT_EXPIRED
    assert isinstance(
        permit([old], "door", None, _NOW, Rule("door", None, Period(2, 0), None)), Permit
    )


def test_a_refusal_names_the_moment_that_the_maximum_set() -> None:
    old = _TERMS._replace(granted=_NOW - 31 * _DAY)
    answer = permit([old], "door", None, _NOW, Rule("door", None, Period(0, 7), None))
    assert isinstance(answer, ConsentRefusal)
    assert "2026-10-29T23:59:59Z" in answer.message


def test_a_receipt_without_a_match_for_too_long_is_refused() -> None:
    rule = Rule("door", None, None, Period(0, 30))
    old = _TERMS._replace(granted=_NOW - 90 * _DAY)
    assert _reason(old, rule=rule) is Code.CONSENT_INACTIVE
    assert _reason(old._replace(last_active=_NOW - 31 * _DAY), rule=rule) is Code.CONSENT_INACTIVE
    matched = old._replace(last_active=_NOW - 30 * _DAY)
    assert isinstance(permit([matched], "door", Mode.VERIFY, _NOW, rule), Permit)


@pytest.mark.parametrize(
    ("cause", "code"),
    [(Cause.EXPIRED, Code.CONSENT_EXPIRED), (Cause.INACTIVE, Code.CONSENT_INACTIVE)],
)
def test_what_a_purge_ended_stays_ended_without_its_rule(cause: Cause, code: Code) -> None:
    assert _reason(_TERMS._replace(withdrawn=_NOW - _DAY, cause=cause)) is code


def test_nobody_and_somebody_without_receipts_get_the_same_answer() -> None:
    assert permit([], "door", Mode.VERIFY, _NOW, None) == nobody("door")


def test_the_reason_nearest_to_a_yes_is_reported() -> None:
    others = [
        _TERMS._replace(purpose="canteen"),
        _TERMS._replace(withdrawn=_NOW - _DAY),
        _TERMS._replace(modes=frozenset({Mode.IDENTIFY})),
    ]
    answer = permit(others, "door", Mode.VERIFY, _NOW, None)
    assert isinstance(answer, ConsentRefusal)
    assert answer.code is Code.WRONG_MODE


def test_only_receipts_that_allow_it_are_in_the_permit() -> None:
    allowed = _TERMS._replace(receipt_id=ReceiptId("r2"))
    expired = _TERMS._replace(receipt_id=ReceiptId("r3"), expires=_NOW - _DAY)
    answer = permit([allowed, expired], "door", Mode.VERIFY, _NOW, None)
    assert isinstance(answer, Permit)
    assert answer.receipts == {"r2"}


def test_a_study_permit_names_the_document_that_people_signed() -> None:
    assert permit_study("ab" * 32, _NOW).receipts == {f"study:{'ab' * 32}"}


@pytest.mark.parametrize("mode", [None, Mode.VERIFY, Mode.IDENTIFY])
@given(
    purpose=st.sampled_from(["door", "canteen"]),
    modes=st.frozensets(st.sampled_from(Mode), min_size=1),
    granted=st.integers(-3, 3),
    expires=st.integers(-3, 3),
    withdrawn=st.none() | st.integers(-3, 3),
)
def test_policy_never_permits_what_any_one_term_forbids(
    mode: Mode | None,
    purpose: str,
    modes: frozenset[Mode],
    granted: int,
    expires: int,
    withdrawn: int | None,
) -> None:
    terms = _TERMS._replace(
        purpose=purpose,
        modes=modes,
        granted=_NOW + granted * _DAY,
        expires=_NOW + expires * _DAY,
        withdrawn=None if withdrawn is None else _NOW + withdrawn * _DAY,
    )
    should_permit = (
        purpose == "door"
        and (mode is None or mode in modes)
        and granted <= 0 < expires
        and withdrawn is None
    )
    assert isinstance(permit([terms], "door", mode, _NOW, None), Permit) is should_permit
