"""`chiso verify --card`: is this the person whose card she shows?"""

from __future__ import annotations

from pathlib import Path

from chiso import wiring
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.samples import Refusal
from chiso.interfaces.cli.files import read_file
from chiso.interfaces.cli.verify_answer import report_verified, verify_refused
from chiso.services.cards.listing import number_of
from chiso.services.cards.reading import code_in
from chiso.services.cards.verify import verify_card

_ANSWERS = frozenset({Code.CARD_ALTERED, Code.CARD_FOREIGN, Code.CARD_UNKNOWN})
"""Refusals of a card beside those for lack of consent; other errors are of the home."""


def verify_shown(
    home: Path | None, card: Path, photo: Path, purpose: str | None, json: bool
) -> int:
    """Compare the face in `photo` with the card in the picture `card`."""
    from chiso.wiring_cards import code_reader  # only this command reads codes

    opened = wiring.open_home(wiring.home_directory(home))
    limit = opened.capture.decode.max_bytes
    picture = read_file(card, "a picture of the card", limit)
    content = read_file(photo, "a photo", limit)
    code = code_in(opened.engine(), code_reader(), picture)
    if isinstance(code, Refusal):
        return _refused(card, code, json)
    try:
        answer = verify_card(opened, code, content, purpose)
    except ChisoError as error:
        if error.kind is not Kind.CONSENT and error.code not in _ANSWERS:
            raise
        return verify_refused(error, json)
    if isinstance(answer, Refusal):
        return _refused(photo, answer, json)
    is_match = answer.answer.verified.match
    shown = f"{answer.label}, by card {number_of(answer.card_id)}"
    whose = shown if is_match else f"the person of card {number_of(answer.card_id)}"
    also = {
        "card": answer.card_id,
        "purpose": answer.purpose,
        "subject": answer.label if is_match else None,
    }
    return report_verified(whose, answer.answer, json, also)


def _refused(file: Path, refusal: Refusal, json: bool) -> int:
    message = f"{file}: {refusal.message}"
    return verify_refused(ChisoError(refusal.code, message, refusal.hint), json)
