"""Whom the console's pages are for: people with an account, and no key and no person herself."""

from __future__ import annotations

from chiso.core.errors import ChisoError, Code
from chiso.interfaces.serve.callers import CallerHere
from chiso.services.access.accounts import is_account


async def staff_only(caller: CallerHere) -> None:
    """Raise NOT_ALLOWED for keys, which may be kept to a purpose, and for a person herself.

    These pages show everyone whom their role may see. A station has its kiosk, a person her page.
    """
    if not is_account(caller):
        raise ChisoError(
            Code.NOT_ALLOWED,
            "These pages are for people who sign in with an account.",
            "Sign in with yours; programs call the API at /v1.",
        )
