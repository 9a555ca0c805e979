"""Checking a home against its log: the tree, the erasures, the thresholds, the receipts."""

from __future__ import annotations

from chiso.account.verify import LogReport, verify_log
from chiso.core.events import LogHead
from chiso.core.storage import ReadTransaction
from chiso.services.access.told import require_access
from chiso.services.cards.told import require_cards
from chiso.services.home import Home
from chiso.services.log import (
    altered,
    broken,
    head_of,
    require_not_put_back,
    require_own,
    require_signed_head,
)
from chiso.services.log_checkpoints import require_kept
from chiso.services.log_since import require_goes_on
from chiso.services.log_told import Told
from chiso.services.narrow import require_as_narrowed
from chiso.services.retention import require_last_set
from chiso.services.thresholds import require_as_told
from chiso.services.witnesses import require_last_named


def verify(home: Home, since: str | None = None) -> LogReport:
    """Recompute the whole tree and check every signature. Raises ChisoError of kind INTEGRITY.

    Besides `chiso.account.verify`'s steps: the stored head agrees with the signed checkpoint; the
    log goes on from the head that lies outside the database; each payload that is missing was
    destroyed by an erasure that the log tells of; threshold records are those that were added and
    last chosen, the retention rules those last set, the witnesses those last named; the lists of
    cards, keys and accounts say what the log tells of them; and each receipt is signed by this
    home, says what its indexed columns say, is the one that the log last tells of, and is marked
    withdrawn where the log says so. Whether references open is `services.reference_check`'s to say.

    The log must go on from every checkpoint that is kept, and from `since`, one saved outside.
    """
    anchored, told = home.anchor.read(), Told()
    with home.store.reading() as view:
        head = head_of(view)
        report = verify_leaves(home, view, head, told)
        require_not_put_back(home, anchored, view, head)
        require_kept(home, view, head)
        if since is not None:
            require_goes_on(home, view, head, since)
        _require_receipts(view, told)
        require_as_told(home, view, told)
        require_last_set(view, told)
        require_last_named(view, told)
        require_cards(view, told)
        require_access(view, told)
        terms = {each.receipt_id: each for each in view.terms()}
        for receipt in view.receipts():
            require_own(home, receipt)
            own = receipt.terms
            if terms.get(own.receipt_id) != own:
                raise altered(receipt)
            require_as_narrowed(receipt, told.narrowed)
    return report


def verify_leaves(home: Home, view: ReadTransaction, head: LogHead, told: Told) -> LogReport:
    """Check the log alone, and note in `told` what it tells: that it hides nobody's erasure.

    Every payload is its leaf's, and kept as of the person whom it names, so that it goes with her;
    erasures account for those that are gone; nobody who was erased is there again. Raises
    LOG_BROKEN otherwise.
    """
    report = verify_log(
        view.leaves(),
        view.log_hashes,
        told.noting(view.payloads()),
        head.checkpoint,
        home.origin,
        home.signer.public_key,
        home.signer.verify,
    )
    require_signed_head(home, head)
    _require_accounted(told, report.payloads_destroyed)
    if told.misplaced:
        raise broken(f"leaf {told.misplaced[0]} is kept as another person's than it says")
    here = {each.subject_id for each in view.subjects()}
    for back in sorted((here | {each.subject_id for each in view.terms()}) & told.erased.keys()):
        raise broken(
            f"person {back} was erased, as leaf {told.erased[back]} tells, and is in the store "
            "again"
        )
    return report


def _require_receipts(view: ReadTransaction, told: Told) -> None:
    """Raise unless every receipt that the log tells of is there, and every reference's too."""
    kept = {each.receipt_id: each.withdrawn for each in view.terms()}
    gone = told.granted - kept.keys()
    if gone:
        raise broken(f"receipt {min(gone)} is gone, and no erasure accounts for it")
    for receipt in sorted(told.withdrawn):
        if kept.get(receipt) is None:
            raise broken(f"receipt {receipt} was withdrawn, and is not marked so any more")
    for _ in view.references():
        pass  # the store itself raises for one that rests on no receipt of its owner's


def _require_accounted(told: Told, destroyed: int) -> None:
    """Raise LOG_BROKEN unless erasures account for every payload that is gone."""
    if told.payloads_erased != destroyed:
        raise broken(
            f"the content of {destroyed} leaves is gone, and erasures account for "
            f"{told.payloads_erased} of them"
        )
