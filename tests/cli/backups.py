"""What tests of backups ask of a home, and who is in it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.running import KEYSTORE, PURPOSE, STORE, Chiso, Document

NAME = "Tsitsi-Ruvarashe Dzvairo"
PARTS = ("manifest.json", "manifest.sig", "home.json", "log.note", KEYSTORE, STORE)


def found(chiso: Chiso, photo: Path) -> list[str]:
    """Who is named as the one in a photo."""
    answer = chiso("identify", photo, "--purpose", PURPOSE).document
    return [each["subject"] for each in answer["faces"][0]["candidates"]]


def back_up(chiso: Chiso, out: Path, *words: str) -> Document:
    """Make a backup that must succeed; what it said."""
    made = chiso("backup", "--out", out, *words)
    assert made.status == 0, made
    return made.document


def traces_of(chiso: Chiso, label: str) -> list[bytes]:
    """Her ciphertexts, wrapped key, id and label: what must be in no file once she is erased."""
    query = (
        "SELECT s.id, r.sealed FROM reference_templates r JOIN subjects s ON s.id = r.subject_id "
        "WHERE s.label = ?"
    )
    with chiso.database(STORE) as store, chiso.database(KEYSTORE) as keystore:
        ((subject, sealed),) = store.execute(query, (label,)).fetchall()
        key = "SELECT wrapped FROM person_keys WHERE subject_id = ?"
        (wrapped,) = keystore.execute(key, (subject,)).fetchone()
    return [label.encode(), sealed[:64], wrapped]


def bytes_under(folder: Path) -> bytes:
    """Every byte of every file below a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def types_of_leaves(chiso: Chiso) -> list[str]:
    """What the log tells of, leaf by leaf."""
    with chiso.database(STORE) as store:
        bodies = store.execute("SELECT body FROM log_payloads ORDER BY seq").fetchall()
    return [json.loads(body)["type"] for (body,) in bodies]
