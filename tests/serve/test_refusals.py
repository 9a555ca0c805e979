"""Nobody learns who is known: refusals for lack of consent say the same, after the same steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from tests.serve.conftest import PURPOSE

from chiso.core.access import Role
from chiso.core.consent import Mode
from chiso.interfaces.serve.app import create_app
from chiso.services.cards.issue import issue_from_photo
from chiso.services.enrol import Agreement, Photo
from chiso.services.serving.pace import Pace
from chiso.services.serving.service import Service

PhotoOf = Callable[..., bytes]
KeyOf = Callable[..., dict[str, str]]
_STEP_S = 0.25


@dataclass
class _Clock:
    """A clock that tells `took_s` more each time it is asked; who sleeps moves it too."""

    took_s: float
    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        self.at += self.took_s
        return self.at

    async def sleep(self, s: float) -> None:
        self.slept.append(s)
        self.at += s


@pytest.fixture
def only_a_card(service: Service, photo_of: PhotoOf) -> str:
    """Someone of whom the home keeps no template; returns her label."""
    agreement = Agreement(
        "only a card", PURPOSE, frozenset({Mode.VERIFY}), datetime(2099, 1, 1, tzinfo=UTC), "0" * 64
    )
    issue_from_photo(service.home, agreement, Photo("006", photo_of("006", "neutral")))
    return agreement.subject


@pytest.mark.parametrize("took_s", [0.0, 0.01, 0.25, 0.3, 1.9])
def test_refusals_end_at_whole_steps_however_long_the_work_took(
    service: Service, key_of: KeyOf, photo_of: PhotoOf, only_a_card: str, took_s: float
) -> None:
    station, ends, answers = key_of(Role.VERIFIER), [], []
    for label, purpose in (
        ("nobody", PURPOSE),
        ("001", "school gate"),
        ("nobody", "school gate"),
        (only_a_card, PURPOSE),
    ):
        clock = _Clock(took_s)
        app = create_app(replace(service, pace=Pace(_STEP_S, clock.now, clock.sleep)))
        client = TestClient(app, base_url="http://127.0.0.1:8730")
        answer = client.post(
            "/v1/verifications",
            params={"subject": label, "purpose": purpose},
            content=photo_of("001"),
            headers=station | {"Content-Type": "image/jpeg"},
        )
        assert len(clock.slept) == 1
        ends.append(clock.at - took_s)
        answers.append((answer.status_code, answer.json()["code"]))
    assert set(answers) == {(403, "no-consent")}
    assert len(set(ends)) == 1
    steps = ends[0] / _STEP_S
    assert steps >= 1
    assert steps == pytest.approx(round(steps))


def test_whoever_may_not_read_who_is_known_does_not_learn_it_of_someone_with_a_card(
    client: TestClient, key_of: KeyOf, photo_of: PhotoOf, only_a_card: str
) -> None:
    def answered(role: Role, label: str) -> tuple[int, dict[str, str]]:
        headers = key_of(role) | {"Content-Type": "image/jpeg"}
        params = {"subject": label, "purpose": PURPOSE}
        said = client.post(
            "/v1/verifications", params=params, content=photo_of("006"), headers=headers
        )
        return said.status_code, said.json()

    assert answered(Role.VERIFIER, only_a_card) == answered(Role.VERIFIER, "nobody")
    status, document = answered(Role.ENROLLER, only_a_card)
    assert (status, document["code"]) == (409, "reference-missing")
    assert "If she carries a card" in document["hint"]
