"""Refuses what another site's page makes a browser ask for (cross-site request forgery)."""

from __future__ import annotations

from fastapi import Request

from chiso.core.errors import ChisoError, Code
from chiso.interfaces.serve.callers import BEARER
from chiso.interfaces.serve.cookies import session_in

_SAFE = ("GET", "HEAD", "OPTIONS")


async def require_same_origin(request: Request) -> None:
    """Raise NOT_ALLOWED where a browser may have been made to send this by another site.

    Of calls that change something: each one with a cookie, and each form of the console, must come
    from a page of this host, by `Sec-Fetch-Site` or, in browsers without it, by `Origin`. A caller
    that sends its key as a header is no browser that was tricked.
    """
    bearer = request.headers.get("authorization", "").lower().startswith(BEARER)
    if request.method in _SAFE or bearer:
        return
    is_form = not request.url.path.startswith("/v1/")
    if not is_form and session_in(request) is None:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    is_same = site == "same-origin" if site else _host_of(origin) == request.headers.get("host")
    if not is_same:
        raise ChisoError(
            Code.NOT_ALLOWED,
            "This came from a page of another site, and nothing was changed.",
            "Open the page here, and do it there.",
        )


def _host_of(origin: str) -> str:
    return origin.partition("://")[2]
