"""Accounts: made by links that work once, locked after failures, and codes that serve once."""

from __future__ import annotations

from base64 import b32decode
from dataclasses import replace
from datetime import datetime, timedelta

import pyotp
import pytest
from tests.serve.console import PASSWORD, Console, Page

from chiso.core.access import Account, Role, Session
from chiso.core.errors import ChisoError, Code
from chiso.core.events import EventType
from chiso.services import log_reading
from chiso.services.access import accounts, codes, sessions
from chiso.services.access.tokens import digest_of
from chiso.services.home import Home


class _Later:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def _later(home: Home, by: timedelta) -> Home:
    return replace(home, clock=_Later(home.clock.now() + by))


def _with_codes(console: Console) -> tuple[str, pyotp.TOTP, int]:
    """An account that asks for codes, its authenticator, and the step of the first code."""
    home, credentials = console.service.home, console.service.credentials
    name = console.account(Role.ADMIN)
    account = next(each for each in _accounts(home) if each.name == name)
    proposed = codes.propose(home, credentials, account)
    totp = pyotp.TOTP(proposed.secret)
    step = int(home.clock.now().timestamp()) // 30
    codes.confirm(home, credentials, account, proposed.sealed, totp.generate_otp(step))
    return name, totp, step


def _accounts(home: Home) -> list[Account]:
    with home.store.reading() as view:
        return view.accounts()


def test_a_link_makes_one_account_and_signs_it_in(console: Console) -> None:
    path = console.invited(Role.ENROLLER).path
    assert console.get(path).status_code == 200
    fields = {"name": "Tendai", "password": PASSWORD, "again": PASSWORD}
    made = console.post(path, **fields)
    assert (made.status_code, made.headers["Location"]) == (303, "/")
    assert "Tendai" in console.get("/").text
    assert console.get(path).status_code == 404
    assert console.post(path, **{**fields, "name": "Another"}).status_code == 404
    assert [each.name for each in _accounts(console.service.home)] == ["Tendai"]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Tendai", "password": "short", "again": "short"},
        {"name": "Tendai", "password": PASSWORD, "again": PASSWORD + "."},
        {"name": "  ", "password": PASSWORD, "again": PASSWORD},
        {"name": "taken", "password": PASSWORD, "again": PASSWORD},
    ],
)
def test_what_makes_no_account_leaves_the_link_as_it_was(
    console: Console, fields: dict[str, str]
) -> None:
    console.account(Role.AUDITOR, "taken")
    path = console.invited(Role.AUDITOR).path
    refused = console.post(path, **fields)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert console.get(path).status_code == 200


def test_the_first_start_gives_one_link_and_each_start_ends_the_one_before(
    console: Console,
) -> None:
    first = accounts.set_up(console.service.home)
    second = accounts.set_up(console.service.home)
    assert first is not None
    assert second is not None
    assert console.get(first.path).status_code == 404
    fields = {"name": "Tendai", "password": PASSWORD, "again": PASSWORD}
    assert console.post(second.path, **fields).status_code == 303
    assert accounts.set_up(console.service.home) is None


def test_a_link_ends_by_itself(console: Console) -> None:
    invited = accounts.set_up(console.service.home)
    assert invited is not None
    token = invited.path.rsplit("/", 1)[1]
    with pytest.raises(ChisoError) as refused:
        accounts.invitation(_later(console.service.home, timedelta(days=1)), token)
    assert refused.value.code is Code.LINK_ENDED


def test_passwords_and_tokens_are_in_no_file(console: Console) -> None:
    signed_in = console.sign_in(Role.ADMIN)
    secret = signed_in.cookies["chiso"]
    invited = console.invited(Role.ADMIN).path.rsplit("/", 1)[1]
    for file in console.service.home.path.iterdir():
        content = file.read_bytes()
        for kept_nowhere in (PASSWORD, secret, invited):
            assert kept_nowhere.encode() not in content
    with console.service.home.store.reading() as view:
        (account,) = view.accounts()
    assert account.password_hash.startswith("$argon2id$")


def test_an_unknown_name_a_wrong_password_and_a_missing_code_are_answered_alike(
    console: Console,
) -> None:
    name, _, _ = _with_codes(console)
    console.account(Role.AUDITOR, "Rufaro")
    answers = [
        console.post("/sign-in", name="somebody", password=PASSWORD),
        console.post("/sign-in", name="Rufaro", password="not her password"),
        console.post("/sign-in", name=name, password=PASSWORD),
    ]
    assert {answer.status_code for answer in answers} == {401}
    texts = {
        answer.text.replace(f'value="{asked}"', "")
        for answer, asked in zip(answers, ("somebody", "Rufaro", name), strict=True)
    }
    assert len(texts) == 1


def test_an_unknown_name_costs_a_hash_as_well(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    class Counting:
        def hash(self, password: str) -> str:
            raise AssertionError

        def verify(self, password_hash: str, password: str) -> bool:
            tried.append(password_hash)
            return False

    credentials = replace(console.service.credentials, hasher=Counting())
    with pytest.raises(ChisoError):
        sessions.sign_in(console.service.home, credentials, "nobody", "x" * 12, "")
    assert tried == [credentials.nobody]


def test_a_hundred_failures_lock_an_account_for_a_while_and_the_log_says_so(
    console: Console,
) -> None:
    name = console.account(Role.ENROLLER)
    home, credentials = console.service.home, console.service.credentials
    (account,) = _accounts(home)
    with home.store.writing() as transaction:
        transaction.put_account(replace(account, failures=sessions.MOST_FAILURES - 1))
    with pytest.raises(ChisoError):
        sessions.sign_in(home, credentials, name, "not her password", "")
    with pytest.raises(ChisoError) as refused:
        sessions.sign_in(home, credentials, name, PASSWORD, "")
    assert refused.value.code is Code.NOT_SIGNED_IN
    later = _later(home, sessions.LOCKED_FOR)
    assert sessions.sign_in(later, credentials, name, PASSWORD, "").secret
    told = log_reading.read(home, None, EventType.ACCESS_CHANGED, 1).leaves[0].said
    assert told is not None
    assert (told["change"], told["name"]) == ("account-locked", name)


def test_a_code_signs_in_once(console: Console) -> None:
    name, totp, step = _with_codes(console)
    home, credentials = console.service.home, console.service.credentials
    with pytest.raises(ChisoError):  # the one that switched codes on was its first use
        sessions.sign_in(home, credentials, name, PASSWORD, totp.generate_otp(step))
    later = _later(home, timedelta(seconds=60))
    code = totp.generate_otp(step + 2)
    assert sessions.sign_in(later, credentials, name, PASSWORD, code).secret
    for used in (code, totp.generate_otp(step + 1)):
        with pytest.raises(ChisoError) as refused:
            sessions.sign_in(later, credentials, name, PASSWORD, used)
        assert refused.value.code is Code.NOT_SIGNED_IN


def test_the_secret_of_an_authenticator_lies_sealed(console: Console) -> None:
    _, totp, _ = _with_codes(console)
    secret = b32decode(totp.secret)
    for file in console.service.home.path.iterdir():
        content = file.read_bytes()
        assert secret not in content
        assert totp.secret.encode() not in content


def test_a_proposed_secret_belongs_to_one_account(console: Console) -> None:
    home, credentials = console.service.home, console.service.credentials
    console.account(Role.ADMIN, "Tendai")
    console.account(Role.ADMIN, "Rufaro")
    rufaro, tendai = _accounts(home)
    proposed = codes.propose(home, credentials, tendai)
    code = pyotp.TOTP(proposed.secret).at(home.clock.now())
    for wrong in (proposed.sealed, "not base64", ""):
        with pytest.raises(ChisoError) as refused:
            codes.confirm(home, credentials, rufaro, wrong, code)
        assert refused.value.code is Code.BAD_ARGUMENT


def test_a_session_ends_when_idle_and_after_half_a_day(console: Console) -> None:
    name = console.account(Role.ENROLLER)
    home, credentials = console.service.home, console.service.credentials
    secret = sessions.sign_in(home, credentials, name, PASSWORD, "").secret
    idle = timedelta(minutes=25)
    assert sessions.caller_of(_later(home, idle), secret).name == f"account {name}"
    assert sessions.caller_of(_later(home, 2 * idle), secret).name == f"account {name}"
    with pytest.raises(ChisoError):
        sessions.caller_of(_later(home, 2 * idle + sessions.IDLE), secret)
    busy = sessions.sign_in(home, credentials, name, PASSWORD, "").secret
    for minutes in range(25, 12 * 60, 25):
        sessions.caller_of(_later(home, timedelta(minutes=minutes)), busy)
    with pytest.raises(ChisoError):
        sessions.caller_of(_later(home, sessions.LONGEST), busy)


def test_a_disabled_account_is_out_at_its_next_click(console: Console) -> None:
    console.sign_in(Role.ENROLLER)
    assert console.get("/account").status_code == 200
    home = console.service.home
    (account,) = _accounts(home)
    accounts.disable(home, accounts.actor_of(replace(account, role=Role.ADMIN)), account.account_id)
    assert str(console.get("/account").url).endswith("/sign-in?back=%2Faccount")
    again = console.post("/sign-in", name=account.name, password=PASSWORD)
    assert again.status_code == 401


def test_a_new_password_ends_every_session(console: Console) -> None:
    console.sign_in(Role.ENROLLER)
    fields = {"current": "not it at all", "password": "another good one", "again": ""}
    fields["again"] = fields["password"]
    assert console.post("/account/password", **fields).status_code == 400
    changed = console.post("/account/password", **{**fields, "current": PASSWORD})
    assert changed.headers["Location"] == "/sign-in"
    assert "/sign-in" in str(console.get("/account").url)
    assert console.post("/sign-in", name="Tendai", password=PASSWORD).status_code == 401
    signed_in = console.post("/sign-in", name="Tendai", password="another good one")
    assert signed_in.status_code == 303


def test_a_session_that_was_forged_or_ended_is_nobodys(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    secret = console.client.cookies["chiso"]
    console.post("/sign-out")
    home = console.service.home
    now = home.clock.now()
    with home.store.writing() as transaction:  # of an account that never was
        token = digest_of("forged")
        transaction.put_session(
            Session(token, "no-account", None, None, now, now + timedelta(hours=1))
        )
    for each in (secret, "forged", "chiso_session_unknown"):
        with pytest.raises(ChisoError) as refused:
            sessions.caller_of(home, each)
        assert refused.value.code is Code.NOT_SIGNED_IN


def test_after_a_wrong_code_the_picture_is_the_one_that_her_phone_has_read(
    console: Console,
) -> None:
    console.sign_in(Role.ADMIN)
    first = Page(console.get("/account").text)
    (sealed,) = (each["value"] for each in first.all("input") if each.get("name") == "proposed")
    assert sealed is not None
    wrong = console.post("/account/codes", proposed=sealed, code="000000")
    assert wrong.status_code == 400
    (again,) = (
        each["value"] for each in Page(wrong.text).all("input") if each.get("name") == "proposed"
    )
    home, credentials = console.service.home, console.service.credentials
    (account,) = _accounts(home)
    before = codes.propose(home, credentials, account, sealed)
    assert before.secret in wrong.text
    code = pyotp.TOTP(before.secret).at(home.clock.now())
    assert console.post("/account/codes", proposed=again or "", code=code).status_code == 303


def test_an_authenticator_is_not_replaced_without_the_password(console: Console) -> None:
    home, credentials = console.service.home, console.service.credentials
    _with_codes(console)
    (account,) = _accounts(home)
    proposed = codes.propose(home, credentials, account)
    code = pyotp.TOTP(proposed.secret).at(home.clock.now())
    with pytest.raises(ChisoError, match="asks for codes already"):
        codes.confirm(home, credentials, account, proposed.sealed, code)
    assert _accounts(home) == [account]


def test_an_invitation_ends_with_the_account_that_made_it(console: Console) -> None:
    home = console.service.home
    console.account(Role.ADMIN, "Tendai")
    console.account(Role.ADMIN, "Rufaro")
    rufaro, tendai = (accounts.actor_of(each) for each in _accounts(home))
    hers = accounts.invite(home, tendai, Role.ADMIN).path
    another_s = accounts.invite(home, rufaro, Role.ADMIN).path
    accounts.disable(home, rufaro, accounts.own_account(home, tendai).account_id)
    fields = {"name": "Back Again", "password": PASSWORD, "again": PASSWORD}
    assert console.get(hers).status_code == 404
    assert console.post(hers, **fields).status_code == 404
    assert console.post(another_s, **fields).status_code == 303
