"""What callers of the API are told about a photo, and what they are not told."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient
from tests.serve.conftest import PURPOSE

from chiso.core.access import Role, Scope
from chiso.services.serving.service import Service
from chiso.services.withdraw import withdraw

Photo = Callable[..., bytes]
Key = Callable[..., dict[str, str]]
JPEG = {"Content-Type": "image/jpeg"}


def test_a_station_is_told_who_it_is_in_a_word_and_without_scores(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    answer = client.post(
        "/v1/identifications",
        params={"purpose": PURPOSE},
        content=photo_of("001"),
        headers=key_of(Role.VERIFIER) | JPEG,
    )
    (face,) = answer.json()["faces"]
    (candidate,) = face["candidates"]
    assert (answer.status_code, face["decision"], candidate["subject"]) == (200, "match", "001")
    assert candidate["band"] in ("fair", "strong")
    assert candidate["score"] is candidate["llr"] is None


def test_scores_are_for_keys_with_that_scope(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    headers = key_of(Role.VERIFIER, scopes=frozenset([Scope.SCORES])) | JPEG
    params = {"purpose": PURPOSE, "subject": "001"}
    answer = client.post(
        "/v1/verifications", params=params, content=photo_of("001"), headers=headers
    ).json()
    assert answer["decision"] == "match"
    assert answer["score"] > 0.9
    assert answer["llr"] > 0


def test_a_photo_may_come_as_a_form(client: TestClient, key_of: Key, photo_of: Photo) -> None:
    answer = client.post(
        "/v1/detections",
        files={"photo": ("me.jpg", photo_of("001"), "image/jpeg")},
        headers=key_of(Role.VERIFIER),
    )
    assert [face["usable"] for face in answer.json()["faces"]] == [True]


def test_nobody_of_that_name_and_no_consent_are_answered_alike(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    headers = key_of(Role.VERIFIER) | JPEG
    answers = [
        client.post(
            "/v1/verifications",
            params={"purpose": purpose, "subject": subject},
            content=photo_of("001"),
            headers=headers,
        )
        for subject, purpose in (("Nobody", "school gate"), ("001", "school gate"))
    ]
    assert [each.status_code for each in answers] == [403, 403]
    assert answers[0].content == answers[1].content
    assert answers[0].json()["code"] == "no-consent"


def test_a_key_is_kept_to_its_purposes(client: TestClient, key_of: Key, photo_of: Photo) -> None:
    headers = key_of(Role.VERIFIER, purposes=frozenset(["school gate"])) | JPEG
    answer = client.post(
        "/v1/identifications",
        params={"purpose": PURPOSE},
        content=photo_of("001"),
        headers=headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


def test_a_person_cannot_be_tried_without_end_at_one_station(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    headers = key_of(Role.VERIFIER, station="front") | JPEG
    params = {"purpose": PURPOSE, "subject": "001"}
    tried = [
        client.post("/v1/verifications", params=params, content=photo_of("003"), headers=headers)
        for _ in range(11)
    ]
    assert [each.status_code for each in tried] == [200] * 10 + [429]
    assert int(tried[-1].headers["Retry-After"]) > 0
    params["subject"] = "003"
    other = client.post(
        "/v1/verifications", params=params, content=photo_of("003"), headers=headers
    )
    assert other.json()["decision"] == "match"


def test_who_withdrew_is_unknown_at_once(
    client: TestClient, key_of: Key, photo_of: Photo, service: Service
) -> None:
    headers, params = key_of(Role.VERIFIER) | JPEG, {"purpose": PURPOSE}

    def decision() -> str:
        answer = client.post(
            "/v1/identifications", params=params, content=photo_of("001"), headers=headers
        )
        return str(answer.json()["faces"][0]["decision"])

    assert decision() == "match"
    withdraw(service.home, "001")
    assert decision() == "unknown"


def test_another_spelling_of_her_label_is_no_further_attempt(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    headers = key_of(Role.VERIFIER, station="front") | JPEG
    tried = [
        client.post(
            "/v1/verifications",
            params={"purpose": PURPOSE, "subject": "001" + " " * spaces},
            content=photo_of("003"),
            headers=headers,
        ).status_code
        for spaces in range(11)
    ]
    assert tried == [200] * 10 + [429]


def test_another_spelling_of_a_purpose_holds_no_second_copy_of_its_vectors(
    service: Service,
) -> None:
    search = service.searches.of(PURPOSE)
    assert service.searches.of(f" {PURPOSE} ") is search
