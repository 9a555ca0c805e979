"""Release gate: who withdrew is in no byte of any file, nor of the memory of a living process."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.release.scanning import Needle, Scanner, texts, windows

from chiso import wiring
from chiso.adapters.models.embedder import OnnxEmbedder
from chiso.adapters.models.enhance import blurred
from chiso.adapters.wrapped_keys import wrapped_key_in
from chiso.services import log_check
from chiso.services.engine import single_face
from chiso.services.home import Home

_CHILD = Path(__file__).with_name("erasure_child.py")
_MOST_PEOPLE, _WITHDRAWING_SHARE = 50, 5
_SEARCHES, _ELSEWHERE = 4, 4


@dataclass(frozen=True, slots=True)
class _Person:
    label: str
    reference: Path
    probe: Path


class _Living:
    """The process that lives on, and the folders that it may write to."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.folders = [folder / name for name in ("home", "temporary", "cache", "logs")]
        for each in self.folders[1:]:
            each.mkdir()
        environment = os.environ | {
            "TMPDIR": str(folder / "temporary"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        self._log = (folder / "logs" / "stderr").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, str(_CHILD), str(self.home)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    @property
    def process_id(self) -> int:
        return self._process.pid

    def __call__(self, do: str, **words: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **words}, default=str).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, Path(self._log.name).read_text()
        return dict(json.loads(answer))

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._log.close()


@pytest.fixture
def living(tmp_path: Path) -> Iterator[_Living]:
    made, _ = wiring.make_home(tmp_path / "home", "Clinic", "offline")
    made.store.close()
    process = _Living(tmp_path)
    yield process
    process.stop()


@pytest.fixture
def crowd(request: pytest.FixtureRequest) -> list[_Person]:
    """53 people of the London Set where they are, else those whom Chiso carries; their labels."""
    try:
        folder: Path = request.getfixturevalue("london")
        pairs = [
            (path, path.with_name(path.name.replace("neutral", "smiling")))
            for path in sorted(folder.glob("*_neutral.jpg"))
        ]
    except pytest.skip.Exception:
        folder = request.getfixturevalue("rendered_volunteers")
        pairs = [
            (path, path.with_name(path.name.replace("_01.", "_02.")))
            for path in sorted(folder.glob("*_01.jpg"))
        ]
    # Python keeps ASCII as one byte a letter, and this other letter makes it keep two.
    return [
        _Person(
            f"{'' if n % 2 else 'Ⱬ'}{secrets.token_hex(6)} Dzvairo {secrets.token_hex(4)}", *pair
        )
        for n, pair in enumerate(pairs)
    ]


def test_who_withdrew_is_in_no_byte_of_files_or_memory_and_the_others_still_are(
    living: _Living, crowd: Sequence[_Person]
) -> None:
    enrolled: list[_Person] = []
    for person in crowd:
        if len(enrolled) < _MOST_PEOPLE:
            done = living("enrol", label=person.label, photo=person.reference)
            enrolled += [person] if done["enrolled"] else []
    gone = enrolled[::_WITHDRAWING_SHARE]
    others = [each for each in enrolled if each not in gone]
    assert living("prepare")["references"] == len(enrolled)
    # Those who go were shown last: nothing has come since to take the place of what they left.
    sought = [*_found_first(living, others), *_found_first(living, gone)]
    home = wiring.open_home(living.home)
    needles = [needle for each in enrolled for needle in _of(home, each)]
    for each in gone:
        needles += _on_the_way_to(home, each)
    home.store.close()
    scanner = Scanner(needles)
    assert {each.whose for each in scanner.found_in_files(living.folders)} == {
        each.label for each in enrolled
    }

    elsewhere = gone[::_ELSEWHERE]
    for person in gone:
        if person not in elsewhere:
            living("withdraw", label=person.label)
    for person in elsewhere:  # another process does it: this one learns of it by itself
        words = ["withdraw", person.label, "--home", str(living.home), "--json"]
        subprocess.run([sys.executable, "-m", "chiso", *words], check=True, capture_output=True)
    assert sought[0].label in living("search", photo=sought[0].probe)["found"]

    whose_gone = {each.label for each in gone}
    in_files = scanner.found_in_files(living.folders)
    assert _left_of(whose_gone, in_files) == set()
    in_memory, size_bytes = _memory_of(living, scanner)
    assert _left_of(whose_gone, in_memory) == set()
    # The scan can find: the others are where they belong.
    kinds = {each.what for each in in_files if each.whose not in whose_gone}
    assert {"label, utf-8", "key, wrapped", "salt", "reference, sealed"} <= kinds
    for person in others:
        hers = {each.what for each in in_memory if each.whose == person.label}
        assert "template, f4" in hers
        assert any(each.whose == person.label for each in in_files)
    assert size_bytes > 50_000_000
    log_check.verify(wiring.open_home(living.home))
    for person in sought:
        is_there = person.label in living("search", photo=person.probe)["found"]
        assert is_there == (person not in gone)
    assert living("prepare")["references"] == len(others)


def test_the_gate_sees_whatever_a_careless_program_would_leave(living: _Living) -> None:
    scanner = Scanner(_made_up("gone"))
    assert _left_of({"gone"}, scanner.found_in_files(living.folders)) == set()
    assert _left_of({"gone"}, _memory_of(living, scanner)[0]) == set()

    planted = {each.what: each.content for each in _made_up("gone")}
    left = {(what, "gone") for what in planted}
    for folder in living.folders:
        for what, content in planted.items():
            (folder / "careless").write_bytes(b"..." + content)
            found = scanner.found_in_files(living.folders)
            assert (what, "gone") in _left_of({"gone"}, found) <= left
        (folder / "careless").unlink()
    living("keep", hexadecimal=b"...".join(planted.values()).hex())
    assert _left_of({"gone"}, _memory_of(living, scanner)[0]) == left


def test_the_scanner_finds_whatever_is_there_at_any_offset() -> None:
    chance = np.random.default_rng(5)
    needles = _made_up("a")
    noise = chance.bytes(100_000)
    scanner = Scanner(needles)
    assert scanner.found_in(noise) == set()
    for number, needle in enumerate(needles):
        place = 1000 + 17 * number
        there = noise[:place] + needle.content + noise[place:]
        assert needle in scanner.found_in(there)
        broken = bytearray(needle.content)
        broken[-1] ^= 1
        assert needle not in scanner.found_in(noise[:place] + broken + noise[place:])


def _found_first(living: _Living, people: Sequence[_Person]) -> list[_Person]:
    """The first few whom a search finds: not every second photo of a volunteer is recognised."""
    found: list[_Person] = []
    for person in people:
        if len(found) == _SEARCHES:
            break
        if person.label in living("search", photo=person.probe)["found"]:
            found.append(person)
    assert len(found) > 1
    return found


def _made_up(whose: str) -> list[Needle]:
    """What could be left of someone: a template, normalised or not, labels, a key. The same each
    time it is called.
    """
    chance = np.random.default_rng(6)
    raw = chance.standard_normal(128)
    return [
        *windows(whose, "template", raw / np.linalg.norm(raw)),
        *windows(whose, "descriptor", raw),
        *texts(whose, "Ⱬuva Dzvairo"),
        *texts(whose, "Rudo Moyo"),
        Needle(whose, "key", chance.bytes(32)),
    ]


def _left_of(labels: Set[str], found: Set[Needle]) -> set[tuple[str, str]]:
    """What was found of these people, and whose."""
    return {(each.what, each.whose) for each in found if each.whose in labels}


def _of(home: Home, person: _Person) -> list[Needle]:
    """What the home holds of a person, opened: template, keys, label, salts."""
    with home.store.reading() as view:
        subject = view.subject(person.label)
        assert subject is not None
        ((reference, terms),) = view.references(None, subject.subject_id)
        salts = [each.salt for each in view.payloads(subject.subject_id)]
    key = home.keystore.key(subject.subject_id)
    wrapped = wrapped_key_in(home.path / "keystore.sqlite3", subject.subject_id)
    assert key is not None
    assert wrapped is not None
    plain = np.frombuffer(home.vault.open(reference.sealed, terms, reference.model, key), "<f4")
    return [
        *windows(person.label, "template", plain),
        *texts(person.label, person.label),
        *(Needle(person.label, "key", key[start : start + 16]) for start in (0, 16)),
        Needle(person.label, "key, wrapped", wrapped),
        Needle(person.label, "reference, sealed", reference.sealed[:64]),
        *(Needle(person.label, "salt", salt) for salt in salts),
    ]


def _on_the_way_to(home: Home, person: _Person) -> list[Needle]:
    """Numbers that a template is made of: the network's own, their sum, and the probe's."""
    engine = home.engine()
    embedder = engine.embedder
    assert isinstance(embedder, OnnxEmbedder)
    found: list[Needle] = []
    for path in (person.reference, person.probe):
        face = single_face(engine, path.read_bytes(), engine.capture.enrolment)
        if not hasattr(face, "aligned"):
            continue
        chip = np.stack([face.aligned.chip])
        soft = blurred(chip, _blur_px(embedder))
        raw = embedder.describe(np.concatenate([soft, soft[:, :, ::-1]]))
        found += windows(person.label, "descriptor", raw[0])
        found += windows(person.label, "mirrored descriptor", raw[1])
        found += windows(person.label, "their sum", raw[0] + raw[1])
        (probe,) = embedder.embed([face.aligned.chip])
        found += windows(person.label, "probe", probe.vector)
    return found


def _blur_px(embedder: OnnxEmbedder) -> float:
    enhancement = embedder._spec.enhancement
    assert enhancement is not None
    return enhancement.blur_px


def _memory_of(living: _Living, scanner: Scanner) -> tuple[set[Needle], int]:
    """What is found in the living process's memory. Fails where the system lets nobody look."""
    held = living("hold still")
    if not held["overwrites"]:
        pytest.skip("freed memory is overwritten by glibc only, and this is another C library")
    return scanner.found_in_memory(living.process_id)
