"""The OpenAPI document: what FastAPI knows of the routes, and what it cannot know."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from chiso.interfaces.serve.once import HEADER, REPLAYED, OnceRoute
from chiso.interfaces.serve.problems import MEDIA_TYPE, Problem

PREFIX = "/v1"
_OPEN = (f"{PREFIX}/health",)
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_TAGS = {
    "health": "Whether this server answers.",
    "recognition": "Verify, identify and detect. Photos are looked at and not kept.",
    "subjects": "Who is enrolled.",
    "receipts": "What people agreed to: enrolling, and withdrawing.",
    "cards": "Cards that carry a person's template in her own pocket.",
    "references": "What photos were turned into: facts of them, never their numbers.",
    "thresholds": "From where on a comparison is a match.",
    "audits": "Audits that the log tells of.",
    "log": "The tamper-evident log, and its proofs.",
    "exports": "A person's own copy of everything.",
    "check-ins": "Today's, at the caller's own station.",
    "keys": "Keys of this API.",
    "metrics": "Counts and times, for Prometheus.",
}
_STATUSES = {
    "400": "The call is not what this document says.",
    "401": "No key, or one that is revoked or over.",
    "403": "The role, the purpose, or the person's consent does not allow it.",
    "404": "There is no such thing, or not for this caller.",
    "408": "The body came too slowly.",
    "409": "The idempotency key belongs to another call, or what is needed is not there yet.",
    "413": "The body is too large.",
    "422": "A photo cannot be used; the hint says what to do.",
    "429": "Too much at once, or too often: `Retry-After` says when to come again.",
    "500": "Something that this home holds does not verify, or a bug.",
    "503": "Something that this server needs is not there.",
}
_ONCE = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Sent again within a day with the same request, the call is not done again: it "
    f"is answered as before, with `{REPLAYED}: true`.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "pattern": "^[!-~]+$",
        "examples": ["0b0e7f6e-3d0c-4f0a-9a53-9d2f1f0a7c55"],
    },
}


def operation_id(route: APIRoute) -> str:
    """A name for a call, as generated clients have it: `subjects_find`."""
    tag = str(route.tags[0]).replace("-", "_") if route.tags else "console"
    return f"{tag}_{route.name}"


def document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI of every call of the API, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = made["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["Problem"] = Problem.model_json_schema()
        _add_examples(schemas)
        made["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "A key of the API."}
        }
        made["security"] = [{"key": []}]
        made["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items()]
        once = _once_ids(app.routes)
        for path, calls in made["paths"].items():
            for method, call in calls.items():
                is_once = method != "get" and call["operationId"] in once
                _complete(call, is_open=path in _OPEN, is_once=is_once)
        app.openapi_schema = made
    return app.openapi_schema


def flat(routes: list[BaseRoute]) -> list[BaseRoute]:
    """Every route, also of routers within routers."""
    found: list[BaseRoute] = []
    for route in routes:
        router = getattr(route, "original_router", route)  # as FastAPI keeps an included one
        inner = getattr(router, "routes", None)
        found += flat(list(inner)) if inner else [route]
    return found


def _once_ids(routes: list[BaseRoute]) -> set[str]:
    return {operation_id(route) for route in flat(routes) if isinstance(route, OnceRoute)}


def _add_examples(schemas: dict[str, Any]) -> None:
    """Of each field that holds other objects, an example: made of theirs."""
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            if "examples" not in field and "$ref" in field.get("items", field):
                field["examples"] = [_example(field, schemas)]


def _example(field: dict[str, Any], schemas: dict[str, Any]) -> Any:
    if "examples" in field:
        return field["examples"][0]
    if "items" in field:
        return [_example(field["items"], schemas)]
    fields = schemas[field["$ref"].rpartition("/")[2]]["properties"]
    return {name: _example(each, schemas) for name, each in fields.items()}


def _complete(call: dict[str, Any], *, is_open: bool, is_once: bool) -> None:
    answers = {
        status: answer for status, answer in call["responses"].items() if status.startswith("2")
    }
    for status, text in _STATUSES.items():
        content = {MEDIA_TYPE: {"schema": _PROBLEM}}
        answers[status] = {"description": text, "content": content}
    seconds = {"description": "Seconds.", "schema": {"type": "integer", "examples": [40]}}
    answers["429"]["headers"] = {"Retry-After": seconds}
    call["responses"] = answers
    if is_open:
        call["security"] = []
    if is_once:
        call.setdefault("parameters", []).append(_ONCE)
