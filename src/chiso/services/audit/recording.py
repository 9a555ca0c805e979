"""Record in a home's log that an audit was made, by the digests of its report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from chiso.core.canonical import JsonValue
from chiso.core.events import Event, EventType
from chiso.services.audit.report import AuditReport
from chiso.services.home import Home
from chiso.services.log import record


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Lower-case hex SHA-256 of each file, by name."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def record_audit(home: Home, report: AuditReport, files: Mapping[str, bytes]) -> int:
    """Append a leaf with the digests of a report's files and of what they were made from.

    Returns its place in the log, counted from 0.
    """
    facts: dict[str, JsonValue] = {
        "kind": report.provenance.kind.value,
        "verdict": report.findings.verdict.value,
        "input_sha256": report.provenance.audited.sha256,
        "report_sha256": digests(files),
    }
    event = Event(EventType.AUDIT_RECORDED, home.clock.now(), None, facts)
    with home.store.writing() as transaction:
        head = record(home, transaction, [event])
    return head.size - 1
