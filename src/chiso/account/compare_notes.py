"""Two checkpoints of one log, held against each other: do they tell of one history?

Steps, numbered in the code below:

0. (caller) obtain the log's key, and the witnesses', from somewhere the operator cannot rewrite.
1. Both notes are checkpoints of this log, signed by its key.
2. Where a named witness's line stands on one, it is true.
3. Of one size, the roots must be the same. Two roots prove that the log told two histories: nobody
   but the holder of its key can have signed both.

Of two sizes nothing follows from the notes alone: the log must show that the one tree begins with
the other (a consistency proof), and one that cannot has told two histories too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chiso.account.checkpoint import Checkpoint, Note, VerifierKey, parse_checkpoint, parse_note
from chiso.account.cosignature import VerifyWith, cosigned_at
from chiso.account.verify import own_signature
from chiso.core.errors import ChisoError, Code


class Comparison(StrEnum):
    """What two signed checkpoints say together."""

    SAME = "same"
    FORKED = "forked"
    UNDECIDED = "undecided"
    """They are of two sizes: only the log can show that they belong together."""


@dataclass(frozen=True, slots=True)
class SeenNote:
    """A checkpoint that the log signed, and when which witness cosigned it (seconds since 1970)."""

    checkpoint: Checkpoint
    cosigned_s: dict[str, int]


def compare(
    notes: tuple[str, str], log: VerifierKey, witnesses: Sequence[VerifierKey], verify: VerifyWith
) -> tuple[Comparison, SeenNote, SeenNote]:
    """Do steps 1 to 3 of the module's docstring.

    Raises ChisoError: BAD_ARGUMENT for what is no note, LOG_BROKEN or COSIGNATURE_INVALID, saying
    which, for one that was not signed as it says.
    """
    first, second = (
        _seen(name, note, log, witnesses, verify)
        for name, note in zip(("first", "second"), notes, strict=True)
    )
    if first.checkpoint.size != second.checkpoint.size:
        return Comparison.UNDECIDED, first, second
    same = first.checkpoint.root == second.checkpoint.root  # 3
    return Comparison.SAME if same else Comparison.FORKED, first, second


def _seen(
    which: str, text: str, log: VerifierKey, witnesses: Sequence[VerifierKey], verify: VerifyWith
) -> SeenNote:
    try:
        note = parse_note(text)
        checkpoint = parse_checkpoint(note.text)
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The {which} checkpoint cannot be read: {error}.",
            "Give files as `chiso log checkpoint` or a witness wrote them, unchanged.",
        ) from error
    objection = own_signature(  # 1
        note,
        checkpoint,
        log.name,
        log.public_key,
        lambda message, signature: verify(log.public_key, message, signature),
    )
    if objection is not None:
        raise ChisoError(
            Code.LOG_BROKEN,
            f"The {which} checkpoint says nothing about {log.name}: {objection}.",
            "It proves nothing against the log. Check that the key is the log's own.",
        )
    return SeenNote(checkpoint, _cosigned(which, note, witnesses, verify))


def _cosigned(
    which: str, note: Note, witnesses: Sequence[VerifierKey], verify: VerifyWith
) -> dict[str, int]:
    times = {}
    for witness in witnesses:  # 2
        try:
            time_s = cosigned_at(note, witness, verify)
        except ValueError as error:
            raise ChisoError(
                Code.COSIGNATURE_INVALID,
                f"On the {which} checkpoint, {error}.",
                "The witness did not sign this. Ask it for the checkpoint that it cosigned.",
            ) from error
        if time_s is not None:
            times[witness.name] = time_s
    return times
