"""Accounts of the console: made by one-time links, with passwords, until they are disabled."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chiso.core.access import Account, Action, Actor, Invitation, Resource, Role, Scope
from chiso.core.canonical import JsonValue
from chiso.core.credentials import Credentials
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.storage import ReadTransaction, WriteTransaction
from chiso.services.access.keys import not_signed_in, require
from chiso.services.access.tokens import digest_of, new_secret
from chiso.services.home import Home
from chiso.services.log import record

SHORTEST_PASSWORD = 12
_LONGEST_PASSWORD = 1000
_INVITED_FOR = timedelta(days=7)
_SET_UP_WITHIN = timedelta(days=1)
_SETUP_SETTING = "setup-invitation"
_CALLED = "account "


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation as it is handed over: the path holds its token, shown this once."""

    path: str
    role: Role
    expires: datetime


def accounts(home: Home, caller: Actor) -> list[Account]:
    """Every account, disabled ones too, by name."""
    require(caller, Action.READ, Resource.ACCOUNTS)
    with home.store.reading() as view:
        return view.accounts()


def invite(home: Home, caller: Actor, role: Role) -> Invited:
    """Make a link that makes one account, once. Raises NOT_ALLOWED, BAD_ARGUMENT."""
    require(caller, Action.CREATE, Resource.ACCOUNTS)
    if role is Role.SUBJECT:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "An account cannot be a person's: she sees what is hers by her own link.",
            "`chiso access link SUBJECT` makes one.",
        )
    if not caller.covers(_actor(caller.name, role)):
        raise ChisoError(
            Code.NOT_ALLOWED,
            "The account would be allowed more than you are.",
            "Ask an administrator to invite it.",
        )
    with home.store.writing() as transaction:
        return _invite(home, transaction, caller.name, role, _INVITED_FOR)


def set_up(home: Home) -> Invited | None:
    """The link that makes the first administrator; None where there is one who can sign in.

    Each ends the one before.
    """
    with home.store.writing() as transaction:
        if any(
            each.role is Role.ADMIN and each.disabled is None for each in transaction.accounts()
        ):
            return None
        former = transaction.setting(_SETUP_SETTING)
        if former is not None:
            transaction.remove_invitation(bytes.fromhex(former))
        made = _invite(home, transaction, home.asked_by, Role.ADMIN, _SET_UP_WITHIN)
        transaction.put_setting(_SETUP_SETTING, digest_of(made.path.rsplit("/", 1)[1]).hex())
    return made


def invitation(home: Home, token: str) -> Invitation:
    """What this link makes. Raises LINK_ENDED where it is unknown, used or over.

    It is over, too, once the account that made it is disabled.
    """
    with home.store.reading() as view:
        return _invitation(home, view, token)


def accept(home: Home, credentials: Credentials, token: str, name: str, password: str) -> Account:
    """Make the account that this link is for, and end the link.

    Raises LINK_ENDED; BAD_ARGUMENT where the name is taken, or the password too short.
    """
    invitation(home, token)  # before any work for a stranger
    name, password = label_from(name, "account"), password_from(password)
    password_hash = credentials.hasher.hash(password)
    with home.store.writing() as transaction:
        accepted = _invitation(home, transaction, token)
        if account_named(transaction, name) is not None:
            raise ChisoError(
                Code.BAD_ARGUMENT,
                f"There is an account called {name!r} already.",
                "Choose another name.",
            )
        account = Account(
            account_id=str(uuid.UUID(bytes=home.randomness.token(16), version=4)),
            name=name,
            role=accepted.role,
            password_hash=password_hash,
            totp_sealed=None,
            totp_last_step=0,
            created=home.clock.now(),
            disabled=None,
            failures=0,
            locked_until=None,
        )
        transaction.remove_invitation(accepted.token_sha256)
        transaction.put_account(account)
        tell(home, transaction, actor_of(account).name, "account-made", facts_of(account))
    return account


def disable(home: Home, caller: Actor, account_id: str) -> Account:
    """Let nobody sign in by this account any more, and end its sessions.

    Raises ACCOUNT_UNKNOWN. Disabling it twice changes nothing.
    """
    require(caller, Action.DELETE, Resource.ACCOUNTS)
    with home.store.writing() as transaction:
        found = known_account(transaction, account_id)
        if found.disabled is not None:
            return found
        disabled = replace(found, disabled=home.clock.now())
        transaction.put_account(disabled)
        transaction.remove_sessions_of(account_id=account_id)
        tell(home, transaction, caller.name, "account-disabled", facts_of(disabled))
    return disabled


def change_password(
    home: Home, credentials: Credentials, account: Account, current: str, new: str
) -> None:
    """Change a password, and end every session of the account, the present one too.

    Raises NOT_SIGNED_IN where the current one is not `current`, BAD_ARGUMENT.
    """
    new = password_from(new)
    require_password(credentials, account, current)
    password_hash = credentials.hasher.hash(new)
    with home.store.writing() as transaction:
        found = known_account(transaction, account.account_id)
        changed = replace(found, password_hash=password_hash)
        transaction.put_account(changed)
        transaction.remove_sessions_of(account_id=changed.account_id)
        name = actor_of(changed).name
        tell(home, transaction, name, "password-changed", facts_of(changed))


def require_password(credentials: Credentials, account: Account, password: str) -> None:
    """Raise NOT_ALLOWED unless this is the account's password."""
    if not credentials.hasher.verify(account.password_hash, in_one_form(password)):
        raise ChisoError(
            Code.NOT_ALLOWED, "That is not your password.", "Nothing was changed. Try again."
        )


def own_account(home: Home, caller: Actor) -> Account:
    """The account that this caller signed in by. Raises NOT_SIGNED_IN where she did otherwise."""
    with home.store.reading() as view:
        for each in view.accounts():
            if actor_of(each).name == caller.name:
                return each
    raise not_signed_in("This needs an account of the console.")


def actor_of(account: Account) -> Actor:
    """The caller that an account makes."""
    return _actor(f"{_CALLED}{account.name}", account.role)


def is_account(caller: Actor) -> bool:
    """Whether this caller signed in by an account: keys and people are called otherwise."""
    return caller.name.startswith(_CALLED)


def _actor(name: str, role: Role) -> Actor:
    scopes = frozenset(Scope) if role is Role.ADMIN else frozenset[Scope]()
    return Actor(name, role, None, scopes)


def account_named(view: ReadTransaction, name: str) -> Account | None:
    """The account of that name."""
    return next((each for each in view.accounts() if each.name == name), None)


def known_account(view: ReadTransaction, account_id: str) -> Account:
    """The account of that id. Raises ACCOUNT_UNKNOWN."""
    found = view.account(account_id)
    if found is None:
        raise ChisoError(
            Code.ACCOUNT_UNKNOWN,
            f"There is no account {account_id}.",
            "`chiso access account list` shows those there are.",
        )
    return found


def password_from(text: str) -> str:
    """A password that is long enough (NIST SP 800-63B §5.1.1.2 asks for length and no more)."""
    password = in_one_form(text)
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"A password has {SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters.",
            "Four words that do not belong together are a good one.",
        )
    return password


def in_one_form(password: str) -> str:
    """The same password typed on another keyboard is the same text (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def tell(
    home: Home,
    transaction: WriteTransaction,
    asked_by: str,
    change: str,
    facts: Mapping[str, JsonValue],
) -> None:
    """Write the leaf of a change to who may use this home."""
    said: dict[str, JsonValue] = {"change": change, **facts, "asked_by": asked_by}
    record(home, transaction, [Event(EventType.ACCESS_CHANGED, home.clock.now(), None, said)])


def facts_of(account: Account) -> Mapping[str, JsonValue]:
    """What a leaf says of an account."""
    return {"account": account.account_id, "name": account.name, "role": account.role.value}


def _invite(
    home: Home, transaction: WriteTransaction, asked_by: str, role: Role, lasts: timedelta
) -> Invited:
    token = new_secret(home, "join")
    expires = home.clock.now() + lasts
    transaction.put_invitation(Invitation(digest_of(token), role, expires, asked_by))
    tell(home, transaction, asked_by, "account-invited", {"role": role.value})
    return Invited(f"/join/{token}", role, expires)


def _invitation(home: Home, view: ReadTransaction, token: str) -> Invitation:
    found = view.invitation(digest_of(token))
    if found is None or found.expires <= home.clock.now() or _is_out(view, found.invited_by):
        raise link_ended()
    return found


def _is_out(view: ReadTransaction, name: str) -> bool:
    """Whether an actor of this name was an account, and is disabled since."""
    return any(
        each.disabled is not None and actor_of(each).name == name for each in view.accounts()
    )


def link_ended() -> ChisoError:
    """The error for a link that is unknown, used or over: nobody learns which."""
    return ChisoError(
        Code.LINK_ENDED,
        "This link is used, over, or was never given out.",
        "Ask whoever gave it to you for a new one.",
    )
