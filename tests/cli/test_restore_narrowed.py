"""What was agreed for less after a backup was made is not for more again once it is restored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.backups import found
from tests.cli.running import KEYSTORE, PURPOSE, STORE, Chiso, assert_whole

from chiso import wiring
from chiso.core.consent import Mode
from chiso.services.narrow import Less, narrow
from chiso.services.people import receipts

Volunteer = Callable[..., Path]
_WHO = "001"
_DAMAGE = {
    "nothing": "",
    "her reference": (
        "UPDATE reference_templates SET sealed = zeroblob(540) WHERE subject_id = "
        "(SELECT id FROM subjects WHERE label = '001')"
    ),
    "her receipt": (
        "UPDATE receipts SET signature = zeroblob(64) WHERE subject_id = "
        "(SELECT id FROM subjects WHERE label = '001')"
    ),
    "the log": "UPDATE log_leaves SET leaf_hash = zeroblob(32) WHERE seq = 1",
}


def _narrow(chiso: Chiso) -> None:
    home = wiring.open_home(chiso.home)
    (held,) = receipts(home, _WHO)
    terms = held.signed.terms
    narrow(home, terms.subject_id, terms.receipt_id, Less(frozenset({Mode.VERIFY}), terms.expires))
    home.store.close()


def _require_narrow(chiso: Chiso, photo: Path) -> None:
    (held,) = chiso("receipts", _WHO).document["receipts"]
    assert (held["modes"], held["state"]) == (["verify"], "in force")
    assert _WHO not in found(chiso, photo)
    assert chiso("verify", _WHO, photo, "--purpose", PURPOSE).status == 0
    assert_whole(chiso)


@pytest.mark.parametrize("what", _DAMAGE)
def test_her_receipt_is_as_she_narrowed_it(
    tsitsi: Chiso, volunteer: Volunteer, clinic: Path, what: str
) -> None:
    _narrow(tsitsi)
    with tsitsi.database(STORE) as store:
        store.execute(_DAMAGE[what] or "SELECT 1")
    words = ("--nobody-withdrew-since",) if what == "the log" else ()
    back = tsitsi("restore", clinic, *words)
    assert back.status == 0, back
    assert back.document["log"] == ("backup" if what == "the log" else "living")
    assert back.document["left_out"] == []
    _require_narrow(tsitsi, volunteer(_WHO, "smiling"))


def test_her_key_that_was_lost_opens_what_was_sealed_anew(
    tsitsi: Chiso, volunteer: Volunteer, clinic: Path
) -> None:
    _narrow(tsitsi)
    (tsitsi.home / KEYSTORE).unlink()
    back = tsitsi("restore", clinic)
    assert (back.status, back.document["log"]) == (0, "living"), back
    _require_narrow(tsitsi, volunteer(_WHO, "smiling"))


def test_the_wider_receipt_put_back_is_narrowed_again(
    tsitsi: Chiso, volunteer: Volunteer, clinic: Path
) -> None:
    query = (
        "SELECT r.id, r.body, r.signature, r.modes, t.sealed FROM receipts r JOIN subjects s "
        "ON s.id = r.subject_id JOIN reference_templates t ON t.receipt_id = r.id "
        "WHERE s.label = '001'"
    )
    with tsitsi.database(STORE) as store:
        (receipt, body, signature, modes, sealed) = store.execute(query).fetchone()
    _narrow(tsitsi)
    with tsitsi.database(STORE) as store:
        store.execute(
            "UPDATE receipts SET body = ?, signature = ?, modes = ? WHERE id = ?",
            (body, signature, modes, receipt),
        )
        store.execute(
            "UPDATE reference_templates SET sealed = ? WHERE receipt_id = ?", (sealed, receipt)
        )
    assert tsitsi("log", "verify").status == 5
    back = tsitsi("restore", clinic)
    assert (back.status, back.document["put_back"]) == (0, [_WHO]), back
    _require_narrow(tsitsi, volunteer(_WHO, "smiling"))
