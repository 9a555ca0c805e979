"""A person's wrapped key as it lies in the keystore, so that its erasure can be looked for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from chiso.core.consent import SubjectId


def wrapped_key_in(keystore: Path, subject_id: SubjectId) -> bytes | None:
    """The bytes that the keystore holds for this person; None where it holds none."""
    with closing(sqlite3.connect(f"{keystore.resolve().as_uri()}?mode=ro", uri=True)) as database:
        query = "SELECT wrapped FROM person_keys WHERE subject_id = ?"
        row = database.execute(query, (subject_id,)).fetchone()
    return None if row is None else bytes(row[0])
