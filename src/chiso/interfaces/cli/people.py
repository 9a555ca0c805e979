"""`chiso subjects`, `receipts`, `export` and `withdraw`."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.consent.retention import End
from chiso.core.consent import Cause, ReceiptId
from chiso.core.labels import label_from
from chiso.core.times import to_text
from chiso.interfaces.cli.erasure import erased_words, show_certificate
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import require_new_or_empty, reserved, write_folder
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import counted, emit, say, show, table
from chiso.services import people
from chiso.services.erasure import certificate_document
from chiso.services.withdraw import withdraw as withdraw_person

_PAGE = "index.html"
_Subject = Annotated[str, typer.Argument(help="What the person is called.")]
_OptionalSubject = Annotated[
    str | None, typer.Argument(help="One person only.", show_default=False)
]


def subjects(
    subject: _OptionalSubject = None, home: HomeOption = None, json: JsonOption = False
) -> int:
    """Who is enrolled.

    With how many receipts and references, and when the next consent ends.

    Example: chiso subjects
    """
    held = people.subjects(wiring.open_home(wiring.home_directory(home)), subject)
    if json:
        emit(
            {
                "subjects": [
                    {
                        "subject": each.subject.label,
                        "added": to_text(each.subject.added),
                        "receipts": each.receipts,
                        "in_force": each.in_force,
                        "references": each.references,
                        "next_expiry": to_text(each.next_end.at) if each.next_end else None,
                        "next_expiry_cause": each.next_end.cause if each.next_end else None,
                    }
                    for each in held
                ]
            }
        )
    elif not held:
        show("Nobody is enrolled yet: `chiso enrol --help` shows how.")
    else:
        table(
            ("subject", "receipts", "in force", "references", "next expiry"),
            [
                (
                    each.subject.label,
                    str(each.receipts),
                    str(each.in_force),
                    str(each.references),
                    _next_end(each.next_end),
                )
                for each in held
            ],
            numeric=(1, 2, 3),
        )
    return Exit.DONE


def receipts(
    subject: _OptionalSubject = None, home: HomeOption = None, json: JsonOption = False
) -> int:
    """Consent receipts, and whether they are in force.

    For what purpose, in which modes, until when, and how many references rest on each.

    Example: chiso receipts "Rudo M."
    """
    held = people.receipts(wiring.open_home(wiring.home_directory(home)), subject)
    if json:
        emit({"receipts": [_receipt_document(each) for each in held]})
    elif not held:
        show("There are no receipts yet: `chiso enrol --help` shows how one is made.")
    else:
        for each in held:
            receipt = each.signed.receipt
            modes = " and ".join(receipt.processing.modes)
            show(f"{receipt.header.receipt_id}  {receipt.parties.subject}")
            show(
                f"    {receipt.processing.purpose!r}, to {modes}, until "
                f"{receipt.processing.expires:%Y-%m-%d}: {each.state}, "
                f"{counted(each.references, 'reference')}"
            )
            for line in _remarks(each):
                show(f"    {line}")
            if receipt.parties.guardian:
                show(f"    {receipt.parties.guardian} agreed for her.")
    return Exit.DONE


def _next_end(end: End | None) -> str:
    if end is None:
        return "none in force"
    return f"{end.at:%Y-%m-%d}" + (" unless matched" if end.cause is Cause.INACTIVE else "")


def _remarks(each: people.ReceiptSummary) -> list[str]:
    """What a receipt's own date does not tell: its purpose's rule, and what a purge does."""
    signed, end = each.signed, each.end
    if signed.withdrawn is not None:
        if signed.cause is None:
            return []
        return [f"What rested on it was erased on {signed.withdrawn:%Y-%m-%d}."]
    if each.is_due:
        return [f"Over since {to_text(end.at)}; `chiso purge` erases what rests on it."]
    if end.cause is Cause.INACTIVE:
        since, ends = f"{signed.terms.active:%Y-%m-%d}", f"{end.at:%Y-%m-%d}"
        return [f"No match after {since}: ends on {ends} unless there is one before."]
    if end.at < signed.receipt.processing.expires:
        return [f"Ends on {end.at:%Y-%m-%d}: consent for this purpose lasts no longer here."]
    return []


def _receipt_document(each: people.ReceiptSummary) -> dict[str, object]:
    receipt = each.signed.receipt
    return {
        "receipt": receipt.header.receipt_id,
        "subject": receipt.parties.subject,
        "guardian": receipt.parties.guardian,
        "controller": receipt.parties.controller,
        "purpose": receipt.processing.purpose,
        "modes": list(receipt.processing.modes),
        "granted": to_text(receipt.processing.granted),
        "expires": to_text(receipt.processing.expires),
        "withdrawn": to_text(each.signed.withdrawn) if each.signed.withdrawn else None,
        "cause": each.signed.cause,
        "ends": to_text(each.end.at),
        "ends_as": each.end.cause,
        "active": to_text(each.signed.terms.active),
        "due": each.is_due,
        "notice_sha256": receipt.grounds.notice_sha256,
        "evidence_sha256": receipt.grounds.evidence_sha256,
        "language": receipt.header.language,
        "state": each.state,
        "references": each.references,
    }


def export(
    subject: _Subject,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new or empty folder.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Give a person everything held about her.

    Her receipts, facts of her references, and every leaf of the log that concerns her, with the
    proof that it is there; and index.html, which says all of it in plain words.

    Example: chiso export "Rudo M." --out rudo-export
    """
    opened = wiring.open_home(wiring.home_directory(home))
    require_new_or_empty(out)
    documents = people.export(opened, subject)
    from chiso.interfaces.person_page.page import render  # a template engine, only needed here

    page = render(documents, opened.controller, subject, opened.clock.now())
    written = sorted([*documents, _PAGE])
    write_folder(out, {**documents, _PAGE: page.encode()})
    if json:
        emit({"subject": subject, "out": str(out), "files": written})
    else:
        show(f"Wrote {', '.join(written)} to {out}. Open {_PAGE} to read it.")
    return Exit.DONE


def withdraw(
    subject: _Subject,
    receipt: Annotated[
        str | None,
        typer.Option(
            "--receipt", metavar="ID", help="Withdraw this receipt only.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the certificate to a new file, too."),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Withdraw consent: erases what rests on it.

    At once, with a signed certificate. Without --receipt, the person's every template, receipt,
    log payload and key is destroyed.

    Example: chiso withdraw "Rudo M."
    """
    # An empty --receipt is a mistake in a script, and not "everything".
    chosen = None if receipt is None else ReceiptId(label_from(receipt, "receipt's id"))
    opened = wiring.open_home(wiring.home_directory(home))
    with reserved(out) as file:  # what cannot be written is known before anything is erased
        certificate = withdraw_person(opened, subject, chosen)
        document = certificate_document(certificate)
        if file is not None:
            file.write(jsonlib.dumps(document, indent=2, ensure_ascii=False) + "\n")
    if json:
        emit(document)
        return Exit.DONE
    show(f"Erased for {subject}: {erased_words(certificate)}.")
    if chosen is not None:
        show(f"Receipt {chosen} is withdrawn; it is kept to show that, until she withdraws all.")
    show("Erasure certificate, to give to the person; `chiso erasure verify` checks it:\n")
    show_certificate(certificate)
    say("The log keeps the hashes, so it still verifies; what they stood for is gone.")
    return Exit.DONE
