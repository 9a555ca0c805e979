"""Verify an erasure certificate from its own text.

Steps, numbered in the code below:

0. (caller) obtain the home's public key from somewhere the operator cannot rewrite. The key that a
   certificate carries is only its own word.
1. The certificate's text is signed by this key.
2. Both of its checkpoints are of its home's log, and signed by this key.
3. The log after the erasure begins with the log before it.
4. The leaf that it shows, with its salt, is in the log after, and was not yet in the log before.
5. That leaf tells of this erasure: the same person and receipt, the same moment and counts.
6. (caller, where the home is at hand) today's log still begins with the log after, and nothing of
   this person is in it: no row and no key.

Certificates of version 1 carry no proof and no leaf: for them steps 1 and 2 are all there is.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from chiso.account.checkpoint import Checkpoint
from chiso.account.commitment import SALT_BYTES, commitment
from chiso.account.merkle import is_consistent, leaf_hash, root_from_inclusion
from chiso.account.verify import VerifySignature, signed_checkpoint
from chiso.core.canonical import JsonValue, canonical_json
from chiso.core.errors import ChisoError, Code
from chiso.core.events import EventType

DOMAINS = {1: b"chiso/erasure/1\x00", 2: b"chiso/erasure/2\x00"}
"""What stands before the text under the signature, by version."""
NEWEST = 2

KEYS, REFERENCES, RECEIPTS = "keys", "references", "receipts"
LOG_PAYLOADS, LABELS, COHORT_STATISTICS = "log-payloads", "labels", "cohort-statistics"
_TELLING = (EventType.ERASED, EventType.RECEIPT_WITHDRAWN)
_LEAST_SIZE = 1
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Destroyed:
    """How many of what were destroyed, and where they had been: the store or the keystore."""

    what: str
    where: str
    count: int


@dataclass(frozen=True, slots=True)
class ErasureLeaf:
    """The leaf that tells of an erasure, and what shows that it is in the log."""

    seq: int
    payload: bytes
    salt: bytes
    inclusion: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ErasureProof:
    """What only version 2 carries. `scrubbed`: what was done to files that may have held copies."""

    subject_id: str
    public_key: bytes
    scrubbed: tuple[str, ...]
    consistency: tuple[bytes, ...]
    leaf: ErasureLeaf


@dataclass(frozen=True, slots=True)
class ErasureCertificate:
    """What was erased, and the log before and after. `signature` is the home's, over `body`.

    `receipts_withdrawn` are kept, to show that they ended. `subject`: the label that she had; None
    where the certificate was printed again, after the label was gone. `receipt`: the id of the one
    that was withdrawn; None where she withdrew whole, and in certificates of leaves that do not
    name it. `proof`: None in version 1.
    """

    version: int
    home_id: str
    subject: str | None
    at: str
    destroyed: tuple[Destroyed, ...]
    receipts_withdrawn: int
    receipt: str | None
    checkpoint_before: str
    checkpoint_after: str
    proof: ErasureProof | None
    body: bytes
    signature: bytes

    @property
    def origin(self) -> str:
        """The name of the log that it is about."""
        return f"chiso/{self.home_id}"

    def count(self, what: str) -> int:
        """How many of `what` were destroyed, from wherever."""
        return sum(each.count for each in self.destroyed if each.what == what)


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """A certificate that holds: the log's checkpoints before and after."""

    before: Checkpoint
    after: Checkpoint


def certificate_text(
    *,
    home_id: str,
    subject: str | None,
    at: str,
    destroyed: Sequence[Destroyed],
    receipts_withdrawn: int,
    receipt: str | None,
    checkpoint_before: str,
    checkpoint_after: str,
    proof: ErasureProof,
) -> bytes:
    """Canonical JSON of a certificate of version 2: what the home signs."""
    leaf = proof.leaf
    document: Mapping[str, JsonValue] = {
        "v": NEWEST,
        "home": home_id,
        "public_key": base64.b64encode(proof.public_key).decode(),
        "at": at,
        "subject": subject,
        "subject_id": proof.subject_id,
        "destroyed": [
            {"what": each.what, "from": each.where, "count": each.count} for each in destroyed
        ],
        "receipts_withdrawn": receipts_withdrawn,
        "scrubbed": list(proof.scrubbed),
        "checkpoint_before": checkpoint_before,
        "checkpoint_after": checkpoint_after,
        "consistency": [step.hex() for step in proof.consistency],
        "leaf": {
            "seq": leaf.seq,
            "payload": leaf.payload.decode(),
            "salt": leaf.salt.hex(),
            "inclusion": [step.hex() for step in leaf.inclusion],
        },
    }
    return canonical_json(document if receipt is None else {**document, "receipt": receipt})


def parse_certificate(body: bytes, signature: bytes) -> ErasureCertificate:
    """Read a certificate's signed text, of either version. Raises ValueError where it is none."""
    try:
        said = json.loads(body)
        version = said["v"]
        if version not in DOMAINS:
            raise ValueError(f"version {version!r} is not known")
        return ErasureCertificate(
            version=version,
            home_id=_of(str, said["home"]),
            subject=None if said["subject"] is None else _of(str, said["subject"]),
            at=_of(str, said["at"]),
            destroyed=_destroyed(said) if version == NEWEST else _destroyed_v1(said),
            receipts_withdrawn=_of(int, said["receipts_withdrawn"]),
            receipt=_of(str, said["receipt"]) if "receipt" in said else None,
            checkpoint_before=_of(str, said["checkpoint_before"]),
            checkpoint_after=_of(str, said["checkpoint_after"]),
            proof=_proof(said) if version == NEWEST else None,
            body=body,
            signature=signature,
        )
    except KeyError as error:
        raise ValueError(f"its signed text has no field `{error.args[0]}`") from error
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError("its signed text has fields of other kinds") from error


def verify_certificate(
    certificate: ErasureCertificate, public_key: bytes, verify_signature: VerifySignature
) -> ErasureReport:
    """Do steps 1 to 5 of the module's docstring.

    Raises ChisoError(CERTIFICATE_INVALID) saying which failed.
    """
    domain = DOMAINS[certificate.version]
    if not verify_signature(domain + certificate.body, certificate.signature):  # 1
        raise invalid("its signature is not this key's: it was changed, or another key made it")
    before = _checkpoint(certificate, "before", public_key, verify_signature)  # 2
    after = _checkpoint(certificate, "after", public_key, verify_signature)
    proof = certificate.proof
    if proof is None:
        return ErasureReport(before, after)
    if proof.public_key != public_key:
        raise invalid("it names another key than the one that signed it")
    steps = proof.consistency
    if not is_consistent(before.size, before.root, after.size, after.root, steps):  # 3
        raise invalid("the log after the erasure does not begin with the log before it")
    leaf = proof.leaf
    hashed = leaf_hash(commitment(leaf.salt, leaf.payload))  # 4
    if root_from_inclusion(hashed, leaf.seq, after.size, leaf.inclusion) != after.root:
        raise invalid(f"the leaf that it shows is not leaf {leaf.seq} of the log")
    if leaf.seq < before.size:
        raise invalid(f"leaf {leaf.seq} was in the log before the erasure")
    _require_same_story(certificate, proof)  # 5
    return ErasureReport(before, after)


def invalid(what: str) -> ChisoError:
    """The error for a certificate that does not hold; `what` says where it fails."""
    return ChisoError(
        Code.CERTIFICATE_INVALID,
        f"The certificate does not hold: {what}.",
        "It shows nothing. Ask the home for it again (`chiso erasure show` prints one anew), and "
        "take the home's public key from somewhere its operator cannot rewrite.",
    )


def _checkpoint(
    certificate: ErasureCertificate,
    when: str,
    public_key: bytes,
    verify_signature: VerifySignature,
) -> Checkpoint:
    note = certificate.checkpoint_before if when == "before" else certificate.checkpoint_after
    try:
        checkpoint = signed_checkpoint(note, certificate.origin, public_key, verify_signature)
    except ChisoError as error:
        reason = error.message.partition(": ")[2].rstrip(".")
        raise invalid(f"of the log {when} the erasure, {reason}") from error
    if checkpoint.size < _LEAST_SIZE:
        raise invalid(f"the log {when} the erasure was empty, and no home's is")
    return checkpoint


def _require_same_story(certificate: ErasureCertificate, proof: ErasureProof) -> None:
    told = json.loads(proof.leaf.payload)
    if told.get("type") not in _TELLING:
        raise invalid(f"leaf {proof.leaf.seq} tells of something else: {told.get('type')}")
    claims: Mapping[str, object] = {
        "erased_subject": proof.subject_id,
        "at": certificate.at,
        "references": certificate.count(REFERENCES),
        "receipts": certificate.count(RECEIPTS),
        "receipts_withdrawn": certificate.receipts_withdrawn,
        "receipt": certificate.receipt,
        "log_payloads": certificate.count(LOG_PAYLOADS),
    }
    for fact, claimed in claims.items():
        if told.get(fact) != claimed:
            raise invalid(
                f"{fact.replace('_', ' ')}: the log says {told.get(fact)}, and the certificate "
                f"says {claimed}"
            )


def _destroyed(said: Mapping[str, Any]) -> tuple[Destroyed, ...]:
    return tuple(
        Destroyed(_of(str, each["what"]), _of(str, each["from"]), _of(int, each["count"]))
        for each in said["destroyed"]
    )


def _destroyed_v1(said: Mapping[str, Any]) -> tuple[Destroyed, ...]:
    return (
        Destroyed(KEYS, "keystore", int(_of(bool, said["key_destroyed"]))),
        Destroyed(REFERENCES, "store", _of(int, said["references"])),
        Destroyed(RECEIPTS, "store", _of(int, said["receipts"])),
        Destroyed(LOG_PAYLOADS, "store", _of(int, said["log_payloads"])),
    )


def _proof(said: Mapping[str, Any]) -> ErasureProof:
    leaf = said["leaf"]
    salt, payload = bytes.fromhex(leaf["salt"]), _of(str, leaf["payload"]).encode()
    if len(salt) != SALT_BYTES:
        raise ValueError(f"its salt has {len(salt)} bytes, not {SALT_BYTES}")
    if not isinstance(json.loads(payload), dict):
        raise ValueError("its leaf says nothing")
    return ErasureProof(
        _of(str, said["subject_id"]),
        base64.b64decode(said["public_key"], validate=True),
        tuple(_of(str, each) for each in said["scrubbed"]),
        _hashes(said["consistency"]),
        ErasureLeaf(_of(int, leaf["seq"]), payload, salt, _hashes(leaf["inclusion"])),
    )


def _hashes(steps: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(step) for step in steps)


def _of(kind: type[_Kind], value: object) -> _Kind:
    """`value`, if it is of this kind exactly: JSON's `true` is no number."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} where a {kind.__name__} belongs")
    return value
