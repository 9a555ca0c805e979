"""Signing in, staying signed in for a while, and signing out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chiso.core.access import Account, Actor, ApiKey, Role, Session
from chiso.core.consent import SubjectId
from chiso.core.credentials import Credentials
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import ReadTransaction
from chiso.services.access import accounts, keys
from chiso.services.access.codes import step_of
from chiso.services.access.keys import not_signed_in
from chiso.services.access.tokens import digest_of, new_secret
from chiso.services.home import Home

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
MOST_FAILURES = 100
"""In a row, from everywhere together (NIST SP 800-63B §5.2.2 allows no more). What one address may
try is the server's to limit: were it counted here, whoever knows a name could shut its owner out.
"""
LOCKED_FOR = timedelta(minutes=15)
_WRITTEN_EVERY = timedelta(minutes=1)
PERSON = "the person herself"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session as it is handed over: `secret` is shown this once, in a cookie."""

    secret: str
    session: Session


def sign_in(
    home: Home, credentials: Credentials, name: str, password: str, code: str
) -> NewSession:
    """Begin a session. `code`: six digits, where the account has an authenticator.

    Raises NOT_SIGNED_IN with one message, whatever was wrong: nobody learns by trying which names
    there are, or that a password was right and its code was not. Very many failures lock the
    account for a while.
    """
    now = home.clock.now()
    with home.store.reading() as view:
        account = accounts.account_named(view, name.strip())
    known = credentials.nobody if account is None else account.password_hash
    is_right = credentials.hasher.verify(known, accounts.in_one_form(password))
    if account is None or not _may_try(account, now):
        raise _refused()
    step = step_of(home, credentials, account, code) if is_right else None
    if step is None:
        _count_failure(home, account.account_id)
        raise _refused()
    with home.store.writing() as transaction:
        current = accounts.known_account(transaction, account.account_id)
        is_same = current.password_hash == account.password_hash
        is_fresh = account.totp_sealed is None or step > current.totp_last_step
        if not (is_same and is_fresh and _may_try(current, now)):
            raise _refused()
        last = max(step, current.totp_last_step)
        served = replace(current, failures=0, locked_until=None, totp_last_step=last)
        transaction.put_account(served)
        made = _session(home, account_id=account.account_id, lasts=IDLE)
        transaction.put_session(made.session)
    return made


def open_station(home: Home, secret: str) -> NewSession:
    """Begin a session of the station whose key this is.

    Raises NOT_SIGNED_IN where it is no key, and NOT_ALLOWED where it is no station's: a screen that
    stands where anyone may touch it is trusted with one station and its purposes, and no more.
    """
    key = keys.key_with(home, secret)
    if key.role is not Role.VERIFIER or key.station is None or not key.purposes:
        raise ChisoError(
            Code.NOT_ALLOWED,
            "This key is not for a station.",
            "Make one with the role verifier, the station's name, and the purposes it serves.",
        )
    return station_session(home, key)


def station_session(home: Home, key: ApiKey) -> NewSession:
    """Begin a session of the station that has this key: a day's work, also when nobody comes."""
    made = _session(home, key_id=key.key_id, lasts=LONGEST)
    with home.store.writing() as transaction:
        transaction.put_session(made.session)
    return made


def person_session(home: Home, subject_id: SubjectId) -> NewSession:
    """Begin a session of a person, who has shown who she is: it sees what is hers.

    Raises NOT_SIGNED_IN where she went meanwhile: nothing of hers is written any more.
    """
    made = _session(home, subject_id=subject_id, lasts=IDLE)
    with home.store.writing() as transaction:
        if transaction.subject_by_id(subject_id) is None:
            raise not_signed_in("There is nobody here whose this could be.")
        transaction.put_session(made.session)
    return made


def caller_of(home: Home, secret: str) -> Actor:
    """Whose session this is; it lasts another while.

    Raises NOT_SIGNED_IN where it is over, and NOT_ALLOWED where it is a station's: whoever passes
    may touch that screen, so it is nobody outside its kiosk.
    """
    now = home.clock.now()
    session, actor = _opened(home, secret)
    if session is None or actor is None:
        raise not_signed_in("You are not signed in, or no longer.")
    if session.key_id is not None:
        raise ChisoError(
            Code.NOT_ALLOWED,
            "This screen is a station's: it opens the kiosk, and nothing else.",
            "Go on at /kiosk. To do anything else here, sign in with an account at /sign-in.",
        )
    until = min(now + IDLE, session.created + LONGEST)
    if until - session.expires >= _WRITTEN_EVERY:
        with home.store.writing() as transaction:
            if transaction.session(session.token_sha256) is not None:
                transaction.put_session(replace(session, expires=until))
    return actor


def station_of(home: Home, secret: str) -> Actor | None:
    """The station whose screen has this session; None where that is over, or someone else's."""
    session, actor = _opened(home, secret)
    return actor if session is not None and session.key_id is not None else None


def sign_out(home: Home, secret: str) -> None:
    """End a session. One that is over already is none."""
    with home.store.writing() as transaction:
        transaction.remove_session(digest_of(secret))


def _opened(home: Home, secret: str) -> tuple[Session | None, Actor | None]:
    now = home.clock.now()
    with home.store.reading() as view:
        session = view.session(digest_of(secret))
        is_over = session is None or session.expires <= now
        return session, None if session is None or is_over else _actor(view, session, now)


def _actor(view: ReadTransaction, session: Session, now: datetime) -> Actor | None:
    if session.account_id is not None:
        account = view.account(session.account_id)
        is_open = account is not None and account.disabled is None
        return accounts.actor_of(account) if account is not None and is_open else None
    if session.subject_id is not None:
        if view.subject_by_id(session.subject_id) is None:
            return None
        return Actor(PERSON, Role.SUBJECT, None, subject_id=session.subject_id)
    for key in view.api_keys():
        if key.key_id == session.key_id and key.revoked is None and key.expires > now:
            return replace(keys.actor_of(key), scopes=frozenset())  # anyone may touch its screen
    return None


def _session(
    home: Home,
    *,
    lasts: timedelta,
    account_id: str | None = None,
    subject_id: SubjectId | None = None,
    key_id: str | None = None,
) -> NewSession:
    secret, now = new_secret(home, "session"), home.clock.now()
    session = Session(digest_of(secret), account_id, subject_id, key_id, now, now + lasts)
    return NewSession(secret, session)


def _may_try(account: Account, now: datetime) -> bool:
    is_locked = account.locked_until is not None and account.locked_until > now
    return account.disabled is None and not is_locked


def _count_failure(home: Home, account_id: str) -> None:
    with home.store.writing() as transaction:
        account = accounts.known_account(transaction, account_id)
        counted = replace(account, failures=account.failures + 1, locked_until=None)
        if counted.failures >= MOST_FAILURES:
            until = home.clock.now() + LOCKED_FOR
            counted = replace(counted, failures=0, locked_until=until)
            facts = accounts.facts_of(counted)
            accounts.tell(home, transaction, home.asked_by, "account-locked", facts)
        transaction.put_account(counted)


def _refused() -> ChisoError:
    return ChisoError(
        Code.NOT_SIGNED_IN,
        "That name, password and code do not sign you in.",
        f"Check all three. After {MOST_FAILURES} failures in a row an account is closed for "
        f"{LOCKED_FOR.seconds // 60} minutes, whoever failed.",
    )
