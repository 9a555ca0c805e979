"""Bodies are bounded while they arrive: how large, how slow, how many at once, how deep."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chiso.core.errors import ChisoError, Code
from chiso.interfaces.serve.bodies import FORM, LET_IN, RAW, READ_FORM
from chiso.interfaces.serve.problems import Answering
from chiso.services.serving.workroom import busy


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """What bodies may be. `photo_bytes` for an image, `form_bytes` for a form with several."""

    photo_bytes: int
    form_bytes: int
    other_bytes: int = 64 * 1024
    within_s: float = 60.0
    """From its first byte to its last: whoever sends slower is sent away."""
    at_once: int = 32
    """Photos and forms of known callers that arrive at once."""
    strangers_at_once: int = 8
    """The same, of whoever has not shown yet who she is: a room of their own."""
    address_at_once: int = 4
    """How many of those come from one address."""
    depth: int = 32
    """Lists and objects within each other, in JSON."""


class BodyLimits:
    """Passes requests on, and ends those whose bodies break a limit.

    Every body is small, and is read here, but photos and forms: they pass on as they arrive, and
    are small too until a route that takes files lets them in (`bodies.let_in`), which it does when
    the caller is known. No thread waits for a body.
    """

    def __init__(self, app: ASGIApp, limit: BodyLimit, answered: Answering) -> None:
        self._app = app
        self._limit = limit
        self._answered = answered
        self._known = 0
        self._strangers = Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else None
        if headers is None or not _has_body(headers):
            await self._app(scope, receive, send)
            return
        kind = headers.get("content-type", "").lower()
        is_large = kind.startswith((FORM, *RAW))
        most = self._most(kind)
        bounded = _Bounded(receive, self._limit.other_bytes, self._limit.within_s)
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > most:
            await self._answered(Request(scope), _too_large(most))(scope, receive, send)
        elif is_large:
            await self._pass_on(scope, bounded, send, most)
        else:
            await self._read(scope, bounded, send, is_json="json" in kind)

    async def _pass_on(self, scope: Scope, bounded: _Bounded, send: Send, most: int) -> None:
        leave: list[Callable[[], None]] = []

        def let_in(stranger: str | None) -> None:
            if not leave:
                leave.append(self._enter(stranger))
                bounded.most_bytes = most

        scope.setdefault("state", {})[LET_IN] = let_in
        try:
            await self._app(scope, bounded.receive, send)
        finally:
            for each in leave:
                each()
            form = scope["state"].get(READ_FORM)
            if form is not None:
                await form.close()

    def _enter(self, stranger: str | None) -> Callable[[], None]:
        """Take a place, and return how it is given back. Raises BUSY where there is none."""
        if stranger is None:
            if self._known >= self._limit.at_once:
                raise _no_room()
            self._known += 1
            return self._known_left
        if (
            self._strangers.total() >= self._limit.strangers_at_once
            or self._strangers[stranger] >= self._limit.address_at_once
        ):
            raise _no_room()
        self._strangers[stranger] += 1
        return partial(self._stranger_left, stranger)

    def _known_left(self) -> None:
        self._known -= 1

    def _stranger_left(self, stranger: str) -> None:
        self._strangers[stranger] -= 1
        self._strangers += Counter()  # forgets who has none left

    async def _read(self, scope: Scope, bounded: _Bounded, send: Send, *, is_json: bool) -> None:
        body = bytearray()
        try:
            while not bounded.is_over:
                body += (await bounded.receive()).get("body", b"")
            if is_json and _depth(bytes(body)) > self._limit.depth:
                raise _too_deep(self._limit.depth)
        except ChisoError as error:
            await self._answered(Request(scope), error)(scope, bounded.receive, send)
            return
        waiting: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await bounded.receive()

        await self._app(scope, replay, send)

    def _most(self, kind: str) -> int:
        if kind.startswith(FORM):
            return self._limit.form_bytes
        return self._limit.photo_bytes if kind.startswith(RAW) else self._limit.other_bytes


class _Bounded:
    """A body that arrives, counted and timed."""

    def __init__(self, receive: Receive, most_bytes: int, within_s: float) -> None:
        self._receive = receive
        self.most_bytes = most_bytes
        self._within_s = within_s
        self._until: float | None = None
        self._read_bytes = 0
        self.is_over = False

    async def receive(self) -> Message:
        """The next part. Raises BODY_TOO_SLOW, BODY_TOO_LARGE; BAD_ARGUMENT where none follows."""
        if self.is_over:
            return await self._receive()
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + self._within_s
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError as error:
            self.is_over = True
            raise _too_slow(self._within_s) from error
        if message["type"] != "http.request":
            self.is_over = True
            raise _gone()
        self._read_bytes += len(message.get("body", b""))
        if self._read_bytes > self.most_bytes:
            raise _too_large(self.most_bytes)
        self.is_over = not message.get("more_body", False)
        return message


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _depth(text: bytes) -> int:
    """How deep lists and objects lie within each other in this JSON."""
    deepest = now = 0
    is_text = is_escaped = False
    for byte in text:
        if is_text:
            if is_escaped:
                is_escaped = False
            elif byte == 0x5C:  # \
                is_escaped = True
            elif byte == 0x22:  # "
                is_text = False
        elif byte == 0x22:
            is_text = True
        elif byte in b"[{":
            now += 1
            deepest = max(deepest, now)
        elif byte in b"]}":
            now -= 1
    return deepest


def _no_room() -> ChisoError:
    return busy("As many photos arrive as this server takes at once.")


def _too_large(most_bytes: int) -> ChisoError:
    return ChisoError(
        Code.BODY_TOO_LARGE,
        f"The body is larger than {most_bytes:,} bytes.",
        "Send less: smaller photos, or fewer; 600 pixels across a face are plenty.",
    )


def _too_slow(within_s: float) -> ChisoError:
    return ChisoError(
        Code.BODY_TOO_SLOW,
        f"The body did not arrive within {within_s:g} s.",
        "Nothing was done. Send it again over a faster connection, or a smaller photo.",
    )


def _gone() -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        "The caller went away before the body was whole.",
        "Nothing was done. Send it again.",
    )


def _too_deep(most: int) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        f"The JSON is deeper than {most} levels.",
        "/v1/openapi.json says what belongs.",
    )
