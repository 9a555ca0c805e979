"""The cookie that carries a session: unread by scripts, unsent from other sites."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

_SECURE_NAME = "__Host-chiso"
"""A browser takes a name with this prefix over TLS alone, for this host alone (RFC 6265bis
§4.1.3.2)."""
_PLAIN_NAME = "chiso"


def session_in(request: Request) -> str | None:
    """The secret of the session that a request belongs to."""
    return request.cookies.get(_name(request))


def set_session(request: Request, response: Response, secret: str) -> None:
    """Let the browser keep this session until it is closed; the server ends it before."""
    response.set_cookie(
        _name(request),
        secret,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def forget_session(request: Request, response: Response) -> None:
    """Let the browser forget its session."""
    response.delete_cookie(
        _name(request), path="/", secure=_is_secure(request), httponly=True, samesite="strict"
    )


def _name(request: Request) -> str:
    return _SECURE_NAME if _is_secure(request) else _PLAIN_NAME


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"  # a proxy on this machine says so for its callers
