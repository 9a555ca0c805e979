"""Idempotency keys: what is sent twice is done once and answered alike."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from fastapi.testclient import TestClient
from tests.serve.test_people import enrol

from chiso.core.access import Role
from chiso.services.serving.service import Service

Photo = Callable[..., bytes]
Key = Callable[..., dict[str, str]]
IdOf = Callable[[str], str]
ONCE = {"Idempotency-Key": "4f1c"}


def test_an_enrolment_sent_twice_is_done_once_and_answered_alike(
    client: TestClient, key_of: Key, photo_of: Photo, service: Service
) -> None:
    desk, photo = key_of(Role.ENROLLER) | ONCE, photo_of("006", "neutral")
    first, second = enrol(client, desk, photo), enrol(client, desk, photo)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    other = enrol(client, desk, photo, subject="Chipo")
    assert (other.status_code, other.json()["code"]) == (409, "key-reused")
    assert client.get("/v1/subjects?label=Chipo", headers=desk).json()["subjects"] == []
    elsewhere = enrol(client, key_of(Role.ENROLLER) | ONCE, photo)
    assert "Idempotent-Replayed" not in elsewhere.headers  # another key, though it is called alike


def test_of_several_at_the_same_moment_one_does_it(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    desk, photo = key_of(Role.ENROLLER) | ONCE, photo_of("006", "neutral")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: enrol(client, desk, photo), range(4)))
    assert {each.content for each in answers} == {answers[0].content}
    assert sum("Idempotent-Replayed" not in each.headers for each in answers) == 1


def test_what_failed_did_nothing_and_may_be_sent_again(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    desk = key_of(Role.ENROLLER) | ONCE
    assert enrol(client, desk, b"no photo").status_code == 422
    assert enrol(client, desk, photo_of("006", "neutral")).status_code == 201


def test_a_kept_answer_goes_with_the_person(
    client: TestClient, key_of: Key, photo_of: Photo, service: Service
) -> None:
    desk, photo = key_of(Role.ENROLLER), photo_of("006", "neutral")
    made = enrol(client, desk | ONCE, photo).json()
    client.delete(f"/v1/subjects/{made['subject_id']}", headers=desk)
    again = enrol(client, desk | ONCE, photo)
    assert again.status_code == 201
    assert again.json()["subject_id"] != made["subject_id"]


def test_a_withdrawal_sent_twice_is_answered_alike(
    client: TestClient, key_of: Key, id_of: IdOf
) -> None:
    desk = key_of(Role.ENROLLER) | ONCE
    params = {"subject_id": id_of("001")}
    (receipt,) = client.get("/v1/receipts", params=params, headers=desk).json()["receipts"]
    answers = [client.delete(f"/v1/receipts/{receipt['id']}", headers=desk) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_an_answer_with_a_secret_is_not_kept_and_no_second_key_is_made(
    client: TestClient, key_of: Key, service: Service
) -> None:
    admin = key_of(Role.ADMIN)
    expires = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    wanted = {"name": "once", "role": "verifier", "expires": expires}
    made = client.post("/v1/keys", json=wanted, headers=admin | ONCE)
    again = client.post("/v1/keys", json=wanted, headers=admin | ONCE)
    assert (made.status_code, again.status_code) == (201, 409)
    assert again.json()["code"] == "key-reused"
    names = [each["name"] for each in client.get("/v1/keys", headers=admin).json()["keys"]]
    assert names.count("once") == 1


def test_nobody_is_answered_who_may_not_call_any_more(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    admin, desk = key_of(Role.ADMIN), key_of(Role.ENROLLER) | ONCE
    assert enrol(client, desk, photo_of("006", "neutral")).status_code == 201
    for key in client.get("/v1/keys", headers=admin).json()["keys"]:
        if key["role"] == "enroller":
            client.delete(f"/v1/keys/{key['id']}", headers=admin)
    assert enrol(client, desk, photo_of("006", "neutral")).status_code == 401


def test_a_key_that_nobody_could_read_is_refused(client: TestClient, key_of: Key) -> None:
    desk = key_of(Role.ENROLLER)
    for key in ("", "a b", "x" * 201):
        refused = client.post("/v1/receipts", headers=desk | {"Idempotency-Key": key})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad-argument")


def test_another_cookie_beside_the_session_s_makes_no_other_caller(
    client: TestClient, session_of: Callable[[str], dict[str, str]]
) -> None:
    her = session_of("001") | ONCE
    (receipt,) = client.get("/v1/receipts", headers=her).json()["receipts"]
    path = f"/v1/receipts/{receipt['id']}"
    first = client.delete(path, headers=her)
    second = client.delete(path, headers=her | {"Cookie": f"language=sn; {her['Cookie']}"})
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["Idempotent-Replayed"] == "true"
