"""The application: the API and the console over one home, and what every answer carries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import Response

from chiso import __version__
from chiso.interfaces.api import health, keys, recognition
from chiso.interfaces.console.errors import error_page
from chiso.interfaces.console.routes import router as console
from chiso.interfaces.serve import problems
from chiso.interfaces.serve.same_origin import require_same_origin
from chiso.services.serving.service import Service
from chiso.services.serving.upkeep import keep_up

_DESCRIPTION = (
    "Face recognition for people who said yes. Every call but health needs a key: "
    "`Authorization: Bearer KEY`. Photos are bodies or fields of forms, never addresses; they are "
    "looked at and not kept. Errors are problem details (RFC 9457) with the command line's codes."
)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; frame-src 'self'; connect-src 'self'; font-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(service: Service, tell: Callable[[str], None] = lambda _: None) -> FastAPI:
    """The application that serves this home. `tell` gets what an operator should know."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        upkeep = asyncio.create_task(keep_up(service, tell))
        yield
        upkeep.cancel()
        with suppress(asyncio.CancelledError):
            await upkeep
        await asyncio.to_thread(service.photos.close)
        await asyncio.to_thread(service.desk.close)

    app = FastAPI(
        title="Chiso",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(require_same_origin)],
        responses={
            status: {"model": problems.Problem, "description": "A problem (RFC 9457)."}
            for status in (400, 401, 403, 422, 429)
        },
    )
    app.state.service = service
    problems.install(app, error_page)
    app.middleware("http")(_with_headers)
    api = APIRouter(prefix="/v1")
    for module in (health, recognition, keys):
        api.include_router(module.router)
    app.include_router(api)
    app.include_router(console, include_in_schema=False)
    return app


async def _with_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
