"""`chiso verify` and `chiso identify`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.compare.normalise.of_record import name_of
from chiso.core.decisions import SearchThreshold
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.samples import Box, Refusal
from chiso.interfaces.cli import card_verify
from chiso.interfaces.cli.exits import EXIT_OF_KIND, Exit
from chiso.interfaces.cli.files import read_file
from chiso.interfaces.cli.options import HomeOption, JsonOption, PurposeOption, live_on
from chiso.interfaces.cli.output import counted, emit, error_document, progress, say, show
from chiso.interfaces.cli.verify_answer import (
    normalised,
    report_verified,
    strength,
    verify_refused,
)
from chiso.services.home import Home
from chiso.services.identify import FaceAnswer, Search, prepare_search, without_erased
from chiso.services.identify import identify as identify_photo
from chiso.services.verify import verify as verify_photo


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """What became of one photo: answers, or the error that it met."""

    photo: Path
    faces: Sequence[FaceAnswer]
    error: ChisoError | None


def verify(
    named: Annotated[
        list[str],
        typer.Argument(
            metavar="[SUBJECT] PHOTO",
            help="Who the person says she is, unless a card says it; and a photo of one face.",
        ),
    ],
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose",
            metavar="P",
            help="What for: must equal, letter by letter, a purpose that the person agreed to. "
            "With --card, by default what the card is for.",
        ),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option("--card", metavar="FILE", help="A picture of the card that she shows."),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Is this the person she says she is, or whose card she shows?

    Status 0 for yes, 1 for no, 3 for a photo or card that cannot be used, 4 where she did not agree
    or her card is revoked or expired, 5 for a card that was altered or that another home made.

    Example: chiso verify "Rudo M." door.jpg --purpose "clinic door"

    By card: chiso verify --card card.png door.jpg
    """
    if card is not None:
        if len(named) != 1:
            raise _usage("With --card, name the photo alone: the card says who she is.")
        return card_verify.verify_shown(home, card, Path(named[0]), purpose, json)
    if len(named) != 2 or purpose is None:
        raise _usage("Name the person, one photo and --purpose, or show a card with --card.")
    subject, photo = named[0], Path(named[1])
    opened = wiring.open_home(wiring.home_directory(home))
    content = read_file(photo, "a photo", opened.capture.decode.max_bytes)
    try:
        answer = verify_photo(opened, subject, content, purpose)
    except ChisoError as error:
        if error.kind is not Kind.CONSENT:
            raise
        return verify_refused(error, json)
    if isinstance(answer, Refusal):
        message = f"{photo}: {answer.message}"
        return verify_refused(ChisoError(answer.code, message, answer.hint), json)
    return report_verified(subject, answer, json)


def identify(
    context: typer.Context,
    photos: Annotated[
        list[Path], typer.Argument(metavar="PHOTO...", help="Photos; any number of faces.")
    ],
    purpose: PurposeOption,
    every_face: Annotated[
        bool,
        typer.Option("--every-face", help="Look for faces far behind near ones too; slower."),
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Who of those who agreed is in these photos?

    Everyone else is unknown, and nothing of them is kept.

    Status 0 if every face is a match, 1 if some face is unknown, 3 if in some photo no face could
    be searched. With --json, one object a photo, one line each.

    Example: chiso identify door.jpg --purpose "clinic door"
    """
    if len(photos) > 1:
        live_on(context)
    opened = wiring.open_home(wiring.home_directory(home))
    prepared = prepare_search(opened, purpose)
    worst = int(Exit.DONE)
    with progress("Identifying", len(photos)) as step:
        for count, photo in enumerate(photos, start=1):
            prepared = without_erased(opened, prepared)
            answer = _identify_one(opened, photo, prepared, every_face)
            if json:
                emit(_document(answer, prepared.threshold))
            else:
                _show(answer)
            if answer.error is not None:
                say(f"{photo}: {answer.error.message} {answer.error.hint}")
            worst = max(worst, _status(answer))
            step.to(count)
    if not json:
        _show_threshold(prepared.threshold)
    return worst


def _identify_one(home: Home, photo: Path, prepared: Search, every_face: bool) -> PhotoAnswer:
    """One photo's answer. What is wrong with this photo does not stop the others."""
    try:
        content = read_file(photo, "a photo", home.capture.decode.max_bytes)
    except ChisoError as error:
        return PhotoAnswer(photo, (), error)
    answer = identify_photo(home, content, prepared, every_face=every_face)
    if isinstance(answer, Refusal):
        return PhotoAnswer(photo, (), ChisoError(answer.code, answer.message, answer.hint))
    return PhotoAnswer(photo, answer, None)


def _status(answer: PhotoAnswer) -> int:
    if answer.error is not None:
        return EXIT_OF_KIND[answer.error.kind]
    searched = [face for face in answer.faces if face.refusal is None]
    if not searched:
        return Exit.REFUSED_SAMPLE
    return Exit.DONE if all(face.candidates for face in answer.faces) else Exit.NO_MATCH


def _document(answer: PhotoAnswer, threshold: SearchThreshold) -> dict[str, object]:
    document: dict[str, object] = {
        "photo": str(answer.photo),
        "faces": [
            {
                "box": _box(face.face.face.box),
                "decision": _decision(face),
                "reason": face.refusal.code.value if face.refusal else None,
                "candidates": [
                    {
                        "subject": named.label,
                        "score": named.candidate.score,
                        "llr": named.candidate.llr,
                    }
                    for named in face.candidates
                ],
            }
            for face in answer.faces
        ],
        "threshold": threshold.record.record_id,
        "normaliser_name": name_of(threshold.record),
        "search": {
            "references": threshold.references,
            "value": threshold.value,
            "fpir": threshold.fpir,
            "target_fpir": threshold.target_fpir,
        },
    }
    if answer.error is not None:
        document["error"] = error_document(answer.error)
    return document


def _decision(face: FaceAnswer) -> str:
    if face.refusal is not None:
        return "refused"
    return "match" if face.candidates else "unknown"


def _box(box: Box) -> list[int]:
    return [round(side) for side in (box.x, box.y, box.width, box.height)]


def _show(answer: PhotoAnswer) -> None:
    for number, face in enumerate(answer.faces, start=1):
        box = face.face.face.box
        place = f" face {number}, {box.x + box.width / 2:.0f} px from the left"
        which = f"{answer.photo}{place if len(answer.faces) > 1 else ''}"
        if face.refusal is not None:
            show(f"{which}: not searched. {face.refusal.message} {face.refusal.hint}")
        elif face.candidates:
            best = face.candidates[0]
            others = ", ".join(named.label for named in face.candidates[1:])
            also = f"; also above the threshold: {others}" if others else ""
            show(f"{which}: {best.label} ({strength(best.candidate.llr)}){also}")
        else:
            show(f"{which}: unknown. Nothing was kept.")


def _show_threshold(threshold: SearchThreshold) -> None:
    held = (
        f"expected FPIR {threshold.fpir:.2g}, held at {threshold.target_fpir:g} or less"
        if threshold.target_fpir is not None
        else f"expected FPIR {threshold.fpir:.2g}; this record holds none"
    )
    among = counted(threshold.references, "reference")
    show(
        f"A match is {threshold.value:.4f} or more among {among} "
        f"({threshold.record.record_id}{normalised(threshold.record)}; by its model, {held})."
    )


def _usage(message: str) -> ChisoError:
    return ChisoError(Code.BAD_ARGUMENT, message, "`chiso verify --help` shows examples.")
