"""The audits that a home's log tells of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from chiso.core.events import EventType
from chiso.core.storage import ReadTransaction
from chiso.core.times import from_text

_MARK = b'"audit-recorded"'


@dataclass(frozen=True, slots=True)
class RecordedAudit:
    """An audit as leaf `seq` tells of it. `report_sha256`: of each file of its report, by name."""

    seq: int
    at: datetime
    kind: str
    verdict: str
    input_sha256: str
    report_sha256: Mapping[str, str]


def recorded_audits(view: ReadTransaction) -> Iterator[RecordedAudit]:
    """Every recorded audit, the newest first."""
    for payload in view.newest_payloads():
        if _MARK not in payload.body:
            continue  # of a million leaves, few are about this
        said = json.loads(payload.body)
        if said["type"] == EventType.AUDIT_RECORDED:
            yield RecordedAudit(
                payload.seq,
                from_text(said["at"]),
                said["kind"],
                said["verdict"],
                said["input_sha256"],
                said["report_sha256"],
            )
