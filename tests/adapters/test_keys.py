"""Keys and ciphertexts: what opens, what does not, and what a destroyed key leaves."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from chiso.adapters.home_files import read_operator_key, write_operator_key
from chiso.adapters.keystore import FileKeystore
from chiso.adapters.signing import Ed25519Signer
from chiso.adapters.system import SystemRandomness
from chiso.adapters.vault import AesGcmVault
from chiso.core.consent import Mode, ReceiptId, SubjectId, Terms
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest, Template

_OPERATOR_KEY = bytes(range(32))
_KEY = bytes(range(32, 64))
_ANNA, _BEN = SubjectId("anna"), SubjectId("ben")
_MODEL = ModelDigest("ab" * 32)
_TERMS = Terms(
    ReceiptId("r1"),
    _ANNA,
    "door",
    frozenset({Mode.VERIFY}),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2027, 1, 1, tzinfo=UTC),
    None,
)


def _keystore(path: Path, key: bytes = _OPERATOR_KEY, home_id: str = "home") -> FileKeystore:
    return FileKeystore(path / "keystore.sqlite3", home_id, key, SystemRandomness())


@pytest.fixture
def keystore(tmp_path: Path) -> FileKeystore:
    made = _keystore(tmp_path)
    made.create_file(bytes(32))
    return made


@pytest.fixture
def template() -> Template:
    vector = np.random.default_rng(1).standard_normal(128).astype(np.float32)
    return Template(vector / np.linalg.norm(vector), _MODEL)


def test_a_person_keeps_her_key(keystore: FileKeystore) -> None:
    key = keystore.create(_ANNA)
    assert len(key) == 32
    assert keystore.create(_ANNA) == keystore.key(_ANNA) == key
    assert keystore.key(_BEN) is None


def test_keys_come_in_the_order_of_subjects(keystore: FileKeystore) -> None:
    made = dict(zip((_BEN, _ANNA), keystore.create_many([_BEN, _ANNA]), strict=True))
    assert list(keystore.keys_in_order()) == [(_ANNA, made[_ANNA]), (_BEN, made[_BEN])]


def test_no_key_stands_in_the_file_in_plain(keystore: FileKeystore, tmp_path: Path) -> None:
    key = keystore.create(_ANNA)
    assert key not in (tmp_path / "keystore.sqlite3").read_bytes()


def test_a_destroyed_key_leaves_nothing_in_any_file(keystore: FileKeystore, tmp_path: Path) -> None:
    keystore.create_many([_ANNA, _BEN])
    assert b"anna" in (tmp_path / "keystore.sqlite3").read_bytes()
    assert keystore.destroy([_ANNA]) == 1
    assert keystore.destroy([_ANNA]) == 0
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"anna" not in left
    assert keystore.subject_ids() == [_BEN]


def test_only_the_owner_may_read_the_keystore(keystore: FileKeystore, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "keystore.sqlite3").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "other",
    [{"key": bytes(32)}, {"home_id": "another home"}],
    ids=["another operator's key", "a keystore from another home"],
)
def test_keys_do_not_open_for(
    other: dict[str, object], keystore: FileKeystore, tmp_path: Path
) -> None:
    keystore.create(_ANNA)
    stranger = _keystore(tmp_path, **other)  # type: ignore[arg-type]
    with pytest.raises(ChisoError) as persons:
        stranger.key(_ANNA)
    with pytest.raises(ChisoError) as homes:
        stranger.signing_key()
    assert persons.value.code is homes.value.code is Code.WRONG_OPERATOR_KEY


def test_a_template_opens_as_it_was_sealed(template: Template) -> None:
    vault = AesGcmVault(SystemRandomness())
    sealed = vault.seal(template, _TERMS, _KEY)
    opened = np.frombuffer(vault.open(sealed, _TERMS, _MODEL, _KEY), dtype="<f4")
    assert np.array_equal(opened, template.vector)
    assert template.vector.tobytes() not in sealed
    assert len(sealed) == 12 + 128 * 4 + 16


def test_the_same_template_is_never_sealed_the_same_way(template: Template) -> None:
    vault = AesGcmVault(SystemRandomness())
    assert vault.seal(template, _TERMS, _KEY) != vault.seal(template, _TERMS, _KEY)


@pytest.mark.parametrize(
    "edit",
    [
        {"subject_id": _BEN},
        {"receipt_id": ReceiptId("r2")},
        {"purpose": "canteen"},
        {"modes": frozenset(Mode)},
        {"expires": datetime(2099, 1, 1, tzinfo=UTC)},
        {"granted": datetime(2025, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_a_template_does_not_open_when_it_is_moved_or_its_terms_are_edited(
    edit: dict[str, object], template: Template
) -> None:
    vault = AesGcmVault(SystemRandomness())
    sealed = vault.seal(template, _TERMS, _KEY)
    with pytest.raises(ChisoError) as caught:
        vault.open(sealed, _TERMS._replace(**edit), _MODEL, _KEY)  # type: ignore[arg-type]
    assert caught.value.code is Code.TEMPLATE_UNREADABLE


def test_a_template_does_not_open_as_another_models_or_with_a_flipped_bit(
    template: Template,
) -> None:
    vault = AesGcmVault(SystemRandomness())
    sealed = vault.seal(template, _TERMS, _KEY)
    flipped = sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:]
    for blob, model in ((sealed, ModelDigest("cd" * 32)), (flipped, _MODEL), (b"", _MODEL)):
        with pytest.raises(ChisoError) as caught:
            vault.open(blob, _TERMS, model, _KEY)
        assert caught.value.code is Code.TEMPLATE_UNREADABLE


def test_a_photo_is_known_again_only_under_the_same_key() -> None:
    vault = AesGcmVault(SystemRandomness())
    assert vault.photo_tag(b"photo", _KEY) == vault.photo_tag(b"photo", _KEY)
    assert vault.photo_tag(b"photo", _KEY) != vault.photo_tag(b"photo", bytes(32))
    assert vault.photo_tag(b"photo", _KEY) != vault.photo_tag(b"other", _KEY)


def test_a_signature_holds_for_its_message_alone() -> None:
    signer = Ed25519Signer(bytes(range(32)))
    signature = signer.sign(b"message")
    assert signer.verify(b"message", signature)
    assert not signer.verify(b"massage", signature)
    assert not Ed25519Signer(bytes(32)).verify(b"message", signature)


def test_the_operators_key_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    write_operator_key(tmp_path, _OPERATOR_KEY)
    assert stat.S_IMODE((tmp_path / "operator.key").stat().st_mode) == 0o600
    assert read_operator_key(tmp_path, {}) == _OPERATOR_KEY


def test_the_environment_can_hold_the_operators_key(tmp_path: Path) -> None:
    write_operator_key(tmp_path, _OPERATOR_KEY)
    text = (tmp_path / "operator.key").read_text()
    (tmp_path / "operator.key").unlink()
    assert read_operator_key(tmp_path, {"CHISO_OPERATOR_KEY": text}) == _OPERATOR_KEY
    with pytest.raises(ChisoError) as caught:
        read_operator_key(tmp_path, {})
    assert caught.value.code is Code.OPERATOR_KEY_MISSING


@pytest.mark.parametrize("text", ["", "not base64!", "AAAA"])
def test_what_is_no_operators_key_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ChisoError) as caught:
        read_operator_key(tmp_path, {"CHISO_OPERATOR_KEY": text})
    assert caught.value.code is Code.WRONG_OPERATOR_KEY


def test_a_signature_found_true_before_makes_no_other_one_true() -> None:
    signer = Ed25519Signer(_KEY)
    message = b"a checkpoint of 12 leaves"
    signature = signer.sign(message)
    another = signer.sign(b"another message")
    for _ in range(2):  # known to be true after the first time
        assert signer.verify(message, signature)
        assert not signer.verify(b"a checkpoint of 13 leaves", signature)
        assert not signer.verify(message, another)
        assert not signer.verify(signature[-1:] + message, signature[:-1])
        assert not signer.verify(message[1:], signature + message[:1])
        assert not Ed25519Signer(_OPERATOR_KEY).verify(message, signature)
