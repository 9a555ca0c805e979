"""The answer of `chiso verify`, in JSON or in words, whether a name or a card was given."""

from __future__ import annotations

from collections.abc import Mapping

from chiso.compare.normalise.of_record import name_of
from chiso.core.decisions import NO_NORMALISER, ThresholdRecord
from chiso.core.errors import ChisoError
from chiso.interfaces.cli.exits import EXIT_OF_KIND, Exit
from chiso.interfaces.cli.output import emit, error_document, say, show
from chiso.services.verify import VerifyAnswer

_NOTHING: Mapping[str, object] = {}


def report_verified(
    whose: str, answer: VerifyAnswer, json: bool, also: Mapping[str, object] = _NOTHING
) -> int:
    """Say whether this is `whose` face; `also`: what the JSON has besides."""
    verified = answer.verified
    if json:
        emit(
            {
                "decision": "match" if verified.match else "no-match",
                "reason": None,
                "score": verified.score,
                "llr": verified.llr,
                "threshold": answer.record.record_id,
                "normaliser_name": name_of(answer.record),
                **also,
            }
        )
    elif verified.match:
        show(f"Yes: this is {whose} ({strength(verified.llr)}).")
    else:
        show(f"No: this is not {whose} ({strength(verified.llr)}).")
    if not json:
        show(
            f"Score {verified.score:.3f}, threshold {answer.record.value:.3f} "
            f"({answer.record.record_id}{normalised(answer.record)})."
        )
    return Exit.DONE if verified.match else Exit.NO_MATCH


def verify_refused(error: ChisoError, json: bool) -> int:
    """No consent, or no usable face: an answer and an error at once, so both keys are there."""
    if json:
        emit(
            {
                "decision": "refused",
                "reason": error.code.value,
                "score": None,
                "llr": None,
                "error": error_document(error),
            }
        )
    say(f"chiso: {error.message}\n       {error.hint} Nothing was compared.")
    return EXIT_OF_KIND[error.kind]


def normalised(record: ThresholdRecord) -> str:
    """What the words say of a record's normaliser; nothing where it has none."""
    name = name_of(record)
    return "" if name == NO_NORMALISER else f"; scores normalised by {name}"


def strength(llr: float) -> str:
    """A log-likelihood ratio in words."""
    return f"log-likelihood ratio {llr:+.1f}"
