"""Settings of a home that change what it does; each change is a leaf of the log."""

from __future__ import annotations

from chiso.core.catalogue import Catalogue, PackCard
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.storage import WriteTransaction
from chiso.services.home import Home
from chiso.services.log import record

PACK_SETTING = "pack"


def require_here(catalogue: Catalogue, pack: PackCard) -> None:
    """Raise ChisoError(MODEL_MISSING) unless both models of a pack are on this machine."""
    for name in (pack.detector, pack.embedder):
        if not catalogue.model(name).is_here:
            raise ChisoError(
                Code.MODEL_MISSING,
                f"The model {name} of pack {pack.name} is not on this machine.",
                f"Run `chiso models pull {pack.name}` first.",
            )


def use_pack(home: Home, pack: PackCard) -> int:
    """Work with this pack from now on; returns how many references of its model there are.

    References of other models stay, and are not compared while it is in use.
    """
    with home.store.writing() as transaction:
        change_pack(home, transaction, pack)
        return transaction.count_references(pack.digest)


def change_pack(home: Home, transaction: WriteTransaction, pack: PackCard) -> None:
    """As `use_pack`, inside the caller's transaction."""
    transaction.put_setting(PACK_SETTING, pack.name)
    facts = {"setting": PACK_SETTING, "value": pack.name, "model": pack.digest}
    event = Event(EventType.SETTINGS_CHANGED, home.clock.now(), None, facts)
    record(home, transaction, [event])
