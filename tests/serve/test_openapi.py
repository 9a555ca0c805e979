"""The API's description: complete, the same with and without a home, and held to what is there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from chiso.interfaces.cli.main import main
from chiso.interfaces.serve.app import api_document

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


def test_every_body_is_described_with_an_example() -> None:
    for method, path, call in _calls():
        if method != "post" or path.endswith("/use"):
            continue
        assert call["requestBody"]["required"], path
        for kind, body in call["requestBody"]["content"].items():
            if kind == "multipart/form-data":
                assert body["schema"]["required"], path


def test_every_write_takes_an_idempotency_key_but_those_named_here() -> None:
    writes, taking = set(), set()
    for method, _, call in _calls():
        if method in ("post", "put", "patch", "delete"):
            writes.add(call["operationId"])
        if any(each["name"] == "Idempotency-Key" for each in call.get("parameters", [])):
            taking.add(call["operationId"])
    assert taking == writes - set(_TWICE)
    assert set(_TWICE) <= writes
