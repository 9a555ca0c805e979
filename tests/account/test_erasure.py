"""Certificates that were given once go on holding: fixed texts of both versions, by a test key."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chiso.account.erasure import (
    COHORT_STATISTICS,
    DOMAINS,
    KEYS,
    LABELS,
    LOG_PAYLOADS,
    RECEIPTS,
    REFERENCES,
    ErasureCertificate,
    parse_certificate,
    verify_certificate,
)
from chiso.adapters.signing import Ed25519Signer
from chiso.core.canonical import canonical_json
from chiso.core.errors import ChisoError, Code
from chiso.services.erasure import certificate_document, read_certificate

_GOLDEN = Path(__file__).parent.parent / "golden"
_SIGNER, _OTHER = Ed25519Signer(bytes(range(32))), Ed25519Signer(bytes(32))
_ALL = {KEYS: 1, REFERENCES: 2, RECEIPTS: 1, LOG_PAYLOADS: 4}
_OF_ONE = {KEYS: 0, REFERENCES: 2, RECEIPTS: 0, LOG_PAYLOADS: 0, LABELS: 0, COHORT_STATISTICS: 0}
_RECEIPT = "5e0f7c1a-0000-4000-8000-000000000007"


def _golden(name: str) -> ErasureCertificate:
    return read_certificate((_GOLDEN / f"erasure_certificate_{name}.json").read_bytes())


def _signed_anew(certificate: ErasureCertificate, **changes: object) -> ErasureCertificate:
    """Other claims, under a signature that is this key's all the same."""
    body = canonical_json(json.loads(certificate.body) | changes)
    return parse_certificate(body, _SIGNER.sign(DOMAINS[certificate.version] + body))


def _require_invalid(certificate: ErasureCertificate, word: str, by: Ed25519Signer) -> None:
    with pytest.raises(ChisoError, match=word) as raised:
        verify_certificate(certificate, by.public_key, by.verify)
    assert raised.value.code is Code.CERTIFICATE_INVALID


@pytest.mark.parametrize(
    ("name", "version", "receipt", "counts"),
    [
        ("1", 1, None, _ALL),
        ("2", 2, None, _ALL | {LABELS: 1, COHORT_STATISTICS: 0}),
        ("2_of_one_receipt", 2, _RECEIPT, _OF_ONE),
        ("2_unnamed_receipt", 2, None, _OF_ONE),
    ],
)
def test_a_certificate_of_an_earlier_day_holds(
    name: str, version: int, receipt: str | None, counts: dict[str, int]
) -> None:
    certificate = _golden(name)
    report = verify_certificate(certificate, _SIGNER.public_key, _SIGNER.verify)
    assert (report.before.size, report.after.size) == (5, 6)
    assert (certificate.version, certificate.subject) == (version, "Tendai")
    assert (certificate.receipt, certificate.at) == (receipt, "2026-11-23T12:00:00Z")
    assert {each.what: each.count for each in certificate.destroyed} == counts
    assert (certificate.proof is None) == (version == 1)
    kept = json.loads((_GOLDEN / f"erasure_certificate_{name}.json").read_bytes())
    assert kept.items() <= certificate_document(certificate).items()


@pytest.mark.parametrize("name", ["1", "2", "2_of_one_receipt"])
def test_a_changed_certificate_or_another_key_does_not_hold(name: str) -> None:
    certificate = _golden(name)
    changed = replace(certificate, body=certificate.body.replace(b"Tendai", b"Tendei"))
    _require_invalid(changed, "signature", _SIGNER)
    _require_invalid(certificate, "signature", _OTHER)


def test_a_certificate_of_version_1_holds_under_the_domain_of_version_1_alone() -> None:
    body = _golden("1").body
    later = parse_certificate(body, _SIGNER.sign(DOMAINS[2] + body))
    _require_invalid(later, "signature", _SIGNER)


def test_checkpoints_of_version_1_must_be_of_the_homes_own_log() -> None:
    certificate = _golden("1")
    _require_invalid(_signed_anew(certificate, home="another"), "before the erasure", _SIGNER)
    unsigned = certificate.checkpoint_after.partition("\n\n")[0] + "\n\n"
    cut = _signed_anew(certificate, checkpoint_after=unsigned)
    _require_invalid(cut, "after the erasure", _SIGNER)


def test_a_certificate_names_the_receipt_that_its_leaf_names() -> None:
    other = _signed_anew(_golden("2_of_one_receipt"), receipt="another")
    _require_invalid(other, f"receipt: the log says {_RECEIPT}", _SIGNER)
    named = _signed_anew(_golden("2_unnamed_receipt"), receipt=_RECEIPT)
    _require_invalid(named, "receipt: the log says None", _SIGNER)
