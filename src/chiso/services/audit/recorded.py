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


def audits_of(home: Home, before: int | None = None) -> list[RecordedAudit]:
    """Recorded audits of a home, the newest first: all, or those of leaves below `before`."""
    with home.store.reading() as view:
        return list(recorded_audits(view, before))


def recorded_audits(view: ReadTransaction, before: int | None = None) -> Iterator[RecordedAudit]:
    """Recorded audits, the newest first: all, or those of leaves below `before`."""
    for payload in view.newest_payloads(_MARK, before):  # of a million leaves, few are about this
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
