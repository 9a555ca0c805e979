"""Calls a served home with what its OpenAPI allows and with what it does not; counts 5xx.

python -m bench.fuzz_api --minutes 30 [--seed 1]

The home is a temporary one with three volunteers. Ids, cards and photos are true ones half of the
time, so that calls reach beyond the checks of their form. Status 1 where an answer was a 5xx, or
was not what the OpenAPI document says.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.serve.listening import listening

from bench import london
from chiso import wiring, wiring_serve
from chiso.core.access import Role, Scope
from chiso.core.consent import Mode
from chiso.services.access.accounts import accept, invite
from chiso.services.access.keys import WantedKey, issue_key, machine_operator
from chiso.services.access.sessions import NewSession, person_session, sign_in
from chiso.services.cards.issue import NewCard, issue_from_photo
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.serving.limits import Limit
from chiso.services.serving.service import Service, ServiceSettings

PURPOSE = "clinic door"
_PEOPLE = ("001", "003", "005")
_CALLER = "fuzz"
"""What keys are called that calls are made with: no call is told their ids, or it would end all."""
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_PATIENCE_S = 60.0
_OFTEN = Limit(1_000_000, timedelta(minutes=1))
UNLIMITED = replace(
    ServiceSettings(),
    per_key=_OFTEN,
    per_subject=_OFTEN,
    per_station=_OFTEN,
    per_sign_in=_OFTEN,
    refused_after_s=0.0,
)
"""Nothing is refused for being tried too often: that would hide what it does when it is let in."""


@dataclass
class Tally:
    """What was answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    by_call: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "none")
    """The longest that a call took, in seconds, and which it was."""

    @property
    def cases(self) -> int:
        """How many calls were made."""
        return sum(self.statuses.values())

    @property
    def server_errors(self) -> int:
        """How many answers were a 5xx."""
        return sum(count for status, count in self.statuses.items() if status >= 500)


@dataclass(frozen=True)
class Target:
    """A served home: where, whom calls are made as, and what there is in it."""

    service: Service
    url: str
    callers: Sequence[dict[str, str]]
    photos: Sequence[bytes]
    cards: list[str] = field(default_factory=list)
    """What the codes of cards say that were issued."""

    def ids(self) -> dict[str, list[str]]:
        """Ids that paths may name, as of now."""
        with self.service.home.store.reading() as view:
            return {
                "subject_id": [each.subject_id for each in view.subjects()],
                "receipt_id": [each.terms.receipt_id for each in view.receipts()],
                "record_id": [each.record_id for each in view.thresholds()],
                "card_id": [each.card_id for each in view.cards()],
                "key_id": [
                    each.key_id for each in view.api_keys() if not each.name.startswith(_CALLER)
                ],
            }

    def person(self) -> dict[str, str]:
        """Someone who is enrolled, as a caller: signed in anew, since she may have withdrawn."""
        with self.service.home.store.reading() as view:
            first = view.subjects()[0]
        return _cookie(person_session(self.service.home, first.subject_id))


def callers_of(service: Service) -> list[dict[str, str]]:
    """Nobody, an account, and keys of each role; of those that may most, several."""
    home, credentials, password = service.home, service.credentials, secrets.token_urlsafe()
    token = invite(home, machine_operator(home), Role.ADMIN).path.rpartition("/")[2]
    name = accept(home, credentials, token, "Chipo", password).name
    made = [{}, _cookie(sign_in(home, credentials, name, password, ""))]
    end = datetime.now(UTC) + timedelta(days=1)
    for role in (*[Role.ADMIN] * 4, Role.ENROLLER, Role.ENROLLER, Role.VERIFIER, Role.AUDITOR):
        wanted = WantedKey(f"{_CALLER} {role}", role, None, frozenset(Scope), "front door", end)
        secret = issue_key(home, machine_operator(home), wanted).secret
        made.append({"Authorization": f"Bearer {secret}"})
    return made


def _cookie(session: NewSession) -> dict[str, str]:
    return {"Cookie": f"chiso={session.secret}", "Sec-Fetch-Site": "same-origin"}


def fuzz(target: Target, for_s: float, first_seed: int, at_once: int) -> Tally:
    """Call every operation in turn, `at_once` cases each, until the time is over."""
    tally, chance = Tally(), random.Random(first_seed)
    schema = schemathesis.openapi.from_url(f"{target.url}/v1/openapi.json")
    operations = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    assert len(operations) == len(list(schema.get_all_operations()))
    until, number = time.monotonic() + for_s, first_seed
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    while time.monotonic() < until:
        chance.shuffle(operations)
        for operation in operations:
            number += 1
            mode = modes[number % 2]
            if mode is modes[1] and not (operation.body or len(list(operation.iter_parameters()))):
                mode = modes[0]  # nothing in it can be wrong
            if time.monotonic() >= until:
                break
            _try(target, operation, mode, number, at_once, tally, chance)
    return tally


def _try(
    target: Target,
    operation: Any,
    mode: Any,
    number: int,
    cases: int,
    tally: Tally,
    chance: random.Random,
) -> None:
    _restock(target)
    known, callers = target.ids(), [*target.callers, target.person()]

    @seed(number)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        _make_true(case, known, target, chance)
        headers = chance.choice(callers)
        if "Cookie" in headers:
            case.headers.pop("Authorization", None)  # made up, and it would count instead
        name, began = f"{operation.method.upper()} {operation.path}", time.monotonic()
        try:
            answer = case.call(headers=headers, timeout=_PATIENCE_S)
        except OSError as error:  # what its client raises where nothing is answered
            tally.failures.append(f"{name}: {error}")
            return
        tally.slowest = max(tally.slowest, (time.monotonic() - began, name))
        tally.statuses[answer.status_code] += 1
        tally.by_call[name] += 1
        try:
            case.validate_response(answer, checks=_CHECKS, headers=headers)
        except (Failure, FailureGroup) as error:
            tally.failures.append(f"{case.as_curl_command()}\n{answer.status_code}: {error}")

    one()


def _make_true(
    case: Any, known: dict[str, list[str]], target: Target, chance: random.Random
) -> None:
    """Name what there is, half of the time."""
    for name in case.path_parameters or {}:
        if known.get(name) and chance.random() < 0.5:
            case.path_parameters[name] = chance.choice(known[name])
    if isinstance(case.query, dict) and "purpose" in case.query and chance.random() < 0.5:
        case.query["purpose"] = PURPOSE
        if "subject" in case.query:
            case.query["subject"] = chance.choice(_PEOPLE)
    if isinstance(case.body, bytes) and chance.random() < 0.3:
        case.body = chance.choice(target.photos)
    if isinstance(case.body, dict) and chance.random() < 0.5:
        _make_form_true(case.body, known, target, chance)


def _make_form_true(
    form: dict[str, Any], known: dict[str, list[str]], target: Target, chance: random.Random
) -> None:
    if "subject_id" in form and known["subject_id"]:
        form["subject_id"] = chance.choice(known["subject_id"])
    if "photo" in form:
        one = chance.choice(target.photos)
        form["photo"] = [one] if isinstance(form["photo"], list) else one
    if "subject" in form:
        agreed = {
            "purpose": PURPOSE,
            "guardian": "Chipo",
            "language": "en",
            "expires": "2090-01-01",
        }
        form |= {"subject": chance.choice(_PEOPLE), **agreed}
    if "modes" in form:
        form["modes"] = "verify"
    if "role" in form:
        hour = datetime.now(UTC) + timedelta(hours=1)
        form |= {"name": "side door", "expires": hour.isoformat()}
    if "card" in form:
        form["card"] = chance.choice(target.cards)


def _restock(target: Target) -> None:
    """Make again what calls have ended: otherwise there would soon be nothing to call about."""
    home, end = target.service.home, datetime(2099, 1, 1, tzinfo=UTC)
    with home.store.reading() as view:
        gone = [label for label in _PEOPLE if view.subject(label) is None]
        has_card = any(each.revoked is None for each in view.cards())
        has_key = any(
            each.revoked is None and not each.name.startswith(_CALLER) for each in view.api_keys()
        )
    for label in gone if len(gone) > 1 else ():
        agreement = Agreement(label, PURPOSE, frozenset(Mode), end, "0" * 64)
        done = enrol(home, agreement, [_photo(target, label)])
        assert isinstance(done, Enrolled), done
    if not has_card:
        label = _PEOPLE[0]
        agreement = Agreement(label, PURPOSE, frozenset(Mode), end, "0" * 64)
        made = issue_from_photo(home, agreement, _photo(target, label), keep_references=True)
        assert isinstance(made, NewCard), made
        target.cards[:] = [made.code]
    if not has_key:
        wanted = WantedKey("side door", Role.VERIFIER, None, frozenset(), None, end)
        issue_key(home, machine_operator(home), wanted)


def _photo(target: Target, label: str) -> Photo:
    return Photo(label, target.photos[_PEOPLE.index(label) % len(target.photos)])


def main() -> int:
    """Fuzz, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz_api", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    photos = london.folder()
    if photos is None:
        print("No London photos: name their folder in CHISO_LONDON.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "home"
        wiring.make_home(directory, "Mbare Clinic", "offline")[0].store.close()
        service = wiring_serve.open_service(directory, UNLIMITED, is_secure=False)
        true = [(photos / f"{number}_neutral.jpg").read_bytes() for number in _PEOPLE]
        with listening(service) as url:
            target = Target(service, url, callers_of(service), true)
            tally = fuzz(target, options.minutes * 60, options.seed, 25)
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(tally.statuses.items()))
    print(f"{tally.cases} cases of {len(tally.by_call)} calls; {tally.server_errors} were 5xx.")
    print(f"Answers: {counts}. Slowest: {tally.slowest[0]:.1f} s, {tally.slowest[1]}.")
    for failure in tally.failures[:20]:
        print(f"\n{failure}")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
