"""What every answer carries: what a browser may do with it, and that nobody keeps it."""

from __future__ import annotations

from fastapi.responses import Response

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; frame-src 'self'; connect-src 'self'; font-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",  # with `no-referrer`, forms would come from `Origin: null`
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def carrying(response: Response) -> Response:
    """The answer with those of these headers that it does not have yet."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
