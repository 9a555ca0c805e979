"""`chiso enrol`: one person, or a manifest of many."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.core.times import to_text
from chiso.interfaces.agreements import guardian_from, language_from, modes_from, until
from chiso.interfaces.cli.exits import EXIT_OF_KIND, Exit
from chiso.interfaces.cli.files import read_file, sha256_of
from chiso.interfaces.cli.manifest import BadRow, ManifestRow, read_manifest
from chiso.interfaces.cli.options import (
    GuardianOption,
    HomeOption,
    JsonOption,
    LanguageOption,
    NoticeOption,
)
from chiso.interfaces.cli.output import counted, emit, error_document, progress, say, show
from chiso.services.enrol import Agreement, Enrolled, Photo, PhotoRefused
from chiso.services.enrol import enrol as enrol_person
from chiso.services.home import Home

# What is wrong with one row of a manifest, and not with the home or the machine.
_ROW_KINDS = frozenset(
    {code for code in Code if code.kind.value in {"usage", "refused-sample", "consent"}}
    | {Code.FILE_MISSING, Code.FILE_UNREADABLE}
)


def enrol(
    subject: Annotated[
        str | None, typer.Argument(help="What to call the person.", show_default=False)
    ] = None,
    photos: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PHOTO...", help="Photos of her face, one face each."),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", metavar="P", help="What she agreed to, in a word or two."),
    ] = None,
    modes: Annotated[
        str | None,
        typer.Option("--modes", metavar="MODES", help="verify, identify, or verify,identify."),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires",
            metavar="DATE",
            help="Last day of the consent, as 2027-12-31. Default: what `chiso retention list` "
            "says of the purpose, if it says anything.",
        ),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence", metavar="FILE", help="What shows that she agreed: a signed form."
        ),
    ] = None,
    notice: NoticeOption = None,
    guardian: GuardianOption = None,
    language: LanguageOption = "en",
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            metavar="CSV",
            help="Many: columns subject,photo,purpose,modes,expires,evidence; one row a photo.",
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Enrol a person who agreed.

    She gets a signed receipt, and templates under a key of her own. Only digests of evidence and
    notice are kept; photos are not kept at all. The same terms again add photos to the same
    receipt; the same photo again changes nothing.

    Example: chiso enrol "Rudo M." rudo.jpg --purpose "clinic door" --modes verify,identify
    --expires 2027-12-31 --evidence form.pdf

    Many: chiso enrol --manifest people.csv
    """
    if manifest is not None:
        if subject or photos or purpose or modes or expires or evidence or notice or guardian:
            raise _usage("With --manifest, people, photos and terms come from the file alone.")
        return _enrol_many(wiring.open_home(wiring.home_directory(home)), manifest, json)
    if subject is None or not photos:
        raise _usage("Name the person and at least one photo, or give --manifest.")
    if Path(subject).is_file():
        raise _usage(f"{subject} is a file, and the person's name comes first.")
    missing = [
        name
        for name, value in (
            ("--purpose", purpose),
            ("--modes", modes),
            ("--evidence", evidence),
        )
        if value is None
    ]
    if purpose is None or modes is None or evidence is None:
        raise _usage(f"Say what she agreed to: {', '.join(missing)} missing.")
    opened = wiring.open_home(wiring.home_directory(home))
    agreement = Agreement(
        subject=subject,
        purpose=purpose,
        modes=modes_from(modes),
        expires=None if expires is None else until(expires),
        evidence_sha256=sha256_of(evidence, "the evidence"),
        notice_sha256=None if notice is None else sha256_of(notice, "the notice"),
        guardian=guardian_from(guardian),
        language=language_from(language),
    )
    max_bytes = opened.capture.decode.max_bytes
    loaded = [Photo(str(path), read_file(path, "a photo", max_bytes)) for path in photos]
    done = enrol_person(opened, agreement, loaded)
    if isinstance(done, PhotoRefused):
        return _refused(done, json)
    _report(subject, done, expires is None, json)
    return Exit.DONE


def _enrol_many(home: Home, path: Path, json: bool) -> int:
    rows = read_manifest(path)
    enrolled = already = 0
    bad: list[tuple[ManifestRow | BadRow, ChisoError]] = []
    try:
        with progress("Enrolling", len(rows)) as step:
            for count, row in enumerate(rows, start=1):
                try:
                    done = _enrol_row(home, row)
                    enrolled += done.references_added
                    already += done.already_enrolled
                except ChisoError as error:
                    if error.code not in _ROW_KINDS:
                        raise
                    bad.append((row, error))
                step.to(count)
    except BaseException:
        say(
            f"Stopped. {counted(enrolled, 'photo')} enrolled, and kept. Run the same command again "
            "to go on: what is enrolled already is not enrolled twice."
        )
        raise
    if json:
        emit(
            {
                "enrolled": enrolled,
                "already_enrolled": already,
                "refused": [{"line": row.line, "error": error_document(why)} for row, why in bad],
            }
        )
    else:
        show(f"Enrolled {counted(enrolled, 'photo')}; {already} already; {len(bad)} refused.")
    for row, why in bad:
        say(f"{path}:{row.line}: {why.message} {why.hint}")
    return Exit.REFUSED_SAMPLE if bad else Exit.DONE


def _enrol_row(home: Home, row: ManifestRow | BadRow) -> Enrolled:
    if isinstance(row, BadRow):
        raise row.error
    photo = Photo(str(row.photo), read_file(row.photo, "a photo", home.capture.decode.max_bytes))
    done = enrol_person(home, row.agreement(), [photo])
    if isinstance(done, PhotoRefused):
        refusal = done.refusal
        raise ChisoError(refusal.code, f"{row.photo.name}: {refusal.message}", refusal.hint)
    return done


def _report(subject: str, done: Enrolled, by_default: bool, json: bool) -> None:
    if json:
        emit(
            {
                "subject": subject,
                "receipt": done.receipt_id,
                "expires": to_text(done.expires),
                "new_receipt": done.new_receipt,
                "references": done.references_added,
                "already_enrolled": done.already_enrolled,
            }
        )
        return
    if done.references_added:
        photos = counted(done.references_added, "photo")
        until_when = f", until {done.expires:%Y-%m-%d}" if by_default else ""
        show(f"Enrolled {subject} with {photos}; receipt {done.receipt_id}{until_when}.")
    if done.already_enrolled:
        photos = counted(done.already_enrolled, "photo")
        show(f"{photos} of {subject} already enrolled: nothing changed.")


def _refused(done: PhotoRefused, json: bool) -> int:
    refusal = done.refusal
    error = ChisoError(refusal.code, f"{done.photo}: {refusal.message}", refusal.hint)
    if json:
        emit({"error": error_document(error), "photo": done.photo})
    say(f"chiso: {error.message}\n       {error.hint} Nothing was enrolled.")
    return EXIT_OF_KIND[error.kind]


def _usage(message: str) -> ChisoError:
    return ChisoError(Code.BAD_ARGUMENT, message, "`chiso enrol --help` shows an example.")
