"""A typed client of Chiso's API on httpx: enough to enrol, recognise, prove and withdraw.

python client.py http://127.0.0.1:8730 KEY "Rudo M." rudo.jpg form.pdf
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx


class Problem(Exception):
    """What the API answers instead of a result (RFC 9457)."""

    def __init__(self, answer: httpx.Response) -> None:
        document = answer.json()
        super().__init__(f"{document['detail']} {document['hint']}")
        self.status = answer.status_code
        self.code: str = document["code"]
        self.retry_after_s = int(answer.headers.get("Retry-After", "0"))


@dataclass(frozen=True)
class Enrolment:
    """What an enrolment did."""

    receipt: str
    subject_id: str
    references_added: int


@dataclass(frozen=True)
class Person:
    """Someone who is enrolled."""

    subject_id: str
    label: str
    references: int


@dataclass(frozen=True)
class Verification:
    """`decision`: match, no-match or refused; `hint` says what to do about a refused photo."""

    decision: str
    band: str
    hint: str | None


class Chiso:
    """One server, called with one key."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=f"{url}/v1/", headers=headers, timeout=60.0)

    def __enter__(self) -> Chiso:
        """Open connections when they are needed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them."""
        self._http.close()

    def enrol(
        self, subject: str, purpose: str, modes: str, expires: str, evidence: Path, *photos: Path
    ) -> Enrolment:
        """Enrol someone who agreed. Safe to send again: it carries an idempotency key."""
        agreed = {"subject": subject, "purpose": purpose, "modes": modes, "expires": expires}
        files = [("evidence", (evidence.name, evidence.read_bytes()))]
        files += [("photo", (each.name, each.read_bytes())) for each in photos]
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        made = self._call("POST", "receipts", data=agreed, files=files, headers=headers)
        return Enrolment(made["receipt"], made["subject_id"], made["references_added"])

    def people(self) -> Iterator[Person]:
        """Everyone, page by page."""
        cursor: str | None = None
        while True:
            params = {} if cursor is None else {"cursor": cursor}
            page = self._call("GET", "subjects", params=params)
            for each in page["subjects"]:
                yield Person(each["id"], each["label"], each["references"])
            cursor = page["next"]
            if cursor is None:
                return

    def verify(self, subject: str, purpose: str, photo: bytes) -> Verification:
        """Compare a photo, JPEG or PNG, with one person."""
        params = {"subject": subject, "purpose": purpose}
        said = self._call("POST", "verifications", params=params, files={"photo": photo})
        return Verification(said["decision"], said["band"], said["hint"])

    def identify(self, purpose: str, photo: bytes) -> list[str | None]:
        """What each face's best candidate is called; None for a face that nobody has."""
        params = {"purpose": purpose}
        said = self._call("POST", "identifications", params=params, files={"photo": photo})
        return [
            face["candidates"][0]["subject"] if face["candidates"] else None
            for face in said["faces"]
        ]

    def checkpoint(self) -> str:
        """The log's signed head, to keep elsewhere."""
        return str(self._call("GET", "log/checkpoint")["checkpoint"])

    def withdraw(self, subject_id: str) -> Mapping[str, Any]:
        """Erase everything of a person; returns the certificate."""
        return self._call("DELETE", f"subjects/{subject_id}")

    def _call(self, method: str, path: str, **asked: Any) -> dict[str, Any]:
        answer = self._http.request(method, path, **asked)
        if answer.is_error:
            raise Problem(answer)
        document: dict[str, Any] = answer.json()
        return document


def main(url: str, key: str, subject: str, photo: str, evidence: str) -> None:
    """Enrol someone, recognise her in the same photo, and withdraw."""
    with Chiso(url, key) as chiso:
        made = chiso.enrol(
            subject, "clinic door", "verify,identify", "2099-12-31", Path(evidence), Path(photo)
        )
        print(f"Enrolled {subject}: receipt {made.receipt}.")
        content = Path(photo).read_bytes()
        print(f"Verified: {chiso.verify(subject, 'clinic door', content).decision}.")
        print(f"Identified: {chiso.identify('clinic door', content)}.")
        print(f"{sum(1 for _ in chiso.people())} people are enrolled.")
        certificate = chiso.withdraw(made.subject_id)
        print(f"Withdrawn: {certificate['references']} reference destroyed.")


if __name__ == "__main__":
    main(*sys.argv[1:])
