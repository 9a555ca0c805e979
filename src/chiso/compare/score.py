"""Comparison scores: the cosine of two templates."""

from __future__ import annotations

from chiso.compare.threshold import require_same_model
from chiso.core.templates import Template


def score(one: Template, other: Template) -> float:
    """Cosine similarity in [-1, 1]; higher is more alike. Templates are unit length already.

    Raises ChisoError(MODEL_MISMATCH) across models.
    """
    require_same_model(one.model, other.model)
    return float(one.vector @ other.vector)
