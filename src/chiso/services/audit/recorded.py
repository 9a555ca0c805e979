"""The audits that a home's log tells of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from chiso.core.events import EventType
from chiso.core.storage import ReadTransaction
from chiso.core.times import from_text
from chiso.services.home import Home

_MARK = f'"{EventType.AUDIT_RECORDED}"'.encode()


@dataclass(frozen=True, slots=True)
class RecordedAudit:
    """An audit as leaf `seq` tells of it. `report_sha256`: of each file of its report, by name."""

    seq: int
    at: datetime
    kind: str
    verdict: str
    input_sha256: str
    report_sha256: Mapping[str, str]


def audits_of(home: Home) -> list[RecordedAudit]:
    """Every recorded audit of a home, the newest first."""
    with home.store.reading() as view:
        return list(recorded_audits(view))


def recorded_audits(view: ReadTransaction) -> Iterator[RecordedAudit]:
    """Every recorded audit, the newest first."""
    for payload in view.newest_payloads(_MARK):  # of a million leaves, few are about this
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
