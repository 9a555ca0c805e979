"""An expected no."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.core.errors import Code


@dataclass(frozen=True, slots=True)
class Refusal:
    """An expected no: the sample cannot be used, and why, in words for the person in it."""

    code: Code
    message: str
    hint: str
