"""Signing in at a server: limited by address and by account, and never in the way of other work."""

from __future__ import annotations

import hashlib
from functools import partial

from chiso.services.access import sessions
from chiso.services.access.sessions import NewSession
from chiso.services.serving.service import Service


async def sign_in(
    service: Service, address: str, name: str, password: str, code: str
) -> NewSession:
    """Begin a session of an account. Raises NOT_SIGNED_IN, TOO_MANY_ATTEMPTS, BUSY.

    Limits count names that there are and names that there are not alike. One address's failures
    close an account to that address alone: nobody who knows a name shuts its owner out by it.
    """
    service.per_door.note((address,), service.home.clock.now())
    work = partial(_signed_in, service, address, name, password, code)
    return await service.passwords.run(work)


def try_password(service: Service, address: str, name: str) -> None:
    """Count a try of this account's password from this address. Raises TOO_MANY_ATTEMPTS."""
    service.per_sign_in.note(_of(address, name), service.home.clock.now())


def _signed_in(service: Service, address: str, name: str, password: str, code: str) -> NewSession:
    try_password(service, address, name)  # here, so that whoever finds no room has not tried
    made = sessions.sign_in(service.home, service.credentials, name, password, code)
    service.per_sign_in.forgive(_of(address, name))
    return made


def _of(address: str, name: str) -> tuple[str, str]:
    return address, hashlib.sha256(name.strip().encode()).hexdigest()  # names may be long
