"""Keys and accounts held to the log, and what a restore must not bring back of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chiso.core.events import Event, EventType
from chiso.core.storage import ReadTransaction
from chiso.core.times import to_text
from chiso.services.access import accounts, keys
from chiso.services.access.keys import machine_operator
from chiso.services.home import Home
from chiso.services.log import broken, record
from chiso.services.log_told import Told

_LONGER_THAN_ANY = timedelta(days=366)


def require_access(view: ReadTransaction, told: Told) -> None:
    """Raise LOG_BROKEN unless every key and account is one that the log tells of, as it says.

    Otherwise whoever can edit the file could let herself in, or let in again who was put out.
    """
    made, ended = told.access_made, told.access_ended
    for key in view.api_keys():
        purposes = None if key.purposes is None else sorted(key.purposes)
        said: dict[str, object] = {
            "role": key.role,
            "purposes": purposes,
            "scopes": sorted(key.scopes),
        }
        if "expires" in made.get(key.key_id, {}):  # leaves of earlier keys do not say these
            said |= {"station": key.station, "expires": to_text(key.expires)}
        _require(f"key {key.key_id}", made.get(key.key_id), said)
        if key.key_id in ended and key.revoked is None:
            raise broken(f"key {key.key_id} was revoked, and the list of keys does not say so")
    for account in view.accounts():
        said = {"role": account.role, "name": account.name}
        _require(f"account {account.account_id}", made.get(account.account_id), said)
        if account.account_id in ended and account.disabled is None:
            raise broken(f"account {account.account_id} was disabled, and is open")


def end_access(home: Home) -> None:
    """End what an older log that goes on must not let in: nobody knows what was ended since.

    Every key is revoked, every account disabled, every session, invitation and link forgotten.
    Whoever starts the server next is given a link that makes an administrator.
    """
    operator, now = machine_operator(home), home.clock.now()
    with home.store.reading() as view:
        open_keys = [each.key_id for each in view.api_keys() if each.revoked is None]
        open_accounts = [each.account_id for each in view.accounts() if each.disabled is None]
    for key_id in open_keys:
        keys.revoke_key(home, operator, key_id)
    for account_id in open_accounts:
        accounts.disable(home, operator, account_id)
    facts = {"change": "link-ended", "asked_by": home.asked_by}
    with home.store.writing() as transaction:
        transaction.forget_ended(now + _LONGER_THAN_ANY, now)
        hers = [
            Event(EventType.ACCESS_CHANGED, now, each.subject_id, facts)
            for each in transaction.subjects()
            if transaction.remove_person_links(each.subject_id)
        ]
        if hers:
            record(home, transaction, hers)


def _require(what: str, told: Mapping[str, Any] | None, said: Mapping[str, object]) -> None:
    if told is None:
        raise broken(f"nothing tells that {what} was made")
    if any(told.get(name) != value for name, value in said.items()):
        raise broken(f"{what} is not what the log says was made")
