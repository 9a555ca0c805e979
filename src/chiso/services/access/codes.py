"""One-time codes of an account (RFC 6238): set up, checked, and never taken twice."""

from __future__ import annotations

from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, replace

from chiso.core.access import Account
from chiso.core.credentials import Credentials
from chiso.core.errors import ChisoError, Code
from chiso.services.access import accounts
from chiso.services.home import Home

_SECRET_BYTES = 20
"""As many as RFC 4226 §4 recommends."""
_KEY = "totp/1"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A secret that an authenticator may take over. Nothing is kept until a code confirms it.

    `sealed` comes back with the code, so that the server remembers nothing in between.
    """

    secret: str
    """Base32, to type in."""
    uri: str
    sealed: str


def propose(home: Home, credentials: Credentials, account: Account, before: str = "") -> Proposed:
    """A new secret for an account's authenticator; that of `before`, where it has one already."""
    known = _proposed(home, credentials, account, before)
    secret = home.randomness.token(_SECRET_BYTES) if known is None else known
    sealed = credentials.sealer.seal(secret, _key(home), _bound_to(account, "proposed"))
    uri = credentials.codes.provisioning_uri(secret, account.name, f"Chiso {home.controller}")
    return Proposed(b32encode(secret).decode(), uri, urlsafe_b64encode(sealed).decode())


def confirm(
    home: Home, credentials: Credentials, account: Account, proposed: str, code: str
) -> None:
    """Ask for codes from now on. Raises BAD_ARGUMENT where this is not the code of that secret."""
    secret = _proposed(home, credentials, account, proposed)
    step = None
    if secret is not None:
        step = credentials.codes.matching_step(secret, _digits(code), home.clock.now())
    if secret is None or step is None:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "That is not the code that your authenticator shows.",
            "Check the clock of the phone, and type the six digits that it shows now.",
        )
    kept = credentials.sealer.seal(secret, _key(home), _bound_to(account, "kept"))
    with home.store.writing() as transaction:
        found = accounts.known_account(transaction, account.account_id)
        if found.totp_sealed is not None:
            raise ChisoError(
                Code.BAD_ARGUMENT,
                "This account asks for codes already, and nothing was changed.",
                "To use another authenticator, ask for codes no more first, with your password.",
            )
        changed = replace(found, totp_sealed=kept, totp_last_step=step)
        transaction.put_account(changed)
        name, facts = accounts.actor_of(changed).name, accounts.facts_of(changed)
        accounts.tell(home, transaction, name, "codes-on", facts)


def stop(home: Home, credentials: Credentials, account: Account, password: str) -> None:
    """Ask for codes no more. Raises NOT_ALLOWED where the password is another."""
    accounts.require_password(credentials, account, password)
    with home.store.writing() as transaction:
        found = accounts.known_account(transaction, account.account_id)
        changed = replace(found, totp_sealed=None)
        transaction.put_account(changed)
        name, facts = accounts.actor_of(changed).name, accounts.facts_of(changed)
        accounts.tell(home, transaction, name, "codes-off", facts)


def step_of(home: Home, credentials: Credentials, account: Account, code: str) -> int | None:
    """The time step of this code, if it was not used; 0 where the account asks for none."""
    if account.totp_sealed is None:
        return 0
    secret = credentials.sealer.open(account.totp_sealed, _key(home), _bound_to(account, "kept"))
    if secret is None:
        raise ChisoError(
            Code.STORE_DAMAGED,
            f"The authenticator of the account {account.name!r} does not open.",
            "It was changed outside Chiso. Keep a copy of the home, and restore it from a backup.",
        )
    step = credentials.codes.matching_step(secret, _digits(code), home.clock.now())
    return None if step is None or step <= account.totp_last_step else step


def _proposed(home: Home, credentials: Credentials, account: Account, sealed: str) -> bytes | None:
    try:
        content = urlsafe_b64decode(sealed)
    except (NotBase64, ValueError):
        return None
    return credentials.sealer.open(content, _key(home), _bound_to(account, "proposed"))


def _key(home: Home) -> bytes:
    return home.signer.derive(_KEY)


def _bound_to(account: Account, what: str) -> bytes:
    return f"{_KEY}\x00{what}\x00{account.account_id}".encode()


def _digits(code: str) -> str:
    return "".join(each for each in code if each.isdigit())
