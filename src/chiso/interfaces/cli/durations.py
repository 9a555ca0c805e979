"""Lengths of time as typed on a command line, and in words."""

from __future__ import annotations

import re

from chiso.core.errors import ChisoError, Code

_LENGTH = re.compile(r"([0-9]{1,6})(s|min|h|d)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_LONGEST_S = 366 * 86400


def seconds_from(text: str) -> int:
    """Seconds of `90s`, `30min`, `24h` or `7d`. Raises ChisoError(BAD_ARGUMENT) for others."""
    found = _LENGTH.fullmatch(text.strip())
    seconds = 0 if found is None else int(found[1]) * _SECONDS[found[2]]
    if not 0 < seconds <= _LONGEST_S:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{text!r} is not a length of time.",
            "Write seconds, minutes, hours or days, as 90s, 30min, 24h or 7d; 366 days at most.",
        )
    return seconds


def in_words(seconds: int) -> str:
    """In the largest unit that makes it a whole number: `30 min`."""
    unit, length_s = next(
        (unit, length_s) for unit, length_s in reversed(_SECONDS.items()) if seconds % length_s == 0
    )
    return f"{seconds // length_s} {unit}"
