"""Who is enrolled, what each agreed to, and how it ends: over the API."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient
from httpx import Client
from tests.serve.conftest import PURPOSE

from chiso.core.access import Role
from chiso.services import log_check
from chiso.services.erasure import check_at_home, read_certificate
from chiso.services.serving.service import Service

Photo = Callable[..., bytes]
Key = Callable[..., dict[str, str]]
IdOf = Callable[[str], str]


def enrol(client: Client, headers: dict[str, str], photo: bytes, **fields: str) -> Any:
    """POST /v1/receipts with what a form of the desk would say."""
    agreed = {"subject": "Tendai", "purpose": PURPOSE, "modes": "verify", "expires": "2090-12-31"}
    files = [
        ("photo", ("her name.jpg", photo, "image/jpeg")),
        ("evidence", ("form.pdf", b"signed", "application/pdf")),
    ]
    return client.post("/v1/receipts", data=agreed | fields, files=files, headers=headers)


def test_someone_who_agreed_is_enrolled_and_gets_a_receipt(
    client: TestClient, key_of: Key, photo_of: Photo, service: Service
) -> None:
    desk = key_of(Role.ENROLLER)
    made = enrol(client, desk, photo_of("006", "neutral"), language="sn")
    assert made.status_code == 201, made.text
    assert (made.json()["new_receipt"], made.json()["references_added"]) == (True, 1)
    receipt = client.get(f"/v1/receipts/{made.json()['receipt']}", headers=desk).json()
    assert (receipt["subject"], receipt["state"], receipt["language"]) == (
        "Tendai",
        "in force",
        "sn",
    )
    assert json.loads(receipt["signed_text"])["processing"]["modes"] == ["verify"]
    assert log_check.verify(service.home).payloads_destroyed == 0


def test_a_photo_that_cannot_be_used_is_said_to_be_so_and_nothing_is_enrolled(
    client: TestClient, key_of: Key
) -> None:
    desk = key_of(Role.ENROLLER)
    refused = enrol(client, desk, b"no photo")
    assert (refused.status_code, refused.json()["code"]) == (422, "not-an-image")
    assert "Nothing was enrolled" in refused.json()["detail"]
    assert client.get("/v1/subjects?label=Tendai", headers=desk).json()["subjects"] == []


def test_a_form_that_lacks_something_is_told_what(client: TestClient, key_of: Key) -> None:
    desk = key_of(Role.ENROLLER)
    for fields in ({"modes": "watch"}, {"subject": ""}, {"expires": "soon"}, {"language": "?"}):
        refused = enrol(client, desk, b"", **fields)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad-argument")
    no_evidence = client.post("/v1/receipts", files={"photo": b"x"}, headers=desk)
    assert "evidence" in no_evidence.json()["detail"]


def test_more_photos_rest_on_the_same_receipt(
    client: TestClient, key_of: Key, photo_of: Photo, id_of: IdOf
) -> None:
    desk, hers = key_of(Role.ENROLLER), id_of("001")
    (receipt,) = client.get("/v1/receipts", params={"subject_id": hers}, headers=desk).json()[
        "receipts"
    ]
    address = f"/v1/receipts/{receipt['id']}/references"
    photo = ("x.jpg", photo_of("001"), "image/jpeg")
    for added in (1, 0):
        answer = client.post(address, files={"photo": photo}, headers=desk)
        assert answer.status_code == 201, answer.text
        assert answer.json()["references_added"] == added
    facts = client.get(f"/v1/subjects/{hers}/references", headers=desk).json()["references"]
    assert [each["receipt"] for each in facts] == [receipt["id"]] * 2
    assert client.delete(f"/v1/receipts/{receipt['id']}", headers=desk).status_code == 200
    over = client.post(address, files={"photo": photo}, headers=desk)
    assert (over.status_code, over.json()["code"]) == (403, "consent-withdrawn")


def test_withdrawing_everything_answers_with_a_certificate_each_time(
    client: TestClient, key_of: Key, id_of: IdOf, service: Service
) -> None:
    desk, hers = key_of(Role.ENROLLER), id_of("003")
    address = f"/v1/subjects/{hers}"
    first, again = client.delete(address, headers=desk), client.delete(address, headers=desk)
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert b"003" not in first.content.replace(hers.encode(), b"")[:200]
    check_at_home(service.home, read_certificate(first.content))
    assert client.get(address, headers=desk).status_code == 404
    nobody = client.delete("/v1/subjects/00000000-0000-4000-8000-000000000000", headers=desk)
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not-found")


def test_a_withdrawn_receipt_stays_to_show_that(
    client: TestClient, key_of: Key, id_of: IdOf
) -> None:
    desk, hers = key_of(Role.ENROLLER), id_of("005")
    listed = client.get("/v1/receipts", params={"subject_id": hers}, headers=desk).json()
    address = f"/v1/receipts/{listed['receipts'][0]['id']}"
    certificate = client.delete(address, headers=desk).json()
    assert (certificate["receipts_withdrawn"], certificate["references"]) == (1, 1)
    assert client.get(address, headers=desk).json()["state"] == "withdrawn"
    again = client.delete(address, headers=desk)
    assert (again.status_code, again.json()["code"]) == (403, "consent-withdrawn")


def test_an_export_holds_what_the_command_writes(
    client: TestClient, session_of: Key, id_of: IdOf
) -> None:
    wanted = {"subject_id": id_of("001")}
    answer = client.post("/v1/exports", json=wanted, headers=session_of("001"))
    assert answer.headers["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert set(archive.namelist()) == {
        "index.html",
        "log.json",
        "receipts.json",
        "references.json",
    }
    assert json.loads(archive.read("log.json"))["leaves"][-1]["payload"].count("exported") == 1


def test_nobody_follows_a_person_by_her_export(
    client: TestClient, key_of: Key, session_of: Key, photo_of: Photo, id_of: IdOf
) -> None:
    station = key_of(Role.VERIFIER, station="back door") | {"Content-Type": "image/jpeg"}
    params = {"purpose": PURPOSE, "subject": "001"}
    for path in ("/v1/verifications", "/v1/identifications"):
        client.post(path, params=params, content=photo_of("001"), headers=station)
    wanted = {"subject_id": id_of("001")}
    told = {}
    for who, headers in (("a desk", key_of(Role.ADMIN)), ("herself", session_of("001"))):
        archive = zipfile.ZipFile(
            io.BytesIO(client.post("/v1/exports", json=wanted, headers=headers).content)
        )
        log = json.loads(archive.read("log.json"))
        said = [json.loads(leaf["payload"])["type"] for leaf in log["leaves"]]
        told[who] = (log["hers_alone"], said.count("verified") + said.count("identified"))
        everything = b"".join(archive.read(name) for name in archive.namelist())
        (receipt,) = json.loads(archive.read("receipts.json"))
        assert (receipt["active"] is not None) == (who == "herself")
        assert (b"back door" in everything) == (who == "herself")
        assert (b"for you alone" in everything) == (who == "a desk")
    assert told == {"a desk": (2, 0), "herself": (0, 2)}


def test_pages_hold_everyone_once_also_while_people_are_added(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    desk, seen, cursor = key_of(Role.ENROLLER), [], None
    while True:
        params: dict[str, Any] = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/subjects", params=params, headers=desk).json()
        seen += [each["label"] for each in page["subjects"]]
        cursor = page["next"]
        if len(seen) == 1:
            assert enrol(client, desk, photo_of("006", "neutral")).status_code == 201
        if cursor is None:
            break
    assert sorted(seen) == ["001", "003", "005", "Tendai"]
    receipts = client.get("/v1/receipts", params={"limit": 2}, headers=desk).json()
    rest = client.get("/v1/receipts", params={"cursor": receipts["next"]}, headers=desk).json()
    assert len(receipts["receipts"]) == len(rest["receipts"]) == 2


def test_a_cursor_of_something_else_is_refused(client: TestClient, key_of: Key) -> None:
    desk = key_of(Role.ENROLLER)
    leaf = client.get("/v1/log/leaves?limit=1", headers=desk).json()["next"]
    for cursor in (leaf, "x", "_", "W10", "WzFlOTk5LCJ4Il0", "é"):
        refused = client.get("/v1/subjects", params={"cursor": cursor}, headers=desk)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad-argument")


def test_a_key_that_is_kept_to_a_purpose_sees_nobody_else(
    client: TestClient, key_of: Key, photo_of: Photo, id_of: IdOf
) -> None:
    desk = key_of(Role.ENROLLER)
    gate = key_of(Role.ENROLLER, purposes=frozenset(["school gate"]))
    assert client.get("/v1/subjects", headers=gate).json()["subjects"] == []
    assert client.get(f"/v1/subjects/{id_of('001')}", headers=gate).status_code == 404
    assert client.delete(f"/v1/subjects/{id_of('001')}", headers=gate).status_code == 404
    assert enrol(client, gate, photo_of("006")).json()["code"] == "not-allowed"
    both = {"subject": "001", "purpose": "school gate"}
    assert enrol(client, desk, photo_of("001", "neutral"), **both).status_code == 201
    listed = client.get("/v1/receipts", headers=gate).json()["receipts"]
    assert [each["purpose"] for each in listed] == ["school gate"]
    refused = client.delete(f"/v1/subjects/{id_of('001')}", headers=gate)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    assert client.delete(f"/v1/receipts/{listed[0]['id']}", headers=gate).status_code == 200
