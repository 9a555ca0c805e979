"""`chiso erasure verify | show | list`: certificates of erasure."""

from __future__ import annotations

import json as jsonlib
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring, wiring_witness
from chiso.account.checkpoint import parse_vkey, strict_base64
from chiso.account.erasure import (
    COHORT_STATISTICS,
    KEYS,
    LABELS,
    LOG_PAYLOADS,
    RECEIPTS,
    REFERENCES,
    ErasureCertificate,
    ErasureReport,
    verify_certificate,
)
from chiso.account.verify import VerifySignature
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import read_file
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import counted, emit, say, show, show_exactly, table
from chiso.services import erasure

app = typer.Typer(
    help="Certificates of erasure: check one, print one again.",
    no_args_is_help=True,
)
_MAX_BYTES = 1_000_000
_ED25519_KEY_BYTES = 32
_WORDS = {
    KEYS: "her key",
    REFERENCES: "references",
    RECEIPTS: "receipts",
    LOG_PAYLOADS: "contents of log leaves, each with its salt",
    LABELS: "her name",
    COHORT_STATISTICS: "cohort statistics (none are kept of a home's people)",
}


@app.command("verify")
def verify(
    certificate: Annotated[
        Path, typer.Argument(metavar="CERT", help="What `chiso withdraw --out` wrote.")
    ],
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            metavar="DIR",
            help="Check this home as well: its log goes on from there, and nothing came back.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key", metavar="VKEY", help="The home's key as one word, name+hash+key (C2SP)."
        ),
    ] = None,
    public_key: Annotated[
        str | None,
        typer.Option("--public-key", metavar="B64", help="The home's public key, as home.json."),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Check a certificate of erasure. Status 5 if it does not hold, saying where.

    Signature, checkpoints, that the log after the erasure goes on from the log before it, that the
    erasure's leaf is in it, and that both say the same. No home is needed; without a key from
    elsewhere, the key inside the certificate is only its own word.

    Example: chiso erasure verify rudo.json --public-key "7Hk…="
    """
    read = erasure.read_certificate(read_file(certificate, "a certificate", _MAX_BYTES))
    given = _given_key(read, key, public_key)
    if home is not None:
        report = erasure.check_at_home(wiring.open_home(home), read)
        if given is not None:
            verify_certificate(read, given, _by(given))
        word = "home"
    else:
        used, word = _key_without_home(read, given)
        report = verify_certificate(read, used, _by(used))
    if json:
        emit(_report_document(read, report, word))
    else:
        _show_report(read, report, word)
    if word == "certificate":
        say(
            "Nobody but the certificate itself says that this is the home's key: give --key or "
            "--public-key, from somewhere the home's operator cannot rewrite."
        )
    return Exit.DONE


@app.command("show")
def show_again(
    which: Annotated[
        str, typer.Argument(metavar="SEQ|SUBJECT-ID", help="The erasure's leaf, or whose it was.")
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Print the certificate of an erasure again, from the log.

    It is the same but for the name, which nobody knows any more.

    Example: chiso erasure show 41 --json > certificate.json
    """
    certificate = erasure.show(wiring.open_home(wiring.home_directory(home)), which)
    if json:
        emit(erasure.certificate_document(certificate))
    else:
        show_certificate(certificate)
    return Exit.DONE


@app.command("list")
def list_all(home: HomeOption = None, json: JsonOption = False) -> int:
    """Every erasure of a whole person that the log tells of; names are gone, ids are random.

    Example: chiso erasure list
    """
    told = erasure.erasures(wiring.open_home(wiring.home_directory(home)))
    if json:
        emit(
            {
                "erasures": [
                    {
                        "seq": each.seq,
                        "at": each.at,
                        "subject_id": each.subject_id,
                        "references": each.references,
                        "receipts": each.receipts,
                    }
                    for each in told
                ]
            }
        )
    elif not told:
        show("Nobody has withdrawn yet.")
    else:
        table(
            ("leaf", "at", "subject id", "references", "receipts"),
            [
                (str(each.seq), each.at, each.subject_id, str(each.references), str(each.receipts))
                for each in told
            ],
            numeric=(0, 3, 4),
        )
    return Exit.DONE


def erased_words(certificate: ErasureCertificate) -> str:
    """`2 references, 1 receipt, … and her key`: what a certificate says is gone."""
    parts = [counted(certificate.count(REFERENCES), "reference")]
    if certificate.count(LABELS):
        leaves = certificate.count(LOG_PAYLOADS)
        parts.append(counted(certificate.count(RECEIPTS), "receipt"))
        parts.append(f"the content of {leaves} log {'leaf' if leaves == 1 else 'leaves'}")
    return f"{', '.join(parts)}, {_key_words(certificate)}"


def _key_words(certificate: ErasureCertificate) -> str:
    if certificate.count(KEYS):
        return "and her key"
    if certificate.count(REFERENCES):
        return "and kept her key for the rest"
    return "and no key: nothing of it was under one"


def show_certificate(certificate: ErasureCertificate) -> None:
    """The certificate on one line of JSON, which `chiso erasure verify` reads from a file."""
    show_exactly(jsonlib.dumps(erasure.certificate_document(certificate), ensure_ascii=False))


def _by(public_key: bytes) -> VerifySignature:
    return partial(wiring_witness.signature_check(), public_key)


def _given_key(
    certificate: ErasureCertificate, key: str | None, public_key: str | None
) -> bytes | None:
    if key is not None and public_key is not None:
        raise _bad_key("--key and --public-key were both given", "Give one of them.")
    try:
        if key is not None:
            parsed = parse_vkey(key)
            if parsed.name != certificate.origin:
                raise _bad_key(
                    f"--key is the key of {parsed.name}, and this certificate is of "
                    f"{certificate.origin}",
                    "Give that home's key.",
                )
            return parsed.public_key
        if public_key is not None:
            decoded = strict_base64(public_key)
            if len(decoded) != _ED25519_KEY_BYTES:
                raise ValueError(f"it has {len(decoded)} bytes, not {_ED25519_KEY_BYTES}")
            return decoded
    except ValueError as error:
        raise _bad_key(
            f"That is no public key ({error})",
            "Give it as `public_key` of home.json has it, or as a C2SP verifier key with --key.",
        ) from error
    return None


def _key_without_home(certificate: ErasureCertificate, given: bytes | None) -> tuple[bytes, str]:
    """The key to check by, and whose word it is: `given` or `certificate`."""
    if given is not None:
        return given, "given"
    if certificate.proof is None:
        raise _bad_key(
            "A certificate of version 1 names no key to check it by",
            "Give the home's with --key or --public-key, or the home itself with --home.",
        )
    return certificate.proof.public_key, "certificate"


def _bad_key(what: str, hint: str) -> ChisoError:
    return ChisoError(Code.BAD_ARGUMENT, f"{what}.", hint)


def _report_document(
    certificate: ErasureCertificate, report: ErasureReport, word: str
) -> dict[str, object]:
    proof = certificate.proof
    return {
        "verified": True,
        "version": certificate.version,
        "home": certificate.home_id,
        "at": certificate.at,
        "subject": certificate.subject,
        "subject_id": proof.subject_id if proof else None,
        "destroyed": [
            {"what": each.what, "from": each.where, "count": each.count}
            for each in certificate.destroyed
        ],
        "receipts_withdrawn": certificate.receipts_withdrawn,
        "receipt": certificate.receipt,
        "scrubbed": list(proof.scrubbed) if proof else None,
        "leaf": proof.leaf.seq if proof else None,
        "log_before": report.before.size,
        "log_after": report.after.size,
        "key_from": word,
    }


def _show_report(certificate: ErasureCertificate, report: ErasureReport, word: str) -> None:
    whose = f"of {certificate.subject}" if certificate.subject else "of someone"
    show(f"The certificate holds: erasure {whose} at {certificate.at}.")
    if certificate.receipt is not None:
        show(f"    what rested on receipt {certificate.receipt}, which is kept, marked withdrawn:")
    for each in certificate.destroyed:
        show(f"    {each.count} from the {each.where}: {_WORDS.get(each.what, each.what)}")
    if certificate.proof is None:
        show("It is of version 1: signed, but without a proof that the log tells of it.")
    else:
        show(
            f"Leaf {certificate.proof.leaf.seq} of the log tells the same. The log of "
            f"{report.after.size} leaves after it goes on from the {report.before.size} before it."
        )
    if word == "home":
        is_whole = certificate.proof is not None and certificate.count(LABELS) > 0
        nothing = "; nothing of this person is in the home" if is_whole else ""
        show(f"The home's log today goes on from there{nothing}.")
