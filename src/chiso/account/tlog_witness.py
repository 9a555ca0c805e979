"""What logs and witnesses say to each other: C2SP tlog-witness, `add-checkpoint`."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from enum import IntEnum

from chiso.account.checkpoint import parse_size, strict_base64

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
MAX_BODY_BYTES = 128 * 1024
"""Room for 63 hashes and for 16 signatures of nearly 5 kB, which the specifications ask for."""
MAX_SIZE_BODY_BYTES = 20
"""Nineteen digits and a line end."""
MAX_PROOF_LINES = 63
_OLD = "old "


class Status(IntEnum):
    """HTTP statuses that a witness answers with, and what each means."""

    COSIGNED = 200
    MALFORMED = 400
    """No such request can be meant, or the older tree is the larger."""
    BAD_SIGNATURE = 403
    """No signature of the log's own key."""
    UNKNOWN_LOG = 404
    CONFLICT = 409
    """The witness has seen another size, which its answer gives, or another tree of this size."""
    BAD_PROOF = 422
    """The new tree is not shown to begin with the one that the witness has seen."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request: the size that the witness last saw, the proof from it, and the signed note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A witness's answer to a request, and what its own record says of it."""

    status: Status
    body: bytes
    content_type: str
    remark: str


def request_body(request: AddCheckpoint) -> bytes:
    """The request as it is sent: `old` and the size, the hashes a line each, a gap, the note."""
    if len(request.proof) > MAX_PROOF_LINES:
        raise ValueError(f"a proof has at most {MAX_PROOF_LINES} hashes")
    lines = [f"{_OLD}{request.old_size}"]
    lines += [base64.b64encode(each).decode() for each in request.proof]
    return ("\n".join(lines) + "\n\n" + request.note).encode()


def parse_request(body: bytes) -> AddCheckpoint:
    """Read a request. The note in it is not taken apart. Raises ValueError where it is none."""
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"it has more than {MAX_BODY_BYTES} bytes")
    head, gap, note = body.decode().partition("\n\n")
    if not gap or not head.startswith(_OLD):
        raise ValueError("it does not begin with the older size and end with a note")
    first, *hashes = head.split("\n")
    if len(hashes) > MAX_PROOF_LINES:
        raise ValueError(f"its proof has more than {MAX_PROOF_LINES} hashes")
    proof = tuple(strict_base64(each) for each in hashes)
    if any(len(each) != hashlib.sha256().digest_size for each in proof):
        raise ValueError("a hash of its proof has not 32 bytes")
    return AddCheckpoint(parse_size(first.removeprefix(_OLD)), proof, note)


def size_body(size: int) -> bytes:
    """What a witness answers with status 409: the size that it has cosigned, and a line end."""
    return b"%d\n" % size


def parse_size_body(body: bytes) -> int:
    """Read what `size_body` writes. Raises ValueError where it is none."""
    text = body.decode()
    if not text.endswith("\n"):
        raise ValueError("a size without its line end")
    return parse_size(text[:-1])
