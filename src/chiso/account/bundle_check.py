"""Verify a bundle from its own content and a key.

Steps, numbered in the code below:

0. (caller) obtain the log's key from somewhere that whoever made the file cannot rewrite. The key
   that the file carries is only its own word: with it, the steps below show that the file agrees
   with itself, and nothing more.
1. The file's log is that key's.
2. The checkpoint is of that log, and signed by that key.
3. Each witness whose key is given cosigned the checkpoint.
4. Each earlier checkpoint is signed by the same key, and the tree of the checkpoint begins with its
   tree: nothing that it counted was changed or taken out since.
5. Leaves come in order, none twice.
6. A leaf's content, where it is there, is what its hash commits to, and says whose it is.
7. A leaf's path leads to the checkpoint's root: it is in the log at its place.
8. A checkpoint that the reader saved, if she gives one, is signed by the same key, and its tree is
   the bundle's, or one that step 4 showed the bundle's to begin with.

What these cannot show: that the bundle holds every leaf that concerns someone, or what stood in a
leaf whose content was destroyed. Those are counted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from chiso.account.bundle import Bundle, BundledLeaf, EarlierCheckpoint
from chiso.account.checkpoint import Checkpoint, VerifierKey, parse_checkpoint, parse_note
from chiso.account.commitment import commitment
from chiso.account.cosignature import VerifyWith, cosigned_at
from chiso.account.merkle import is_consistent, leaf_hash, root_from_inclusion
from chiso.account.verify import own_signature
from chiso.core.errors import ChisoError, Code
from chiso.core.times import from_epoch_s, to_text


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What a bundle that verifies shows.

    `cosigned`: by each witness asked for, when, UTC. `destroyed`: leaves without their content.
    """

    key: VerifierKey
    checkpoint: Checkpoint
    cosigned: tuple[tuple[str, str], ...]
    earlier: tuple[Checkpoint, ...]
    subject_id: str | None
    leaves: int
    destroyed: int


def verify_bundle(
    bundle: Bundle, key: VerifierKey, witnesses: Sequence[VerifierKey], verify: VerifyWith
) -> BundleReport:
    """Do steps 1 to 7 of the module's docstring. Raises LOG_BROKEN saying which failed, where."""
    if bundle.key != key:  # 1
        raise _broken(f"it is of {_named(bundle.key)}, and the key given is of {_named(key)}")
    checkpoint = _signed(bundle.checkpoint, key, verify, "the checkpoint")  # 2
    cosigned = tuple(_cosigned(bundle.checkpoint, each, verify) for each in witnesses)  # 3
    earlier = tuple(_earlier(each, checkpoint, key, verify) for each in bundle.earlier)  # 4
    before = -1
    for leaf in bundle.leaves:
        if leaf.seq <= before:  # 5
            raise _broken(f"leaf {leaf.seq} comes after leaf {before}")
        before = leaf.seq
        _require_content(leaf, bundle.subject_id)  # 6
        root = root_from_inclusion(leaf.leaf_hash, leaf.seq, checkpoint.size, leaf.inclusion)
        if root != checkpoint.root:  # 7
            raise _broken(f"the path of leaf {leaf.seq} does not lead to the signed root")
    destroyed = sum(each.payload is None for each in bundle.leaves)
    return BundleReport(
        key, checkpoint, cosigned, earlier, bundle.subject_id, len(bundle.leaves), destroyed
    )


def require_shown(report: BundleReport, saved: str, verify: VerifyWith) -> Checkpoint:
    """Do step 8 with the text of a saved checkpoint.

    Raises LOG_BROKEN where the bundle is of another history or was cut; BAD_ARGUMENT where the
    bundle carries no proof from this checkpoint, from which nothing follows.
    """
    mine = _signed(saved, report.key, verify, "the saved checkpoint")  # 8
    now = report.checkpoint
    if mine.size > now.size:
        raise _broken(f"its log has {now.size} leaves, and the saved checkpoint counts {mine.size}")
    alike = [each for each in (now, *report.earlier) if each.size == mine.size]
    if any(each.root != mine.root for each in alike):
        raise _broken(f"its first {mine.size} leaves are not those of the saved checkpoint")
    if not alike:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The bundle holds no proof from the saved checkpoint of {mine.size} leaves.",
            "It may well go on from there: ask for a bundle made with that checkpoint, by "
            "`chiso log bundle --since FILE`.",
        )
    return mine


def _signed(note: str, key: VerifierKey, verify: VerifyWith, what: str) -> Checkpoint:
    try:
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
    except ValueError as error:
        raise _broken(f"{what} cannot be read ({error})") from error

    def by_this_key(message: bytes, signature: bytes) -> bool:
        return verify(key.public_key, message, signature)

    if own_signature(parsed, checkpoint, key.name, key.public_key, by_this_key) is not None:
        raise _broken(f"{what} is not signed by the key of {key.name}")
    return checkpoint


def _cosigned(note: str, witness: VerifierKey, verify: VerifyWith) -> tuple[str, str]:
    try:
        at_s = cosigned_at(parse_note(note), witness, verify)
        if at_s is None:
            raise ValueError(f"no line is of {witness.name}")
        return witness.name, to_text(from_epoch_s(at_s))
    except (ValueError, OverflowError, OSError) as error:
        raise _broken(f"the checkpoint is not cosigned as asked ({error})") from error


def _earlier(
    each: EarlierCheckpoint, checkpoint: Checkpoint, key: VerifierKey, verify: VerifyWith
) -> Checkpoint:
    old = _signed(each.checkpoint, key, verify, "an earlier checkpoint")
    new = checkpoint
    if not is_consistent(old.size, old.root, new.size, new.root, each.consistency):
        raise _broken(f"its log does not go on from the earlier checkpoint of {old.size} leaves")
    return old


def _require_content(leaf: BundledLeaf, subject_id: str | None) -> None:
    if leaf.payload is None or leaf.salt is None:
        return
    if leaf_hash(commitment(leaf.salt, leaf.payload)) != leaf.leaf_hash:
        raise _broken(f"leaf {leaf.seq} does not match what it says")
    if subject_id is not None and _whose(leaf.payload) != subject_id:
        raise _broken(f"leaf {leaf.seq} is not of the person whose leaves these are said to be")


def _whose(payload: bytes) -> object:
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return said.get("subject") if isinstance(said, dict) else None


def _named(key: VerifierKey) -> str:
    return f"{key.name} (key {key.key_hash.hex()})"


def _broken(what: str) -> ChisoError:
    return ChisoError(
        Code.LOG_BROKEN,
        f"The bundle does not verify: {what}.",
        "It was altered, or it is not of this log. Ask whoever gave it to you for another copy, "
        "and keep this one.",
    )
