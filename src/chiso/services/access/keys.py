"""Keys of the API: shown once, kept as a digest, bound to purposes, ending, revocable."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from chiso.core.access import Action, Actor, ApiKey, Resource, Role, Scope
from chiso.core.canonical import JsonValue
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.storage import WriteTransaction
from chiso.core.times import to_text
from chiso.services.access.tokens import digest_of, new_secret
from chiso.services.home import Home
from chiso.services.log import record


@dataclass(frozen=True, slots=True)
class WantedKey:
    """What a key shall be allowed. `purposes` None: every purpose."""

    name: str
    role: Role
    purposes: frozenset[str] | None
    scopes: frozenset[Scope]
    station: str | None
    expires: datetime


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is handed over: `secret` is shown this once, and kept nowhere."""

    key: ApiKey
    secret: str


def machine_operator(home: Home) -> Actor:
    """Whoever runs commands on this machine: the operator's key is at hand there."""
    return Actor(home.asked_by, Role.ADMIN, None, frozenset(Scope))


def issue_key(home: Home, issuer: Actor, wanted: WantedKey) -> NewKey:
    """Make a key. Raises NOT_ALLOWED where it would do what its issuer may not, BAD_ARGUMENT."""
    name = label_from(wanted.name, "key")
    purposes = wanted.purposes
    if purposes is not None:
        purposes = frozenset(label_from(each, "purpose") for each in purposes)
    station = None if wanted.station is None else label_from(wanted.station, "station")
    now = home.clock.now()
    if wanted.role is Role.SUBJECT:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "A key cannot be a person's: she sees what is hers by her own link.",
            "Give it the role admin, enroller, verifier or auditor.",
        )
    if wanted.expires <= now:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The key would end at {to_text(wanted.expires)}, which is past.",
            "Give a date in the future.",
        )
    secret = new_secret(home, "key")
    key = ApiKey(
        str(uuid.UUID(bytes=home.randomness.token(16), version=4)),
        name,
        wanted.role,
        purposes,
        wanted.scopes,
        station,
        now,
        wanted.expires,
        None,
        digest_of(secret),
    )
    require(issuer, Action.CREATE, Resource.KEYS)
    if not issuer.covers(actor_of(key)):
        raise ChisoError(
            Code.NOT_ALLOWED,
            "The key would be allowed more than you are, or for longer.",
            "Ask for a role, purposes, scopes and an end that are within your own.",
        )
    with home.store.writing() as transaction:
        transaction.put_api_key(key)
        _tell(home, transaction, issuer, "key-issued", key)
    return NewKey(key, secret)


def keys(home: Home, caller: Actor) -> list[ApiKey]:
    """Every key, revoked and ended ones too."""
    require(caller, Action.READ, Resource.KEYS)
    with home.store.reading() as view:
        return view.api_keys()


def revoke_key(home: Home, caller: Actor, key_id: str) -> ApiKey:
    """Revoke a key: its next call is refused. Revoking it twice changes nothing.

    Raises KEY_UNKNOWN where there is no such key.
    """
    require(caller, Action.DELETE, Resource.KEYS)
    with home.store.writing() as transaction:
        found = next((key for key in transaction.api_keys() if key.key_id == key_id), None)
        if found is None:
            raise ChisoError(
                Code.KEY_UNKNOWN,
                f"There is no key {key_id}.",
                "`chiso access key list` shows those there are.",
            )
        if found.revoked is not None:
            return found
        revoked = replace(found, revoked=home.clock.now())
        transaction.put_api_key(revoked)
        transaction.remove_sessions_of(key_id=key_id)
        _tell(home, transaction, caller, "key-revoked", revoked)
    return revoked


def caller_with(home: Home, secret: str) -> Actor:
    """Who calls with this secret. Raises NOT_SIGNED_IN where it is none, revoked or over."""
    return actor_of(key_with(home, secret))


def key_with(home: Home, secret: str) -> ApiKey:
    """The key with this secret. Raises NOT_SIGNED_IN where there is none, or it is over."""
    with home.store.reading() as view:
        key = view.api_key(digest_of(secret))
    if key is None or key.revoked is not None or key.expires <= home.clock.now():
        raise not_signed_in("This key is unknown, revoked or over.")
    return key


def actor_of(key: ApiKey) -> Actor:
    """The caller that a key makes."""
    return Actor(
        f"key {key.name}",
        key.role,
        key.purposes,
        key.scopes,
        key.station,
        expires=key.expires,
        key_id=key.key_id,
    )


def require(actor: Actor, action: Action, resource: Resource) -> None:
    """Raise NOT_ALLOWED unless this caller's role grants this."""
    if not actor.may(action, resource):
        raise ChisoError(
            Code.NOT_ALLOWED,
            f"The role {actor.role} does not allow {resource}:{action}.",
            "Use a key or an account whose role does; an administrator can make one.",
        )


def require_purpose(actor: Actor, purpose: str) -> None:
    """Raise NOT_ALLOWED unless this caller may act for this purpose."""
    if not actor.may_for(purpose):
        raise ChisoError(
            Code.NOT_ALLOWED,
            f"This caller is kept to other purposes than {purpose!r}.",
            "Use a key that was made for this purpose.",
        )


def not_signed_in(message: str) -> ChisoError:
    """The error for a caller who has not shown who she is."""
    return ChisoError(
        Code.NOT_SIGNED_IN,
        message,
        "Send a key as `Authorization: Bearer KEY`, or sign in again.",
    )


def _tell(
    home: Home, transaction: WriteTransaction, caller: Actor, change: str, key: ApiKey
) -> None:
    purposes: JsonValue = None if key.purposes is None else sorted(key.purposes)
    facts: dict[str, JsonValue] = {
        "change": change,
        "key": key.key_id,
        "name": key.name,
        "role": key.role.value,
        "purposes": purposes,
        "scopes": sorted(key.scopes),
        "station": key.station,
        "expires": to_text(key.expires),
        "asked_by": caller.name,
    }
    record(home, transaction, [Event(EventType.ACCESS_CHANGED, home.clock.now(), None, facts)])
