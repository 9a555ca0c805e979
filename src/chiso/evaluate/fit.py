"""Policies of a threshold: whose false matches must meet the target."""

from __future__ import annotations

from enum import StrEnum

MIN_PEOPLE_IN_GROUP = 5


class Policy(StrEnum):
    """Whose false matches must meet the target."""

    POOLED = "pooled"
    WORST_GROUP = "worst-group"
