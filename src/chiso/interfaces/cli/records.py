"""A threshold record as JSON for scripts."""

from __future__ import annotations

import json

from chiso.compare.normalise.of_record import name_of
from chiso.compare.threshold import record_bytes
from chiso.core.decisions import ThresholdRecord


def record_document(record: ThresholdRecord) -> dict[str, object]:
    """Every field of the record, by its own name; and `normaliser_name`, what its digest is of."""
    document: dict[str, object] = json.loads(record_bytes(record))
    return {**document, "normaliser_name": name_of(record)}
