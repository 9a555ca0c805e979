"""Find the code of a card in a picture of it: what was printed, a screenshot, a photo."""

from __future__ import annotations

from chiso.cards.code import is_code, unreadable
from chiso.core.ports import CodeReader
from chiso.core.samples import Refusal
from chiso.services.home import Engine, Home


def code_in(engine: Engine, read: CodeReader, picture: bytes) -> str | Refusal:
    """The code of the one card in `picture`; a Refusal where none, or more than one, can be read.

    The picture is a stranger's: it is decoded where every photo is, in a process of its own.
    """
    sample = engine.decoder.decode(picture)
    if isinstance(sample, Refusal):
        return sample
    codes = {text for text in read(sample.pixels) if is_code(text)}
    if len(codes) == 1:
        return codes.pop()
    message = (
        "There are several cards in the picture."
        if codes
        else "No card can be read in the picture."
    )
    error = unreadable(message)
    return Refusal(error.code, error.message, error.hint)


def read_shown(home: Home, read: CodeReader, picture: bytes) -> str | Refusal:
    """As `code_in`, loading the home's engine where it is not loaded yet."""
    return code_in(home.engine(), read, picture)
