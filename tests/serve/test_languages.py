"""The console's languages: what is translated fits its sentence, and what is not is in English."""

from __future__ import annotations

import io
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from chiso.interfaces import console
from chiso.interfaces.console.languages import LANGUAGES, translations

_CATALOGUES = sorted(Path(console.__file__).parent.glob("locale/*/LC_MESSAGES/chiso.po"))


def test_every_language_but_english_has_a_catalogue_and_says_how_far_it_is() -> None:
    named = {path.parent.parent.name for path in _CATALOGUES}
    assert named == {each.code for each in LANGUAGES} - {"en"}
    assert all(each.note for each in LANGUAGES if each.code != "en")


@pytest.mark.parametrize("path", _CATALOGUES, ids=str)
def test_what_is_compiled_is_what_is_written(path: Path) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    assert path.with_suffix(".mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize("path", _CATALOGUES, ids=str)
def test_a_translation_has_the_blanks_of_its_sentence(path: Path) -> None:
    with path.open("rb") as file:
        messages = [each for each in read_po(file) if each.id]
    for message in messages:
        said = message.id if isinstance(message.id, tuple) else (message.id,)
        told = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in filter(None, told):
            assert _blanks(str(text)) <= _blanks(str(said[-1])), said


def test_what_is_not_translated_is_said_in_english() -> None:
    shona = translations("sn")
    assert shona.gettext("People") == "Vanhu"
    assert shona.gettext("A sentence that nobody translated.").startswith("A sentence")


def _blanks(text: str) -> set[str]:
    named = text.replace("%(", "{").replace(")s", "}").replace(")d", "}")
    return {name for _, name, _, _ in Formatter().parse(named) if name}
