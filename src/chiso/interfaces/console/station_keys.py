"""A station's key that does not serve, said to whoever typed it."""

from __future__ import annotations

from chiso.core.errors import ChisoError, Code


def for_station(error: ChisoError) -> ChisoError:
    """The error with a hint for this page, where its own is for whoever calls the API."""
    if error.code is not Code.NOT_SIGNED_IN:
        return error
    hint = "Copy the whole of it. An administrator makes a new one under Access, and sees it once."
    return ChisoError(error.code, error.message, hint)
