"""What came of asking witnesses: in words, as JSON, and as an exit status."""

from __future__ import annotations

from collections.abc import Sequence

from chiso.core.errors import Kind
from chiso.core.times import from_epoch_s, to_text
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.output import error_document, say
from chiso.services.witnessing import Outcome


def outcome_documents(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """For each witness its `name`, when it `cosigned` (UTC) or null, and its `error` or null."""
    return [
        {
            "name": each.witness.key.name,
            "cosigned": _when(each),
            "error": None if each.error is None else error_document(each.error),
        }
        for each in outcomes
    ]


def say_outcomes(outcomes: Sequence[Outcome], json: bool) -> None:
    """Who cosigned when, and what kept whom from it, on standard error; JSON has the former."""
    for each in outcomes:
        if each.error is not None:
            say(f"{each.error.message}\n       {each.error.hint}")
        elif not json:
            say(f"{each.witness.key.name} cosigned {_when(each)}.")


def status_of(outcomes: Sequence[Outcome]) -> Exit:
    """5 where a witness has seen another history or forgot one, 6 where one did not cosign."""
    kinds = {each.error.kind for each in outcomes if each.error is not None}
    if Kind.INTEGRITY in kinds:
        return Exit.INTEGRITY
    return Exit.MISSING if kinds else Exit.DONE


def _when(each: Outcome) -> str | None:
    return None if each.cosigned_s is None else to_text(from_epoch_s(each.cosigned_s))
