"""As much of JSON Schema (draft 2020-12) as the schema of leaves uses; any other keyword fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any] | bool

_TYPES: Mapping[str, type] = {"object": dict, "array": list, "string": str, "integer": int}
_SILENT = {"$schema", "$id", "$defs", "title", "description", "then", "else"}


def objections(value: Any, schema: Schema, root: Mapping[str, Any]) -> list[str]:
    """Why `value` does not follow `schema`, of the document `root`; empty where it does."""
    if isinstance(schema, bool):
        return [] if schema else [f"{value!r} has no place here"]
    said: list[str] = []
    for keyword, asked in schema.items():
        if keyword not in _SILENT:
            said += _CHECKS[keyword](value, asked, schema, root)
    return said


def _ref(value: Any, asked: str, _: Mapping[str, Any], root: Mapping[str, Any]) -> list[str]:
    found: Any = root
    for step in asked.removeprefix("#/").split("/"):
        found = found[step]
    return objections(value, found, root)


def _one_of(
    value: Any, asked: Sequence[Schema], _: Mapping[str, Any], root: Mapping[str, Any]
) -> list[str]:
    each = [objections(value, choice, root) for choice in asked]
    fitting = sum(not said for said in each)
    return [] if fitting == 1 else [f"{value!r} follows {fitting} of the choices: {each}"]


def _if(value: Any, asked: Schema, schema: Mapping[str, Any], root: Mapping[str, Any]) -> list[str]:
    branch = "else" if objections(value, asked, root) else "then"
    return objections(value, schema.get(branch, True), root)


def _type(value: Any, asked: str, *_: object) -> list[str]:
    if asked == "null":
        return [] if value is None else [f"{value!r} is not null"]
    fits = isinstance(value, _TYPES[asked]) and not isinstance(value, bool)
    return [] if fits else [f"{value!r} is no {asked}"]


def _properties(
    value: Any, asked: Mapping[str, Schema], _: Mapping[str, Any], root: Mapping[str, Any]
) -> list[str]:
    there = [name for name in asked if isinstance(value, dict) and name in value]
    return [
        f"{name}: {why}" for name in there for why in objections(value[name], asked[name], root)
    ]


def _additional(
    value: Any, asked: Schema, schema: Mapping[str, Any], root: Mapping[str, Any]
) -> list[str]:
    others = value.keys() - schema.get("properties", {}).keys() if isinstance(value, dict) else ()
    return [f"{name}: {why}" for name in others for why in objections(value[name], asked, root)]


def _items(value: Any, asked: Schema, _: Mapping[str, Any], root: Mapping[str, Any]) -> list[str]:
    rows = value if isinstance(value, list) else ()
    return [why for each in rows for why in objections(each, asked, root)]


def _required(value: Any, asked: Sequence[str], *_: object) -> list[str]:
    return [f"it has no {name}" for name in asked if isinstance(value, dict) and name not in value]


def _simple(fits: Callable[[Any, Any], bool], what: str) -> Callable[..., list[str]]:
    def check(value: Any, asked: Any, *_: object) -> list[str]:
        return [] if fits(value, asked) else [f"{value!r} is not {what} {asked!r}"]

    return check


_CHECKS: Mapping[str, Callable[..., list[str]]] = {
    "$ref": _ref,
    "oneOf": _one_of,
    "if": _if,
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "required": _required,
    "const": _simple(lambda value, asked: type(value) is type(asked) and value == asked, "exactly"),
    "enum": _simple(lambda value, asked: value in asked, "one of"),
    "pattern": _simple(
        lambda value, asked: not isinstance(value, str) or bool(re.search(asked, value)), "like"
    ),
    "minimum": _simple(lambda value, asked: not isinstance(value, int) or value >= asked, "from"),
    "minLength": _simple(
        lambda value, asked: not isinstance(value, str) or len(value) >= asked, "as long as"
    ),
    "minItems": _simple(
        lambda value, asked: not isinstance(value, list) or len(value) >= asked, "as many as"
    ),
    "uniqueItems": _simple(
        lambda value, _: not isinstance(value, list) or len(set(value)) == len(value), "unique,"
    ),
}
