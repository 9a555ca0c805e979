"""Limits on attempts: they hold, and neither memory nor work grows with what was tried before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.serve.conftest import served

from chiso.core.access import Role
from chiso.core.errors import ChisoError, Code
from chiso.services.access.keys import WantedKey, issue_key, machine_operator
from chiso.services.access.sessions import person_session
from chiso.services.serving.limits import Attempts, Limit, too_many
from chiso.services.serving.service import ServiceSettings

_NOW = datetime(2026, 11, 25, tzinfo=UTC)
_NEVER = datetime(2099, 1, 1, tzinfo=UTC)
_TWO_A_MINUTE = Limit(2, timedelta(minutes=1))


class _Counted(datetime):
    """An instant that counts how often one is compared."""

    compared = 0

    def __le__(self, other: datetime) -> bool:  # type: ignore[override]
        _Counted.compared += 1
        return super().__le__(other)

    def __lt__(self, other: datetime) -> bool:  # type: ignore[override]
        _Counted.compared += 1
        return super().__lt__(other)

    def __gt__(self, other: datetime) -> bool:  # type: ignore[override]
        _Counted.compared += 1
        return super().__gt__(other)


def _instant(second: int) -> datetime:
    return _Counted.fromtimestamp(second, UTC)


def test_what_was_tried_too_often_says_when_it_may_be_tried_again() -> None:
    attempts = Attempts(_TWO_A_MINUTE)
    for second in (0, 10):
        attempts.note(("her",), _NOW + timedelta(seconds=second))
    with pytest.raises(ChisoError) as refused:
        attempts.note(("her",), _NOW + timedelta(seconds=20))
    assert (refused.value.code, refused.value.retry_after_s) == (Code.TOO_MANY_ATTEMPTS, 40)
    attempts.note(("another",), _NOW + timedelta(seconds=20))
    attempts.note(("her",), _NOW + timedelta(seconds=60))


def test_what_was_not_compared_is_taken_back_and_what_was_stays_counted() -> None:
    attempts = Attempts(_TWO_A_MINUTE)
    attempts.take_back(("her",))
    attempts.note(("her",), _NOW)
    for _ in range(5):
        attempts.note(("her",), _NOW)
        attempts.take_back(("her",))
    attempts.note(("her",), _NOW)
    with pytest.raises(ChisoError):
        attempts.note(("her",), _NOW)
    attempts.forgive(("her",))
    attempts.note(("her",), _NOW)
    attempts.take_back(("her",))
    attempts.note(("another",), _NOW + timedelta(hours=1))
    assert attempts.kept == 1


def test_a_wait_of_minutes_is_said_in_minutes() -> None:
    assert "Try again in 5 minutes." in too_many(296).hint
    assert "Try again in 40 s." in too_many(40).hint


def test_what_succeeded_is_forgiven() -> None:
    attempts = Attempts(_TWO_A_MINUTE)
    for _ in range(10):
        attempts.note(("her",), _NOW)
        attempts.forgive(("her",))
    assert attempts.kept == 0


def test_no_more_attempts_are_remembered_than_there_is_room_for() -> None:
    attempts = Attempts(Limit(20, timedelta(hours=1)), kept_at_most=50)
    for second in range(1000):
        attempts.note((str(second % 300),), _NOW + timedelta(seconds=second))
        assert attempts.kept <= 50
    for _ in range(20):
        attempts.note(("299",), _NOW + timedelta(seconds=1000))
    with pytest.raises(ChisoError):
        attempts.note(("299",), _NOW + timedelta(seconds=1000))


def test_what_is_over_is_forgotten_though_nobody_tries_it_again() -> None:
    attempts = Attempts(_TWO_A_MINUTE)
    for number in range(100):
        attempts.note((str(number),), _NOW)
    attempts.note(("last",), _NOW + timedelta(minutes=2))
    assert attempts.kept == 1


def test_keys_that_are_called_the_same_have_each_their_own_calls(
    home_directory: Path, photo_of: Callable[..., bytes]
) -> None:
    with served(home_directory, replace(ServiceSettings(), per_key=_TWO_A_MINUTE)) as both:
        service, client = both
        wanted = WantedKey("door", Role.VERIFIER, None, frozenset(), None, _NEVER)
        one, other = (
            issue_key(service.home, machine_operator(service.home), wanted).secret for _ in "ab"
        )

        def detects(secret: str) -> int:
            headers = {"Authorization": f"Bearer {secret}", "Content-Type": "image/jpeg"}
            answer = client.post("/v1/detections", content=photo_of("001"), headers=headers)
            return int(answer.status_code)

        assert [detects(one) for _ in range(3)] == [200, 200, 429]
        assert detects(other) == 200


def test_an_attempt_costs_the_same_however_many_were_tried_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_Counted, "compared", 0)
    attempts = Attempts(Limit(2, timedelta(hours=1)), kept_at_most=100)
    for second in range(2000):
        attempts.note((str(second),), _instant(second))
    assert _Counted.compared <= 4 * 2000


def test_one_person_s_calls_are_not_counted_as_another_s(home_directory: Path) -> None:
    settings = replace(ServiceSettings(), per_key=_TWO_A_MINUTE)
    with served(home_directory, settings) as (service, client):
        with service.home.store.reading() as view:
            people = [view.subject(label) for label in ("001", "003")]
        answers = []
        for subject in people:
            assert subject is not None
            secret = person_session(service.home, subject.subject_id).secret
            for _ in range(3):
                answers.append(client.get("/v1/receipts", headers={"Cookie": f"chiso={secret}"}))
    assert [each.status_code for each in answers] == [200, 200, 429] * 2
    assert int(answers[2].headers["Retry-After"]) > 0
