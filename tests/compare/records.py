"""A threshold record that says nothing but its value."""

from __future__ import annotations

from chiso.core.decisions import Calibration, ThresholdRecord
from chiso.core.templates import ModelDigest

MODEL = ModelDigest("ab" * 32)
RECORD = ThresholdRecord(
    record_id="test",
    model=MODEL,
    normaliser="none",
    policy="pooled",
    target_fmr=0.01,
    value=0.3,
    interval=(0.2, 0.4),
    calibration=Calibration(slope=10.0, offset=-5.0, limit=4.0),
    source="made up",
    source_sha256="00" * 32,
    people=2,
    groups=(),
    made="2026-11-22T00:00:00Z",
    note="",
)
