"""How many calls, how long they took, and how they ended: never whose, and never about whom."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_OTHER = "other"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Measures:
    """The numbers of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(namespace="chiso", registry=self.registry)
        named = ("method", "route")
        self.calls = Counter(
            "chiso_calls", "Calls answered.", (*named, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "chiso_call_seconds",
            "From a call's arrival to its answer.",
            named,
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.photos = Gauge(
            "chiso_photos_inside", "Photos looked at now, or waiting.", registry=self.registry
        )
        self.references = Gauge("chiso_references", "References kept.", registry=self.registry)
        self.leaves = Gauge("chiso_log_leaves", "Leaves of the log.", registry=self.registry)


class Measured:
    """Counts and times every request that passes."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock = asyncio.get_running_loop().time
        began, status = clock(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            route = _route_of(scope)
            self._measures.calls.labels(method, route, str(status)).inc()
            self._measures.seconds.labels(method, route).observe(clock() - began)


def _route_of(scope: Scope) -> str:
    """The path with the names of what stands in it: `/v1/subjects/{subject_id}`, and no id."""
    if scope.get("route") is None:
        return _OTHER
    path: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        before, found, after = path.rpartition(f"/{value}")
        path = f"{before}/{{{name}}}{after}" if found else path
    return path
