"""A bundle verifies from its own content and a key, and no altered one does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.account.bundles import (
    KEY,
    SIGNER,
    WITNESS,
    WITNESS_SIGNER,
    bundle_of,
    small_log,
)

from chiso.account.bundle import (
    Bundle,
    BundledLeaf,
    bundle_bytes,
    bundle_start,
    bundle_texts,
    parse_bundle,
)
from chiso.account.bundle_check import BundleReport, require_shown, verify_bundle
from chiso.account.checkpoint import VerifierKey, vkey_text
from chiso.adapters.signing import verify_with
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Node

_LOG = small_log(11)
_WHOLE = bundle_of(_LOG, [0, 2, 7, 10], [4, 7])
_HERS = bundle_of(_LOG, [1, 4, 7, 10], [], "subject-1")
_GOLDEN = Path(__file__).parent.parent / "golden" / "log_bundle_1.json"

Document = dict[str, Any]


def _verified(bundle: Bundle, key: VerifierKey = KEY) -> BundleReport:
    return verify_bundle(bundle, key, [WITNESS], verify_with)


def _refused(bundle: Bundle, key: VerifierKey = KEY) -> str:
    with pytest.raises(ChisoError) as caught:
        _verified(bundle, key)
    assert caught.value.code is Code.LOG_BROKEN
    return caught.value.message


def test_a_bundle_says_what_it_shows() -> None:
    report = _verified(_WHOLE)
    assert (report.checkpoint.size, report.leaves, report.destroyed) == (11, 4, 1)
    assert [each.size for each in report.earlier] == [4, 7]
    assert report.cosigned == (("witness.example", "2026-01-01T00:00:00Z"),)
    assert _verified(_HERS).subject_id == "subject-1"


def test_every_leaf_of_every_size_of_log_verifies() -> None:
    for size in range(1, 20):
        log = small_log(size)
        report = _verified(bundle_of(log, range(size), range(1, size)))
        assert (report.leaves, len(report.earlier)) == (size, size - 1)


def test_a_bundle_is_read_as_it_was_written() -> None:
    for each in (_WHOLE, _HERS):
        assert parse_bundle(bundle_bytes(each)) == each


def test_a_bundle_is_written_the_same_way_for_ever() -> None:
    """Golden vector of the format: it leaves the process, so it may not change unnoticed."""
    assert bundle_bytes(_WHOLE) == _GOLDEN.read_bytes()


def test_a_bundle_is_written_leaf_by_leaf() -> None:
    """The leaves of a long log do not fit in memory: none is asked for before its turn."""
    asked: list[int] = []

    def leaves() -> Iterator[BundledLeaf]:
        for each in _WHOLE.leaves:
            asked.append(each.seq)
            yield each

    pieces = bundle_texts(bundle_start(KEY, _WHOLE.checkpoint, _WHOLE.earlier, None), leaves())
    written = next(pieces)
    assert asked == []
    for each in _WHOLE.leaves:
        written += next(pieces)
        assert asked[-1] == each.seq
    assert (written + "".join(pieces)).encode() == _GOLDEN.read_bytes()


def test_a_bundle_keeps_odd_texts_as_they_are() -> None:
    """Separators that only some take for ends of lines, quotes, and none of the leaves."""
    text = 'a\u2028b\x85c\x0b"\n\\'.encode()
    odd = replace(_WHOLE, leaves=(replace(_WHOLE.leaves[0], payload=text),))
    for each in (odd, replace(_WHOLE, leaves=(), earlier=())):
        assert parse_bundle(bundle_bytes(each)) == each
        indented = json.dumps(json.loads(bundle_bytes(each)), ensure_ascii=False, indent=1)
        assert bundle_bytes(each).decode() == indented + "\n"


def test_a_leaf_that_says_something_else_is_found() -> None:
    leaf = _WHOLE.leaves[1]
    assert leaf.payload is not None
    altered = replace(leaf, payload=leaf.payload.replace(b"door", b"wall"))
    told = _refused(replace(_WHOLE, leaves=(_WHOLE.leaves[0], altered)))
    assert "leaf 2 does not match what it says" in told


def test_a_leaf_at_another_place_is_found() -> None:
    moved = replace(_WHOLE.leaves[0], seq=1)
    assert "path of leaf 1" in _refused(replace(_WHOLE, leaves=(moved,)))
    beyond = replace(_WHOLE.leaves[0], seq=11)
    assert "path of leaf 11" in _refused(replace(_WHOLE, leaves=(beyond,)))


def test_a_path_that_is_longer_shorter_or_other_is_found() -> None:
    leaf = _WHOLE.leaves[0]
    for path in (leaf.inclusion[:-1], (*leaf.inclusion, bytes(32)), leaf.inclusion[::-1]):
        altered = replace(leaf, inclusion=path)
        assert "path of leaf 0" in _refused(replace(_WHOLE, leaves=(altered,)))


def test_a_leaf_given_twice_or_out_of_order_is_found() -> None:
    first, second, *_ = _WHOLE.leaves
    assert "leaf 0 comes after" in _refused(replace(_WHOLE, leaves=(first, first)))
    assert "leaf 0 comes after leaf 2" in _refused(replace(_WHOLE, leaves=(second, first)))


def test_an_earlier_checkpoint_of_another_history_is_found() -> None:
    other = small_log(3).note(3)
    earlier = replace(_WHOLE.earlier[0], checkpoint=other)
    assert "earlier checkpoint of 3 leaves" in _refused(replace(_WHOLE, earlier=(earlier,)))
    unproven = replace(_WHOLE.earlier[1], consistency=())
    assert "earlier checkpoint of 7 leaves" in _refused(replace(_WHOLE, earlier=(unproven,)))


def test_a_checkpoint_that_the_key_did_not_sign_is_found() -> None:
    size = _WHOLE.checkpoint.replace("\n11\n", "\n12\n")
    assert "is not signed by" in _refused(replace(_WHOLE, checkpoint=size))
    assert "cannot be read" in _refused(replace(_WHOLE, checkpoint="none"))


def test_a_bundle_of_another_key_or_log_is_found() -> None:
    stranger = replace(KEY, public_key=WITNESS_SIGNER.public_key)
    assert "the key given is of chiso/test" in _refused(_WHOLE, stranger)
    signed_by_another = replace(_WHOLE, key=stranger)
    assert "is not signed by" in _refused(signed_by_another, stranger)
    elsewhere = replace(KEY, name="chiso/elsewhere")
    assert "is of chiso/test" in _refused(_WHOLE, elsewhere)


def test_a_witness_that_did_not_cosign_is_missed() -> None:
    alone = replace(_WHOLE, checkpoint=_LOG.note(11))
    assert "no line is of witness.example" in _refused(alone)
    other = replace(WITNESS, public_key=SIGNER.public_key)
    with pytest.raises(ChisoError, match="not cosigned as asked"):
        verify_bundle(_WHOLE, KEY, [other], verify_with)


def test_a_leaf_of_someone_else_among_hers_is_found() -> None:
    others = bundle_of(_LOG, [1, 2], [], "subject-1")
    assert "leaf 2 is not of the person" in _refused(others)


@pytest.mark.parametrize(
    "alter",
    [
        lambda said: said.pop("leaves"),
        lambda said: said.update(format="chiso-log-bundle-2"),
        lambda said: said.update(key=vkey_text(WITNESS)),
        lambda said: said.update(key=said["key"][:-4] + "AAA="),
        lambda said: said.update(leaves={}),
        lambda said: said.update(earlier=[3]),
        lambda said: said.update(checkpoint=None),
        lambda said: said.update(subject=4),
        lambda said: said["leaves"][0].update(seq=True),
        lambda said: said["leaves"][0].update(seq="0"),
        lambda said: said["leaves"][0].update(salt=None),
        lambda said: said["leaves"][0].update(leaf_hash="00"),
        lambda said: said["leaves"][0].update(leaf_hash=said["leaves"][0]["leaf_hash"].upper()),
        lambda said: said["leaves"][0].update(inclusion="ab"),
        lambda said: said["leaves"][0].update(payload="\ud800"),
    ],
)
def test_what_is_no_bundle_is_called_so(alter: Callable[[Document], object]) -> None:
    said = json.loads(bundle_bytes(_WHOLE))
    alter(said)
    with pytest.raises(ChisoError) as caught:
        parse_bundle(json.dumps(said).encode())
    assert caught.value.code is Code.BAD_ARGUMENT


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"3", b"null", b"[" * 100_000])
def test_what_is_no_json_object_is_called_so(content: bytes) -> None:
    with pytest.raises(ChisoError) as caught:
        parse_bundle(content)
    assert caught.value.code is Code.BAD_ARGUMENT


def test_any_changed_character_of_a_bundle_is_found_or_changes_nothing() -> None:
    """Each byte of a file is flipped once: it no longer verifies, or says the very same."""
    honest = bundle_bytes(_WHOLE)
    report = _verified(_WHOLE)
    for place in range(len(honest)):
        flipped = bytearray(honest)
        flipped[place] ^= 1
        try:
            altered = _verified(parse_bundle(bytes(flipped)))
        except ChisoError:
            continue
        assert altered == report, place


def test_a_saved_checkpoint_of_another_history_is_found() -> None:
    report = verify_bundle(_WHOLE, KEY, [WITNESS], verify_with)
    other = replace(_LOG, nodes={**_LOG.nodes, Node(0, 0): bytes(32)})
    assert require_shown(report, _LOG.note(7), verify_with).size == 7
    with pytest.raises(ChisoError) as refused:
        require_shown(report, other.note(7), verify_with)
    assert refused.value.code is Code.LOG_BROKEN
    assert "first 7 leaves are not those of the saved checkpoint" in refused.value.message
