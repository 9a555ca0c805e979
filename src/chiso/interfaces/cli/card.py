"""`chiso card issue | list | revoke`: a card in the person's own pocket."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.core.consent import Mode
from chiso.core.errors import ChisoError, Code
from chiso.core.times import to_text
from chiso.interfaces.agreements import guardian_from, language_from, until
from chiso.interfaces.cli.exits import EXIT_OF_KIND, Exit
from chiso.interfaces.cli.files import read_file, reserved_bytes, sha256_of
from chiso.interfaces.cli.options import (
    GuardianOption,
    HomeOption,
    JsonOption,
    LanguageOption,
    NoticeOption,
    PurposeOption,
)
from chiso.interfaces.cli.output import counted, emit, say, show, table
from chiso.services.cards import listing
from chiso.services.cards.issue import NewCard, issue_from_photo, issue_from_reference
from chiso.services.cards.listing import CardSummary, Reason, number_of
from chiso.services.enrol import Agreement, Photo, PhotoRefused

app = typer.Typer(
    help="Cards that carry a person's template in her own pocket, instead of in this home.",
    no_args_is_help=True,
)


@app.command("issue")
def issue(
    subject: Annotated[str, typer.Argument(help="What to call the person, or what she is called.")],
    purpose: PurposeOption,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="The card to print: FILE.png or FILE.pdf."),
    ],
    photo: Annotated[
        Path | None,
        typer.Argument(help="A photo of her face. Left out: her newest reference in this home."),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires", metavar="DATE", help="Last day of her consent, or of the card alone."
        ),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", metavar="FILE", help="What shows that she agreed."),
    ] = None,
    notice: NoticeOption = None,
    guardian: GuardianOption = None,
    language: LanguageOption = "en",
    keep_references: Annotated[
        bool,
        typer.Option(
            "--keep-references",
            help="Keep the references in this home that rest on the same receipt. By default they "
            "are destroyed: the card is then the only template, and she cannot be identified.",
        ),
    ] = False,
    with_name: Annotated[bool, typer.Option("--name", help="Print her name on the card.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Issue a card: her template, sealed and signed, in a code that only this home can compare.

    From a photo: she agrees to be verified, gets a receipt, and nothing of the photo is kept. From
    her newest reference in this home: the references on its receipt are then destroyed.

    Example: chiso card issue "Rudo M." rudo.jpg --purpose "clinic door" --expires 2027-12-31
    --evidence form.pdf --out card.pdf

    From a reference: chiso card issue "Rudo M." --purpose "clinic door" --out card.png
    """
    from chiso.interfaces.card_picture.picture import CardWords, Format, card_picture  # Pillow

    known = {f".{each.value}": each for each in Format}
    if out.suffix.lower() not in known:
        raise _usage(f"{out} says neither .png nor .pdf.")
    if photo is None and (evidence or notice or guardian):
        raise _usage("Evidence, notice and guardian are of a new agreement: name a photo too.")
    opened = wiring.open_home(wiring.home_directory(home))
    with reserved_bytes(out) as file:

        def write(new: NewCard) -> None:
            number, name = number_of(new.card.card_id), new.label if with_name else None
            words = CardWords(new.controller, new.purpose, new.card.expires, number, name)
            file.write(card_picture(words, new.code, known[out.suffix.lower()]))
            file.flush()
            os.fsync(file.fileno())

        if photo is None:
            ends = None if expires is None else until(expires)
            made: NewCard | PhotoRefused = issue_from_reference(
                opened, subject, purpose, ends, keep_references=keep_references, deliver=write
            )
        else:
            if evidence is None:
                raise _usage("Say what shows that she agreed: --evidence is missing.")
            agreement = Agreement(
                subject=subject,
                purpose=purpose,
                modes=frozenset({Mode.VERIFY}),
                expires=None if expires is None else until(expires),
                evidence_sha256=sha256_of(evidence, "the evidence"),
                notice_sha256=None if notice is None else sha256_of(notice, "the notice"),
                guardian=guardian_from(guardian),
                language=language_from(language),
            )
            content = read_file(photo, "a photo", opened.capture.decode.max_bytes)
            made = issue_from_photo(
                opened,
                agreement,
                Photo(str(photo), content),
                keep_references=keep_references,
                deliver=write,
            )
        if isinstance(made, PhotoRefused):
            raise _refused(made)
    return _report(made, out, json)


@app.command("list")
def list_cards(
    subject: Annotated[
        str | None, typer.Argument(help="Only this person's.", show_default=False)
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """List cards, revoked and ended ones too. What they say is not here: it is on the cards.

    Example: chiso card list "Rudo M."
    """
    opened = wiring.open_home(wiring.home_directory(home))
    known = listing.cards(opened, subject)
    if json:
        emit({"cards": [_document(each) for each in known]})
        return Exit.DONE
    if not known:
        say("There are no cards: `chiso card issue --help`.")
        return Exit.DONE
    table(
        ("card", "whose", "for", "until", "state"),
        [
            (
                number_of(each.card.card_id),
                each.label or "gone",
                each.purpose or "",
                f"{each.card.expires:%Y-%m-%d}",
                f"revoked: {each.card.reason}" if each.card.revoked else each.state,
            )
            for each in known
        ],
    )
    return Exit.DONE


@app.command("revoke")
def revoke(
    number: Annotated[str, typer.Argument(help="The number on the card, or its id.")],
    reason: Annotated[
        Reason, typer.Option("--reason", help="Why; the log says it, and whoever shows the card.")
    ] = Reason.LOST,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Revoke a card: it is refused from now on, here and at every station of this home.

    Her consent stays as it is. `chiso withdraw` ends that, and with it every card.

    Example: chiso card revoke "3F2A 91C4 07BE" --reason lost
    """
    opened = wiring.open_home(wiring.home_directory(home))
    found = listing.card_called(opened, number)
    listing.revoke(opened, found.card.card_id, reason)
    after = listing.card_called(opened, found.card.card_id)
    if json:
        emit(_document(after))
    else:
        show(f"Card {number_of(after.card.card_id)} is revoked: {after.card.reason}.")
    return Exit.DONE


def _report(made: NewCard, out: Path, json: bool) -> int:
    if json:
        emit(
            {
                "card": made.card.card_id,
                "number": number_of(made.card.card_id),
                "subject": made.label,
                "receipt": made.card.receipt_id,
                "purpose": made.purpose,
                "expires": to_text(made.card.expires),
                "new_receipt": made.new_receipt,
                "references_destroyed": made.references_destroyed,
                "bytes": made.size_bytes,
                "out": str(out),
            }
        )
    else:
        show(
            f"Card {number_of(made.card.card_id)} of {made.label} is in {out}; receipt "
            f"{made.card.receipt_id}. Print it, give it to her, and delete the file."
        )
        if made.references_destroyed:
            show(f"{counted(made.references_destroyed, 'reference')} in this home destroyed.")
    if made.unfinished is not None:
        say(f"chiso: {made.unfinished.message}\n       {made.unfinished.hint}")
        return EXIT_OF_KIND[made.unfinished.kind]
    return Exit.DONE


def _document(each: CardSummary) -> dict[str, object]:
    card = each.card
    return {
        "card": card.card_id,
        "number": number_of(card.card_id),
        "subject": each.label,
        "receipt": card.receipt_id,
        "purpose": each.purpose,
        "issued": to_text(card.issued),
        "expires": to_text(card.expires),
        "state": each.state,
        "revoked": to_text(card.revoked) if card.revoked else None,
        "reason": card.reason,
    }


def _refused(made: PhotoRefused) -> ChisoError:
    refusal = made.refusal
    message = f"{made.photo}: {refusal.message} No card was issued."
    return ChisoError(refusal.code, message, refusal.hint)


def _usage(message: str) -> ChisoError:
    return ChisoError(Code.BAD_ARGUMENT, message, "`chiso card issue --help` shows examples.")
