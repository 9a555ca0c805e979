"""How strongly a match is supported, in a word: what callers see who may not see scores."""

from __future__ import annotations

from enum import StrEnum
from math import log


class Band(StrEnum):
    """Support for a match; below the threshold there is only NONE, so that nobody can climb."""

    NONE = "none"
    FAIR = "fair"
    STRONG = "strong"


_STRONG_LLR = log(1000)
"""Likelihood ratios from 1,000 on are "strong support" (ENFSI guideline for evaluative reporting in
forensic science, 2015, §4)."""


def band_of(is_match: bool, llr: float) -> Band:
    """The band of an answer; `llr` in nats."""
    if not is_match:
        return Band.NONE
    return Band.STRONG if llr >= _STRONG_LLR else Band.FAIR
