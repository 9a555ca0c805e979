"""The application: the API and the console over one home, and what every answer carries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import Response

from chiso import __version__
from chiso.interfaces.api import (
    audits,
    card_verifications,
    cards,
    check_ins,
    exports,
    health,
    keys,
    log,
    metrics,
    receipts,
    recognition,
    subjects,
    thresholds,
)
from chiso.interfaces.console.errors import error_page
from chiso.interfaces.console.routes import router as console
from chiso.interfaces.serve import problems, schema
from chiso.interfaces.serve.body_limits import BodyLimit, BodyLimits
from chiso.interfaces.serve.headers import carrying
from chiso.interfaces.serve.measuring import Measured, Measures
from chiso.interfaces.serve.same_origin import require_same_origin
from chiso.services.serving.service import Service
from chiso.services.serving.upkeep import keep_up

_TITLE = "Chiso"
_RESOURCES = (
    health,
    recognition,
    card_verifications,
    subjects,
    receipts,
    cards,
    thresholds,
    audits,
    log,
    exports,
    check_ins,
    keys,
    metrics,
)
_DESCRIPTION = (
    "Face recognition for people who said yes. Every call but health needs a key: "
    "`Authorization: Bearer KEY`. Photos are bodies or fields of forms, never addresses; they are "
    "looked at and not kept. Errors are problem details (RFC 9457) with the command line's codes."
)


def create_app(service: Service, tell: Callable[[str], None] = lambda _: None) -> FastAPI:
    """The application that serves this home. `tell` gets what an operator should know."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        upkeep = asyncio.create_task(keep_up(service, tell))
        yield
        upkeep.cancel()
        with suppress(asyncio.CancelledError):
            await upkeep
        service.audit_runs.stop()
        for room in (service.audits, service.photos, service.passwords, service.desk):
            await asyncio.to_thread(room.close)

    app = FastAPI(
        title=_TITLE,
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(require_same_origin)],
        generate_unique_id_function=schema.operation_id,
    )
    app.state.service = service
    app.state.measures = Measures()
    problems.install(app, error_page)
    answered = problems.answering(error_page)
    app.add_middleware(BodyLimits, limit=_body_limit(service), answered=answered)
    app.add_middleware(Measured, measures=app.state.measures)
    app.middleware("http")(_with_headers)
    _include_api(app)
    app.include_router(console, include_in_schema=False)
    return app


def api_document() -> dict[str, Any]:
    """What /v1/openapi.json answers, without a home to serve."""
    app = FastAPI(
        title=_TITLE,
        version=__version__,
        description=_DESCRIPTION,
        generate_unique_id_function=schema.operation_id,
    )
    _include_api(app)
    return schema.document(app)


def _include_api(app: FastAPI) -> None:
    api = APIRouter(prefix=schema.PREFIX)
    for module in _RESOURCES:
        api.include_router(module.router)
    app.include_router(api)
    app.openapi = partial(schema.document, app)  # type: ignore[method-assign]


def _body_limit(service: Service) -> BodyLimit:
    photo_bytes = service.home.capture.decode.max_bytes
    return BodyLimit(photo_bytes=photo_bytes, form_bytes=2 * photo_bytes)


async def _with_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    return carrying(await call_next(request))
