"""Writing a bundle: leaves of the log with all that anyone needs to check them offline."""

from __future__ import annotations

from collections.abc import Iterator

from chiso.account.bundle import Bundle, BundledLeaf, EarlierCheckpoint
from chiso.account.checkpoint import ED25519, VerifierKey
from chiso.core.events import LogHead
from chiso.core.storage import ReadTransaction
from chiso.services.home import Home
from chiso.services.log import head_of, proof_of, require_not_put_back, require_signed_head
from chiso.services.log_since import require_goes_on
from chiso.services.people import known


def bundle(home: Home, label: str | None, since: str | None) -> Bundle:
    """All leaves that still have their content, or those of the person called `label`.

    With them, each checkpoint that the home keeps, and `since`, one saved outside. Raises
    NO_CONSENT where nobody is called that, LOG_BROKEN where the log does not go on from one.
    """
    anchored = home.anchor.read()
    with home.store.reading() as view:
        head = head_of(view)
        require_signed_head(home, head)
        require_not_put_back(home, anchored, view, head)
        subject_id = None if label is None else known(view, label).subject_id
        leaves = []
        for payload in view.payloads(subject_id):
            proof = proof_of(view, head, payload.seq, payload)
            leaves.append(
                BundledLeaf(proof.seq, proof.leaf_hash, proof.path, proof.salt, proof.payload)
            )
        return Bundle(
            log_key(home),
            _newest(view, head),
            tuple(_earlier(home, view, head, since)),
            subject_id,
            tuple(leaves),
        )


def log_key(home: Home) -> VerifierKey:
    """The key that signs this home's log, under the log's name."""
    return VerifierKey(home.origin, ED25519, home.signer.public_key)


def _newest(view: ReadTransaction, head: LogHead) -> str:
    """The head's checkpoint, as it is kept where it is: with the lines of witnesses."""
    kept = next(view.kept_checkpoints(1), None)
    return kept.note if kept is not None and kept.size == head.size else head.checkpoint


def _earlier(
    home: Home, view: ReadTransaction, head: LogHead, since: str | None
) -> Iterator[EarlierCheckpoint]:
    kept = [each.note for each in view.kept_checkpoints() if each.size < head.size]
    for note in [*kept[::-1], *([] if since is None else [since])]:
        yield EarlierCheckpoint(note, require_goes_on(home, view, head, note).proof)
