"""What a person agreed to, as typed on a command line, in a manifest's cell or in a form."""

from __future__ import annotations

import re
from datetime import datetime

from chiso.core.consent import Mode
from chiso.core.errors import ChisoError, Code
from chiso.core.labels import label_from
from chiso.core.times import end_of

_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,35}")


def modes_from(text: str) -> frozenset[Mode]:
    """`verify`, `identify`, or both, separated by commas, semicolons or spaces."""
    names = [name for name in re.split(r"[,;\s]+", text.strip().lower()) if name]
    known = {mode.value for mode in Mode}
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{unknown[0]!r} is not a mode." if unknown else "No mode was given.",
            "Give verify, identify, or verify,identify.",
        )
    return frozenset(Mode(name) for name in names)


def until(text: str) -> datetime:
    """A date (good until its end, UTC) or a date and time."""
    try:
        return end_of(text.strip())
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{text!r} is not a date.",
            "Write it as 2027-12-31, or with a time as 2027-12-31T18:00:00Z.",
        ) from error


def guardian_from(text: str | None) -> str | None:
    """Name of who agreed in a person's stead; None where she agreed herself."""
    return None if text is None else label_from(text, "guardian")


def language_from(text: str) -> str:
    """A language tag, in the characters that BCP 47 (RFC 5646 §2.1) allows."""
    tag = text.strip()
    if not _LANGUAGE.fullmatch(tag):
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{text!r} is not the tag of a language.",
            "Write it as BCP 47 has it: en, sn, pt-MZ.",
        )
    return tag
