"""The log, audits, thresholds, check-ins and metrics, as each caller may read them."""

from __future__ import annotations

import base64
from collections.abc import Callable

from fastapi.testclient import TestClient
from tests.serve.conftest import PURPOSE

from chiso.account.checkpoint import parse_checkpoint, parse_note
from chiso.account.commitment import commitment
from chiso.account.merkle import is_consistent, leaf_hash, root_from_inclusion
from chiso.core.access import Role
from chiso.core.canonical import JsonValue
from chiso.core.events import Event, EventType
from chiso.services.log import record
from chiso.services.serving.service import Service

Photo = Callable[..., bytes]
Key = Callable[..., dict[str, str]]
IdOf = Callable[[str], str]
JPEG = {"Content-Type": "image/jpeg"}


def test_a_person_reads_and_proves_her_leaves_and_no_other(
    client: TestClient, session_of: Key, key_of: Key
) -> None:
    her = session_of("001")
    page = client.get("/v1/log/leaves", headers=her).json()
    assert [leaf["said"]["type"] for leaf in page["leaves"]] == ["receipt-granted", "enrolled"]
    assert page["size"] > len(page["leaves"])
    proof = client.get(f"/v1/log/proofs/{page['leaves'][0]['seq']}", headers=her).json()
    own = leaf_hash(commitment(bytes.fromhex(proof["salt"]), base64.b64decode(proof["payload"])))
    assert own.hex() == proof["leaf_hash"]
    head = parse_checkpoint(parse_note(proof["checkpoint"]).text)
    path = [bytes.fromhex(step) for step in proof["inclusion"]]
    assert root_from_inclusion(own, proof["seq"], head.size, path) == head.root
    other = client.get(f"/v1/log/proofs/{proof['seq']}", headers=session_of("003")).json()
    assert (other["payload"], other["salt"]) == (None, None)
    assert other["leaf_hash"] == proof["leaf_hash"]


def test_nobody_else_reads_a_persons_leaves(client: TestClient, key_of: Key, id_of: IdOf) -> None:
    for role in (Role.ADMIN, Role.AUDITOR, Role.ENROLLER, Role.VERIFIER):
        answer = client.get("/v1/log/leaves?limit=200", headers=key_of(role))
        assert id_of("001") not in answer.text
        shown = {leaf["content"] for leaf in answer.json()["leaves"]}
        may_read = role in (Role.ADMIN, Role.AUDITOR)
        assert shown == ({"shown", "withheld"} if may_read else {"withheld"})


def test_pages_of_leaves_follow_each_other(
    client: TestClient, key_of: Key, session_of: Key
) -> None:
    for headers in (key_of(Role.AUDITOR), session_of("005")):
        whole = client.get("/v1/log/leaves?limit=200", headers=headers).json()
        seen: list[object] = []
        cursor: str | None = ""
        while cursor is not None:
            params = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/log/leaves", params=params, headers=headers).json()
            seen += page["leaves"]
            cursor = page["next"]
        assert seen == whole["leaves"]


def test_the_log_of_now_begins_with_the_log_of_then(
    client: TestClient, key_of: Key, photo_of: Photo
) -> None:
    auditor = key_of(Role.AUDITOR)
    then = client.get("/v1/log/checkpoint", headers=auditor).json()
    key_of(Role.VERIFIER)
    proof = client.get(f"/v1/log/consistency?since={then['size']}", headers=auditor).json()
    old = parse_checkpoint(parse_note(then["checkpoint"]).text)
    new = parse_checkpoint(parse_note(proof["checkpoint"]).text)
    steps = [bytes.fromhex(step) for step in proof["consistency"]]
    assert old.size < new.size
    assert is_consistent(old.size, old.root, new.size, new.root, steps)
    for size, code in ((10**6, "bad-argument"), (0, "bad-argument")):
        refused = client.get(f"/v1/log/consistency?since={size}", headers=auditor)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
    missing = client.get("/v1/log/proofs/1000000", headers=auditor)
    assert (missing.status_code, missing.json()["code"]) == (404, "leaf-missing")


def test_a_check_in_is_seen_at_its_own_station_and_by_herself(
    client: TestClient, key_of: Key, photo_of: Photo, session_of: Key
) -> None:
    front, back = (key_of(Role.VERIFIER, station=name) for name in ("front", "back"))
    params = {"purpose": PURPOSE}
    client.post("/v1/identifications", params=params, content=photo_of("001"), headers=front | JPEG)
    client.post("/v1/identifications", params=params, content=photo_of("009"), headers=front | JPEG)
    here = client.get("/v1/check-ins", headers=front).json()
    assert [each["subject"] for each in here["check_ins"]] == ["001"]
    assert client.get("/v1/check-ins", headers=back).json()["check_ins"] == []
    nowhere = client.get("/v1/check-ins", headers=key_of(Role.ADMIN))
    assert (nowhere.status_code, nowhere.json()["code"]) == (403, "not-allowed")
    leaves = client.get("/v1/log/leaves", headers=session_of("001")).json()["leaves"]
    assert leaves[-1]["said"]["station"] == "front"


def test_the_threshold_in_use_is_shown_and_chosen(client: TestClient, key_of: Key) -> None:
    admin = key_of(Role.ADMIN)
    (known,) = client.get("/v1/thresholds", headers=admin).json()["thresholds"]
    assert known == client.get("/v1/thresholds/active", headers=admin).json()
    assert known["in_use"]
    chosen = client.post(f"/v1/thresholds/{known['id']}/use", headers=admin).json()
    assert (chosen["before"], chosen["is_laxer"]) == (known["id"], False)
    leaf = client.get("/v1/log/leaves?limit=200", headers=admin).json()["leaves"][-1]
    assert leaf["said"]["type"] == "threshold-changed"
    unknown = client.post("/v1/thresholds/none/use", headers=admin)
    assert unknown.json()["code"] == "threshold-missing"


def test_recorded_audits_are_listed(client: TestClient, key_of: Key, service: Service) -> None:
    auditor = key_of(Role.AUDITOR)
    assert client.get("/v1/audits", headers=auditor).json()["audits"] == []
    facts: dict[str, JsonValue] = {
        "kind": "scores",
        "verdict": "pass",
        "input_sha256": "0",
        "report_sha256": {},
    }
    event = Event(EventType.AUDIT_RECORDED, service.home.clock.now(), None, facts)
    with service.home.store.writing() as transaction:
        record(service.home, transaction, [event])
    (told,) = client.get("/v1/audits", headers=auditor).json()["audits"]
    assert (told["kind"], told["verdict"]) == ("scores", "pass")


def test_metrics_count_calls_and_tell_of_nobody(
    client: TestClient, key_of: Key, id_of: IdOf
) -> None:
    admin, hers = key_of(Role.ADMIN), id_of("001")
    client.get(f"/v1/subjects/{hers}", headers=admin)
    client.get("/v1/nowhere", headers=admin)
    text = client.get("/v1/metrics", headers=admin).text
    counted = 'chiso_calls_total{method="GET",route="/v1/subjects/{subject_id}",status="200"} 1.0'
    assert counted in text
    assert "chiso_references 3.0" in text
    assert hers not in text
    assert "a admin" not in text  # the name of the key
    assert client.get("/v1/metrics", headers=key_of(Role.VERIFIER)).status_code == 403
