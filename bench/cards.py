"""What a card costs in accuracy: scores of templates as they are, and with one byte a number.

python -m bench.cards

London people: each posed reference against each everyday probe, four times degraded anew, scored
twice, and decided by the threshold that ships. A minute on two cores. `docs/cards.md` has what it
printed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import segno
from numpy.typing import NDArray

from bench.london_embedded import embedded
from chiso import wiring
from chiso.cards.card import Card, card_bytes, purpose_digest
from chiso.cards.code import SealedCard, card_size_bytes, code_text, header_of
from chiso.cards.quantise import quantised, restored
from chiso.core.consent import Mode, ReceiptId
from chiso.core.decisions import ThresholdRecord
from chiso.core.templates import ModelDigest
from chiso.evaluate.intervals import wilson_by_people
from chiso.interfaces.card_picture.code import QUIET_MODULES, qr_code
from chiso.interfaces.card_picture.picture import CODE_PX, DPI, LEAST_MODULE_PX

Vectors = NDArray[np.float32]

SEEDS = range(4)
_MM_PER_INCH = 25.4
_SEALING_BYTES = 12 + 16
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Round:
    """One round: how much each score differs, and which comparisons were decided otherwise."""

    differences: NDArray[np.float64]
    is_mated: NDArray[np.bool_]
    lost: NDArray[np.bool_]
    """A match as it is, and none by card."""
    won: NDArray[np.bool_]
    """The other way round."""


def compared(references: Vectors, probes: Vectors, record: ThresholdRecord) -> Round:
    """Every reference with every probe, as it is and as a card has it."""
    printed = np.stack([restored(quantised(each)) for each in references])
    own, card = (side.astype(np.float64) @ probes.T for side in (references, printed))
    before, after = own >= record.value, card >= record.value
    is_mated = np.eye(len(own), dtype=bool)
    return Round(np.abs(own - card), is_mated, before & ~after, after & ~before)


def card_of(template: Vectors) -> SealedCard:
    """A card as large as one with this template."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    nobody = "00000000-0000-4000-8000-000000000000"
    content = card_bytes(
        Card(
            nobody,
            ReceiptId(nobody),
            now,
            now,
            ModelDigest("00" * 32),
            purpose_digest(""),
            frozenset({Mode.VERIFY}),
            quantised(template),
        )
    )
    sealed = np.random.default_rng(0).bytes(len(content) + _SEALING_BYTES)
    return SealedCard(header_of(b""), sealed, bytes(_SIGNATURE_BYTES))


def main() -> int:
    """Measure and print."""
    record = wiring.starter_record("offline")
    if record is None:
        sys.exit("The offline pack ships no threshold.")
    rounds, sizes = list[Round](), list[int]()
    template: Vectors = np.ones(1, np.float32)
    for seed in SEEDS:
        found = embedded(seed)
        sizes.append(len(found.references))
        template = found.references[0]
        rounds.append(compared(found.references, found.probes, record))
    _print_scores(rounds, min(sizes))
    _print_size(card_of(template))
    return 0


def _print_scores(rounds: list[Round], people: int) -> None:
    every = np.concatenate([each.differences.ravel() for each in rounds])
    print(f"{len(rounds)} rounds of everyday probes, of {people} people or more.")
    print(f"Scores differ by {every.max():.5f} at most, {np.sqrt((every**2).mean()):.5f} rms.")
    for name, whose in (("mated", True), ("of different people", False)):
        of = [each.is_mated == whose for each in rounds]
        count = sum(int(each.sum()) for each in of)
        lost = sum(int((each.lost & who).sum()) for each, who in zip(rounds, of, strict=True))
        won = sum(int((each.won & who).sum()) for each, who in zip(rounds, of, strict=True))
        low, high = wilson_by_people((lost + won) / count, people)
        print(
            f"Of {count} comparisons {name}, {lost + won} were decided otherwise: {lost} matches "
            f"lost, {won} won; {low:.2%} to {high:.2%} at 95 %, counting people."
        )


def _print_size(card: SealedCard) -> None:
    text = code_text(card)
    made = segno.make_qr(text, error="q", boost_error=False)
    modules = made.symbol_size(border=QUIET_MODULES)[0]
    width_mm = qr_code(text, CODE_PX, LEAST_MODULE_PX).width / DPI * _MM_PER_INCH
    print(
        f"A card: {card_size_bytes(card)} bytes, {len(text)} characters, QR {made.designator}, "
        f"{width_mm:.1f} mm with its white, modules of {width_mm / modules:.2f} mm."
    )


if __name__ == "__main__":
    sys.exit(main())
