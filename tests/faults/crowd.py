"""Eight processes enrol, identify and withdraw the same few people in one home, all at once.

A program, since it forks: it must load no model and start no thread. Each worker keeps to itself
what it was told and when; the parent verifies the log while they work, and compares at the end.

    python -m tests.faults.crowd KIT WORK_FOLDER SECONDS SEED     prints one JSON object
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.acts import Kind
from tests.faults.checking import looked_at
from tests.faults.children import Child, Say
from tests.faults.kit import PEOPLE, PURPOSE, Kit, agreement

from chiso.core.errors import ChisoError, Code
from chiso.services import log_check
from chiso.services.enrol import Enrolled, enrol
from chiso.services.home import Home
from chiso.services.identify import identify, prepare_search
from chiso.services.reference_check import require_all_open
from chiso.services.withdraw import withdraw

WORKERS = 8
_TAKES = 2
_LOOK_EVERY_S = 1.0
_BUSY = frozenset({Code.STORE_BUSY, Code.ERASURE_UNFINISHED})
_NOBODY = frozenset({Code.NO_CONSENT, Code.CONSENT_WITHDRAWN, Code.REFERENCE_MISSING})
"""What is answered where the others have withdrawn everyone, or her, or that receipt."""


@dataclass(frozen=True, slots=True)
class Told:
    """One act as its caller saw it: from when to when (seconds, one clock), and what it said."""

    began_s: float
    ended_s: float
    kind: str
    outcome: str
    subject_id: str
    """Who was withdrawn, in an act that withdrew someone whole; else empty."""
    named: list[str]
    leaves: int


def _act(home: Home, kit: Kit, chance: random.Random) -> Told:
    kind, label = chance.choice(list(Kind)), chance.choice(PEOPLE)
    take, began_s = chance.randrange(_TAKES), time.monotonic()
    subject, named, leaves, outcome = "", list[str](), 0, "done"
    try:
        match kind:
            case Kind.ENROL:
                enrolled = enrol(home, agreement(label), [kit.photo(label, take)])
                assert isinstance(enrolled, Enrolled)
                leaves = enrolled.new_receipt + (enrolled.references_added > 0)
            case Kind.IDENTIFY:
                search = prepare_search(home, PURPOSE)
                answers = identify(home, kit.photo(label, take).content, search)
                assert isinstance(answers, list)
                named = [c.candidate.subject_id for each in answers for c in each.candidates]
                leaves = max(1, len(named))
            case Kind.WITHDRAW:
                proof = withdraw(home, label).proof
                assert proof is not None
                subject, leaves = proof.subject_id, 1
            case Kind.WITHDRAW_RECEIPT:
                leaves = _withdraw_a_receipt(home, label)
    except ChisoError as error:
        outcome, leaves = str(error.code), int(_has_happened(error))
    return Told(began_s, time.monotonic(), kind, outcome, subject, named, leaves)


def _has_happened(error: ChisoError) -> bool:
    """Whether what ended so is in the log all the same, as its message says."""
    return error.code is Code.ERASURE_UNFINISHED or "in the same moment" in error.message


def _withdraw_a_receipt(home: Home, label: str) -> int:
    with home.store.reading() as view:
        known = view.subject(label)
        receipts = view.receipts(known.subject_id) if known else []
    live = [each.receipt.header.receipt_id for each in receipts if each.withdrawn is None]
    if not live:
        return 0
    withdraw(home, label, live[0])
    return 1


def _working(kit: Kit, directory: Path, seed: int, until_s: float) -> Child:
    def work(say: Say) -> None:
        chance, home, told = random.Random(seed), kit.opened(directory), []
        while time.monotonic() < until_s:
            told.append(_act(home, kit, chance))
        home.store.close()
        for each in told:
            say(each.began_s, each.ended_s, each.kind, each.outcome, each.subject_id, each.named,
                each.leaves)  # fmt: skip

    return Child(work)


def _counted_searches(home: Home) -> Counter[str]:
    """By person who is there: how many leaves say that a search named her."""
    found: Counter[str] = Counter()
    with home.store.reading() as view:
        for payload in view.payloads():
            if json.loads(payload.body)["type"] == "identified" and payload.subject_id:
                found[payload.subject_id] += 1
    return found


def _failures(told: list[Told], there: Counter[str], present: set[str], grown: int) -> list[str]:
    """What is not as it must be, in words."""
    allowed = {"done", *map(str, _BUSY | _NOBODY)}
    wrong = [f"{each.kind} failed: {each.outcome}" for each in told if each.outcome not in allowed]
    gone = {each.subject_id: each.ended_s for each in told if each.subject_id}
    answers: Counter[str] = Counter()
    for each in told:
        for name in each.named:
            answers[name] += 1
            if each.began_s > gone.get(name, each.began_s):
                wrong.append(f"{name} was named after her withdrawal was acknowledged")
    wrong += [
        f"{answers[name]} answers named {name}, and {there[name]} leaves say so"
        for name in present
        if answers[name] != there[name]
    ]
    wrong += [f"{name} is there after her withdrawal" for name in present & gone.keys()]
    leaves = sum(each.leaves for each in told)
    if leaves != grown:
        wrong.append(f"the acts account for {leaves} leaves, and the log grew by {grown}")
    return wrong


def main(kit_folder: str, folder: str, seconds: str, seed: str) -> None:
    """Let them work for so long; print what was done and what was wrong."""
    kit = Kit(Path(kit_folder))
    kit.engine  # noqa: B018 - read once, here, and not in each child
    directory = kit.copied(Path(folder) / "home")
    home = kit.opened(directory)
    before = log_check.verify(home).size
    home.store.close()
    until_s = time.monotonic() + float(seconds)
    workers = [_working(kit, directory, int(seed) + n, until_s) for n in range(WORKERS)]
    looks = 0
    while time.monotonic() < until_s:
        home = kit.opened(directory)
        log_check.verify(home)
        require_all_open(home)
        home.store.close()
        looks += 1
        time.sleep(_LOOK_EVERY_S)
    told: list[Told] = []
    failures: list[str] = []
    for worker in workers:
        said, status = worker.ended()
        if status != 0:
            failures += [str(line[1]) for line in said if line[0] == "failed"]
        told += [Told(*_typed(line)) for line in said if line[0] != "failed"]
    held = looked_at(kit, directory, {}, before)
    home = kit.opened(directory)
    with home.store.reading() as view:
        present = {str(each.subject_id) for each in view.subjects()}
    failures += _failures(told, _counted_searches(home), present, held.leaves)
    home.store.close()
    outcomes = Counter(f"{each.kind}: {each.outcome}" for each in told)
    json.dump({"acts": len(told), "looks": looks, "outcomes": outcomes, "failures": failures},
              sys.stdout)  # fmt: skip


def _typed(line: list[Any]) -> tuple[Any, ...]:
    return tuple(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
