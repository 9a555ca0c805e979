"""Routes that take an Idempotency-Key: sent twice, done once, answered alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile

from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.serve.bodies import FORM, form_in
from chiso.interfaces.serve.callers import caller_in, service_in, shown_in
from chiso.services.serving.once import MOST_CHARACTERS, Answered, keep, kept

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_READABLE = re.compile(rf"[\x21-\x7e]{{1,{MOST_CHARACTERS}}}")


class OnceRoute(APIRoute):
    """A route whose calls may carry an Idempotency-Key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Answer a call that was made before as it was answered then."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method in ("GET", "HEAD"):
                return await handle(request)
            return await _once(request, key, handle)

        return once


def tell_of(request: Request, subject_id: SubjectId) -> None:
    """Say whom the answer tells of, so that what is kept of it goes when she goes."""
    request.state.tells_of = subject_id


def hold_secret(request: Request) -> None:
    """Say that the answer holds what is shown once: it is not kept."""
    request.state.is_secret = True


async def _once(
    request: Request, key: str, handle: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    service = service_in(request)
    await caller_in(request, service)  # nobody is told anything before it is known who asks
    if not _READABLE.fullmatch(key):
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"An {HEADER} has 1 to {MOST_CHARACTERS} printable ASCII characters.",
            "Use a random UUID for each call.",
        )
    whose, digest = _whose(request), await _digest_of(request)
    async with service.underway.alone(whose, key):
        before = await service.desk.run(partial(kept, service.home, whose, key, digest))
        if before is not None:
            replayed = {REPLAYED: "true"}
            return Response(before.body, before.status, replayed, "application/json")
        response = await handle(request)
        if response.status_code < 300:
            answered = Answered(
                response.status_code,
                bytes(response.body),
                getattr(request.state, "tells_of", None),
                getattr(request.state, "is_secret", False),
            )
            with suppress(ChisoError):  # it is done: that its answer cannot be kept changes nothing
                await service.desk.run(partial(keep, service.home, whose, key, digest, answered))
        return response


def _whose(request: Request) -> str:
    """A name for whoever holds this very key or session: several keys may be called the same."""
    return hashlib.sha256(" ".join(shown_in(request)).encode()).hexdigest()


async def _digest_of(request: Request) -> bytes:
    """SHA-256 over what is asked. Of a form its fields: a client draws a new boundary each time."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    if not request.headers.get("content-type", "").lower().startswith(FORM):
        digest.update(await request.body())
        return digest.digest()
    for name, value in (await form_in(request)).multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            await value.seek(0)
        else:
            content = value.encode()
        digest.update(f"{len(name)} {name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.digest()
