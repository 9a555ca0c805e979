"""Certificates of erasure: made from the log, printed again, and checked."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chiso.account.checkpoint import Checkpoint, checkpoint_text, signed_note
from chiso.account.erasure import (
    COHORT_STATISTICS,
    DOMAINS,
    KEYS,
    LABELS,
    LOG_PAYLOADS,
    NEWEST,
    RECEIPTS,
    REFERENCES,
    Destroyed,
    ErasureCertificate,
    ErasureLeaf,
    ErasureProof,
    ErasureReport,
    certificate_text,
    invalid,
    parse_certificate,
    verify_certificate,
)
from chiso.account.merkle import (
    consistency_proof,
    inclusion_proof,
    is_consistent,
    peak_nodes,
    root_of,
)
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.events import EventType, LeafPayload, LogHead
from chiso.core.storage import ReadTransaction, WriteTransaction
from chiso.services.home import Home
from chiso.services.log import broken, head_of, require_not_put_back, require_signed_head

_ERASURES_SETTING, _SCRUBBED_SETTING = "erasures", "scrub"
_STORE, _KEYSTORE = "store", "keystore"
_KEYSTORE_SCRUBBED = "keystore-rewritten"


@dataclass(frozen=True, slots=True)
class ErasureTold:
    """One erasure as the log tells of it: leaf `seq`."""

    seq: int
    at: str
    subject_id: str
    references: int
    receipts: int


def certificate_of(home: Home, seq: int, label: str | None) -> ErasureCertificate:
    """The certificate for the erasure that leaf `seq` tells of, from the log alone.

    `label`: what the person was called; None once nobody knows. Ed25519 signatures are the same
    each time, so the checkpoints that it gives are those that the home signed then. Raises
    LOG_BROKEN where the log does not go on from them to its head.
    """
    anchored = home.anchor.read()
    with home.store.reading() as view:
        head = head_of(view)
        require_signed_head(home, head)
        require_not_put_back(home, anchored, view, head)
        payload = view.payload(seq)
        told = _told(payload)
        if payload is None or told is None:
            raise _no_erasure(f"Leaf {seq} of the log tells of no erasure.")
        subject_id = SubjectId(told["erased_subject"])
        before, after = (_checkpoint(home, view, head, size) for size in (seq, seq + 1))
        key_gone = home.keystore.key(subject_id) is None
        scrubbed = (*home.store.scrubbing, *([_KEYSTORE_SCRUBBED] if key_gone else []))
        proof = ErasureProof(
            subject_id,
            home.signer.public_key,
            scrubbed,
            consistency_proof(seq, seq + 1, view.log_hashes),
            ErasureLeaf(
                seq, payload.body, payload.salt, inclusion_proof(seq, seq + 1, view.log_hashes)
            ),
        )
    body = certificate_text(
        home_id=home.home_id,
        subject=label,
        at=told["at"],
        destroyed=_destroyed(told, key_gone),
        receipts_withdrawn=told["receipts_withdrawn"],
        receipt=told.get("receipt"),
        checkpoint_before=before,
        checkpoint_after=after,
        proof=proof,
    )
    return parse_certificate(body, home.signer.sign(DOMAINS[NEWEST] + body))


def erasures(home: Home) -> list[ErasureTold]:
    """Every erasure of a whole person that the log tells of, oldest first."""
    with home.store.reading() as view:
        return [
            ErasureTold(seq, said["at"], said["erased_subject"], said["references"],
                        said["receipts"])
            for seq, said in _of_whole_people(view)
        ]  # fmt: skip


def show(home: Home, which: str) -> ErasureCertificate:
    """The certificate of an erasure again, by the number of its leaf or the id of the person.

    It says everything but her label, which went with her. Raises LEAF_MISSING where the log tells
    of no such erasure, ERASURE_UNFINISHED where copies of what was erased may still be there.
    """
    with home.store.reading() as view:
        seqs = [
            seq
            for seq, said in _of_whole_people(view)
            if which in (str(seq), said["erased_subject"])
        ]
        _require_finished(view)
    if not seqs:
        raise _no_erasure(f"The log tells of no erasure {which!r}.")
    return certificate_of(home, seqs[-1], None)


def erasures_so_far(view: ReadTransaction) -> int:
    """How many erasures there were, so that whoever holds a gallery sees that there was another."""
    return int(view.setting(_ERASURES_SETTING) or 0)


def count_erasure(transaction: WriteTransaction) -> None:
    """Count one more, in the transaction that deletes the rows: from then on a scrub is due."""
    transaction.put_setting(_ERASURES_SETTING, str(erasures_so_far(transaction) + 1))


def is_scrub_due(view: ReadTransaction) -> bool:
    """Whether files may still hold copies of rows that were deleted."""
    return _scrubbed_up_to(view) < erasures_so_far(view)


def note_scrubbed(transaction: WriteTransaction, erasures: int) -> None:
    """Note that the files were scrubbed after so many erasures.

    A number and no flag: whoever scrubs must not call done what another erased meanwhile.
    """
    if _scrubbed_up_to(transaction) < erasures:
        transaction.put_setting(_SCRUBBED_SETTING, str(erasures))


def _scrubbed_up_to(view: ReadTransaction) -> int:
    said = view.setting(_SCRUBBED_SETTING) or "0"
    return int(said) if said.isdecimal() else -1  # earlier versions wrote words: scrub once more


def read_certificate(content: bytes) -> ErasureCertificate:
    """The certificate in a file as `chiso withdraw --out` writes it.

    Raises BAD_ARGUMENT where it is none, CERTIFICATE_INVALID where what stands beside the signed
    text says something else.
    """
    try:
        document = json.loads(content)
        signature = base64.b64decode(document["signature"], validate=True)
        certificate = parse_certificate(document["certificate"].encode(), signature)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"This is no erasure certificate: {_what_is_wrong(error)}.",
            "Give the file that `chiso withdraw --out` wrote, or what its --json printed.",
        ) from error
    beside = certificate_document(certificate)
    for name, value in document.items():
        if beside.get(name, value) != value:
            raise invalid(f"{name} beside the signed text is not what that text says")
    return certificate


def _what_is_wrong(error: Exception) -> str:
    match error:
        case json.JSONDecodeError() | UnicodeDecodeError() | RecursionError():
            return "it is not JSON"
        case KeyError():
            return f"it has no field `{error.args[0]}`"
        case TypeError() | AttributeError():
            return "its fields are not of a certificate's kinds"
    return str(error)


def certificate_document(certificate: ErasureCertificate) -> dict[str, object]:
    """A certificate as it is printed and kept: the signed text, its signature, and a summary."""
    return {
        "subject": certificate.subject,
        "references": certificate.count(REFERENCES),
        "receipts": certificate.count(RECEIPTS),
        "receipts_withdrawn": certificate.receipts_withdrawn,
        "receipt": certificate.receipt,
        "log_payloads": certificate.count(LOG_PAYLOADS),
        "key_destroyed": certificate.count(KEYS) > 0,
        "certificate": certificate.body.decode(),
        "signature": base64.b64encode(certificate.signature).decode(),
    }


def check_at_home(home: Home, certificate: ErasureCertificate) -> ErasureReport:
    """Do all steps of `chiso.account.erasure`: by the home's key, and as the home is today.

    Raises CERTIFICATE_INVALID, or whatever is wrong with the home's own log.
    """
    if certificate.home_id != home.home_id:
        raise invalid(f"it is of home {certificate.home_id}, and this is home {home.home_id}")
    report = verify_certificate(certificate, home.signer.public_key, home.signer.verify)
    anchored = home.anchor.read()
    with home.store.reading() as view:
        head = head_of(view)
        require_signed_head(home, head)
        require_not_put_back(home, anchored, view, head)
        if report.after.size > head.size:
            raise invalid(
                f"it was given when the log had {report.after.size} leaves, and today's has "
                f"{head.size}: an earlier copy of the database was put back"
            )
        if not _begins_with(view, head, report.after):
            raise invalid("today's log does not begin with the log that it shows")
        if certificate.proof is not None and certificate.count(LABELS):
            _require_nothing_of(home, view, SubjectId(certificate.proof.subject_id))
    return report


def _require_nothing_of(home: Home, view: ReadTransaction, subject_id: SubjectId) -> None:
    """Raise unless neither store nor keystore has anything of this person."""
    left = {
        "her label": view.subject_by_id(subject_id) is not None,
        "a receipt of hers": bool(view.receipts(subject_id)),
        "a reference of hers": next(view.references(None, subject_id), None) is not None,
        "what a leaf of the log says about her": next(view.payloads(subject_id), None) is not None,
        "her key": home.keystore.key(subject_id) is not None,
    }
    for what, is_there in left.items():
        if is_there:
            raise invalid(f"{what} is in the home: it was put back after the erasure")
    _require_finished(view)


def _require_finished(view: ReadTransaction) -> None:
    if view.erasures_due() or is_scrub_due(view):
        raise ChisoError(
            Code.ERASURE_UNFINISHED,
            "Copies of what was erased may still be in the home's files.",
            "Stop other processes that use this home, and run any chiso command on it: it finishes "
            "the erasure.",
        )


def _of_whole_people(view: ReadTransaction) -> list[tuple[int, Mapping[str, Any]]]:
    found = [(payload.seq, _told(payload)) for payload in view.payloads()]
    return [(seq, said) for seq, said in found if said and said["type"] == EventType.ERASED]


def _told(payload: LeafPayload | None) -> Mapping[str, Any] | None:
    """What a leaf says, if it tells of an erasure."""
    if payload is None:
        return None
    said: Mapping[str, Any] = json.loads(payload.body)
    return said if "erased_subject" in said else None


def _checkpoint(home: Home, view: ReadTransaction, head: LogHead, size: int) -> str:
    """The signed note over the log's first `size` leaves, which the head must go on from.

    Stored hashes alone are not believed: they could have been edited, and are signed here.
    """
    then = Checkpoint(home.origin, size, root_of(view.log_hashes(peak_nodes(size))))
    if not _begins_with(view, head, then):
        raise broken(f"its head does not go on from its first {size} leaves")
    text = checkpoint_text(then)
    return signed_note(text, home.origin, home.signer.public_key, home.signer.sign(text))


def _begins_with(view: ReadTransaction, head: LogHead, then: Checkpoint) -> bool:
    steps = consistency_proof(then.size, head.size, view.log_hashes)
    return is_consistent(then.size, then.root, head.size, root_of(head.peaks), steps)


def _destroyed(told: Mapping[str, Any], key_gone: bool) -> tuple[Destroyed, ...]:
    is_whole = told["type"] == EventType.ERASED
    # A key is made with the first reference and goes with the last: who had none had no key.
    key_went = key_gone and told["references"] > 0
    return (
        Destroyed(KEYS, _KEYSTORE, int(key_went)),
        Destroyed(REFERENCES, _STORE, told["references"]),
        Destroyed(RECEIPTS, _STORE, told["receipts"]),
        Destroyed(LOG_PAYLOADS, _STORE, told["log_payloads"]),
        Destroyed(LABELS, _STORE, int(is_whole)),
        # Thresholds and normalisers are fitted to people of studies, never to a home's.
        Destroyed(COHORT_STATISTICS, _STORE, 0),
    )


def _no_erasure(message: str) -> ChisoError:
    return ChisoError(Code.LEAF_MISSING, message, "`chiso erasure list` shows those there are.")
