"""The API's description: complete, the same with and without a home, and held to what is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from chiso.core.access import Role
from chiso.interfaces.cli.main import main
from chiso.interfaces.serve.app import api_document
from chiso.interfaces.serve.schema import flat

_TWICE = {
    "recognition_verify": "a look at a photo: a second one is an event of its own",
    "recognition_identify": "likewise",
    "recognition_detect": "a look at a photo of which nothing is kept",
    "recognition_verify_card": "a look at a photo: a second one is an event of its own",
    "exports_create": "a copy of what is held, as of now; an answer kept would be a second copy",
}
"""Writes, by their method, that take no Idempotency-Key, and why."""


def _calls() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, call)
        for path, calls in api_document()["paths"].items()
        for method, call in calls.items()
    ]


def test_the_command_and_the_server_describe_the_same_api(
    client: TestClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = client.get("/v1/openapi.json").json()
    assert main(["api", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == served


def test_every_call_has_a_name_of_its_own_a_resource_and_words() -> None:
    calls = _calls()
    names = [call["operationId"] for _, _, call in calls]
    assert len(set(names)) == len(names)
    known = {each["name"] for each in api_document()["tags"]}
    for _, path, call in calls:
        assert set(call["tags"]) <= known, path
        assert call["summary"], path
        assert call["description"].endswith("."), path


def test_every_call_but_health_needs_a_key() -> None:
    document = api_document()
    assert document["security"] == [{"key": []}]
    assert [path for _, path, call in _calls() if call.get("security") == []] == ["/v1/health"]


def test_every_call_says_how_it_fails() -> None:
    for _, path, call in _calls():
        for status in ("400", "401", "403", "404", "409", "413", "422", "429", "500", "503"):
            assert set(call["responses"][status]["content"]) == {"application/problem+json"}, path


def test_every_body_is_described() -> None:
    for method, path, call in _calls():
        if method != "post" or path.endswith("/use"):
            continue
        assert call["requestBody"]["required"], path
        for kind, body in call["requestBody"]["content"].items():
            if kind == "multipart/form-data":
                assert body["schema"]["required"], path


def _described(part: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Schemas of whatever the document describes: parameters, headers, fields, texts and files."""
    if isinstance(part, list):
        part = {str(each.get("name")): each for each in part if isinstance(each, dict)}
    for name, inner in part.items() if isinstance(part, dict) else ():
        is_whole = name == "schema" and "properties" not in inner and "$ref" not in inner
        if is_whole or at.endswith("/properties"):
            yield f"{at}/{name}", inner
        if name != "examples":
            yield from _described(inner, f"{at}/{name}")


def _is_file(schema: dict[str, Any]) -> bool:
    return "binary" in (schema.get("format"), schema.get("items", {}).get("format"))


def test_whatever_is_described_has_an_example_unless_it_is_a_file() -> None:
    described = dict(_described(api_document()))
    assert len(described) > 200
    bare = [at for at, schema in described.items() if not schema.get("examples")]
    assert bare == [at for at, schema in described.items() if _is_file(schema)]


def test_the_example_of_an_answer_is_such_an_answer(client: TestClient) -> None:
    schemas, shown = api_document()["components"]["schemas"], set()
    assert isinstance(client.app, FastAPI)
    for route in flat(client.app.routes):
        model = getattr(route, "response_model", None)
        if model is not None and model.__name__ in schemas:
            fields = schemas[model.__name__]["properties"]
            model.model_validate({name: each["examples"][0] for name, each in fields.items()})
            shown.add(model.__name__)
    assert len(shown) > 20


def _body(call: dict[str, Any], photo: bytes) -> dict[str, Any]:
    """The body that is made of the examples of a call, with this photo for each file."""
    kinds = call.get("requestBody", {}).get("content", {})
    if "application/json" in kinds:
        name = kinds["application/json"]["schema"]["$ref"].rpartition("/")[2]
        fields = api_document()["components"]["schemas"][name]["properties"]
        return {"json": {field: each["examples"][0] for field, each in fields.items()}}
    fields = kinds.get("multipart/form-data", {}).get("schema", {}).get("properties", {})
    texts = {name: each["examples"][0] for name, each in fields.items() if not _is_file(each)}
    return {"data": texts, "files": {name: photo for name in fields if name not in texts}}


def test_a_call_made_of_examples_is_understood(
    client: TestClient, key_of: Callable[..., dict[str, str]], photo_of: Callable[..., bytes]
) -> None:
    admin, photo, answered = key_of(Role.ADMIN), photo_of("006", "neutral"), {}
    for method, path, call in _calls():
        asked: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
        for each in call.get("parameters", []):
            asked[each["in"]][each["name"]] = str(each["schema"]["examples"][0])
        answer = client.request(
            method,
            path.format(**asked["path"]),
            params=asked["query"],
            headers=admin,
            **_body(call, photo),
        )
        answered[call["operationId"]] = answer.status_code
    assert {call: status for call, status in answered.items() if status == 400} == {}


def test_every_list_comes_in_pages() -> None:
    schemas, lists = api_document()["components"]["schemas"], set()

    def fields_of(schema: dict[str, Any]) -> dict[str, Any]:
        name = schema.get("$ref", "").rpartition("/")[2]
        return dict(schemas[name].get("properties", {})) if name else {}

    for method, path, call in _calls():
        content = call["responses"].get("200", {}).get("content", {})
        fields = fields_of(content.get("application/json", {}).get("schema", {}))
        if method == "get" and any(fields_of(each.get("items", {})) for each in fields.values()):
            lists.add(path)
            assert {"limit", "cursor"} <= {each["name"] for each in call["parameters"]}, path
            assert "next" in fields, path
    assert len(lists) == 9


def test_every_write_takes_an_idempotency_key_but_those_named_here() -> None:
    writes, taking = set(), set()
    for method, _, call in _calls():
        if method in ("post", "put", "patch", "delete"):
            writes.add(call["operationId"])
        if any(each["name"] == "Idempotency-Key" for each in call.get("parameters", [])):
            taking.add(call["operationId"])
    assert taking == writes - set(_TWICE)
    assert set(_TWICE) <= writes
