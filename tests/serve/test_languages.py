"""The console's languages: every message is listed, and what is translated fits its message."""

from __future__ import annotations

import io
import re
from pathlib import Path
from string import Formatter
from unittest.mock import ANY

import pytest
import scripts.messages
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from scripts.messages import LIST, SOURCE, catalogues, is_met_by_people, is_translated, messages
from tests.serve.console import BROWSER, Console
from tests.serve.pseudo import Visible

from chiso.capture import raster
from chiso.core.access import Role
from chiso.core.errors import Code, Kind
from chiso.interfaces.console import languages, words
from chiso.interfaces.console.languages import LANGUAGES, Language, translations
from chiso.interfaces.speech import told, values_in

_CATALOGUES = catalogues()
_TEMPLATES = sorted((SOURCE / "interfaces/console/templates").glob("*.j2"))
_SCRIPTS = sorted((SOURCE / "interfaces/console/static").glob("*.js"))
_PAGES = [*_TEMPLATES, SOURCE / "interfaces/person_page/page.html.j2"]
_SAID_ELSEWHERE = re.compile(
    r"\{% block body_class %\}\w*\{% endblock %\}"
    r"|\{%\s*trans\b.*?endtrans\s*%\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}",
    re.DOTALL,
)
_MET_AT_A_CAMERA = (Kind.REFUSED_SAMPLE, Kind.CONSENT, Kind.ACCESS)

each_catalogue = pytest.mark.parametrize("path", _CATALOGUES, ids=lambda path: path.parts[-3])


def test_the_list_of_messages_is_complete() -> None:
    with LIST.open("rb") as file:
        listed = _listed(read_po(file))
    assert listed == _listed(messages()), "run `make messages`"


@each_catalogue
def test_a_catalogue_has_every_message_and_no_other(path: Path) -> None:
    assert _listed(_read(path)) == _listed(messages()), "run `make messages`"


def test_one_command_begins_a_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts.messages, "LOCALES", tmp_path)
    monkeypatch.setattr(scripts.messages, "LIST", tmp_path / "chiso.pot")
    scripts.messages.main(["nd"])
    begun = tmp_path / "nd" / "LC_MESSAGES" / "chiso.po"
    assert _listed(_read(begun)) == _listed(messages())
    monkeypatch.setattr(languages, "_LOCALES", tmp_path)
    assert languages.languages() == (LANGUAGES[0], Language("nd", "English", "", ANY))
    filled = begun.read_text().replace(
        'msgid "English"\nmsgstr ""', 'msgid "English"\nmsgstr "isiNdebele"'
    )
    begun.write_text(filled)
    translations.cache_clear()
    scripts.messages.main([])
    assert languages.languages()[1].name == "isiNdebele"
    translations.cache_clear()


@each_catalogue
def test_what_is_compiled_is_what_is_written(path: Path) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, _read(path))
    assert path.with_suffix(".mo").read_bytes() == compiled.getvalue()


@each_catalogue
def test_a_translation_has_the_blanks_of_its_message(path: Path) -> None:
    for message in _translated(path):
        said = message.id if isinstance(message.id, tuple) else (message.id,)
        told_so = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = [sorted(_blanks(str(each))) for each in said]
        for text in told_so:
            assert sorted(_blanks(str(text))) in wanted, said


@each_catalogue
def test_a_translation_ends_and_is_marked_as_its_message(path: Path) -> None:
    for message in _translated(path):
        said = str(message.id[0] if isinstance(message.id, tuple) else message.id)
        text = str(message.string[0] if isinstance(message.string, tuple) else message.string)
        assert text[-1] == said[-1] or said[-1].isalnum() or said[-1] in ")}", said
        assert re.findall("<[^>]+>", text) == re.findall("<[^>]+>", said), said


@pytest.mark.parametrize("template", _PAGES, ids=lambda path: path.name)
def test_no_template_says_anything_but_messages(template: Path) -> None:
    text = _SAID_ELSEWHERE.sub("", template.read_text(encoding="utf-8"))
    said = [each.replace("Chiso", "") for each in Visible(text).texts]
    assert [each for each in said if re.search("[A-Za-z]{2,}", each)] == []


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda path: path.name)
def test_no_script_says_anything_in_words_of_its_own(script: Path) -> None:
    text = re.sub(r"(?m)(^|\s)//.*$", "", script.read_text(encoding="utf-8"))
    text = re.sub(r"new Error\([^)]*\)", "", text)  # for whoever reads the code
    quoted = re.findall(r'"([^"\n]*)"|`([^`]*)`', text)
    literals = [re.sub(r"\$\{[^}]*\}", "", one or other) for one, other in quoted]
    assert [each for each in literals if re.search(r"[A-Za-z]{2,} [a-z]{2,}", each)] == []


def test_whatever_a_camera_is_refused_with_is_said_by_its_code() -> None:
    hints = SOURCE / "interfaces/console/templates/camera_words.html.j2"
    known = set(re.findall(r'data-code="([a-z-]+)"', hints.read_text(encoding="utf-8")))
    assert {str(code) for code in Code if code.kind in _MET_AT_A_CAMERA} <= known


def test_every_step_of_an_audit_has_its_words() -> None:
    code = (SOURCE / "evaluate/audit.py").read_text(encoding="utf-8")
    steps = [each[:1].upper() + each[1:] for each in re.findall(r'tell\("([^"]+)"\)', code)]
    assert steps
    assert set(steps) <= set(words.WORDS)


def test_every_kind_of_file_that_is_no_photo_has_its_word() -> None:
    assert {name for _, _, name in raster._SIGNATURES} <= set(words.WORDS)


def test_every_language_has_a_catalogue_and_says_whether_somebody_read_it() -> None:
    named = {path.parent.parent.name for path in _CATALOGUES}
    assert named == {each.code for each in LANGUAGES} - {"en"}
    assert next(each for each in LANGUAGES if each.code == "sn").note


def test_shona_has_words_for_everything_that_people_meet() -> None:
    (path,) = (each for each in _CATALOGUES if each.parts[-3] == "sn")
    met = [message for message in _read(path) if message.id and is_met_by_people(message)]
    assert [message.id for message in met if not is_translated(message)] == []


def test_what_is_not_translated_is_said_in_english() -> None:
    shona = translations("sn")
    assert shona.gettext("People") == "Vanhu"
    assert shona.gettext("A sentence that nobody translated.").startswith("A sentence")
    assert told(shona, "A sentence that nobody translated.").startswith("A sentence")


@pytest.mark.parametrize(
    ("template", "text", "values"),
    [
        ("{name} is over.", "Rudo is over.", {"name": "Rudo"}),
        ("{name} is over.", "Rudo is over", None),
        ("It is {a} of {b}.", "It is of of of.", {"a": "of", "b": "of"}),
        ("It is {a} of {b}.", "It is 1 of 2.5.", {"a": "1", "b": "2.5"}),
        ("It is {a} of {b}.", "It is 1 of.", None),
        ("It is {a} of {b}.", "It is 1 of 2 of 3.", {"a": "1", "b": "2 of 3"}),
        ("{a}: {b}", "x: y: z", {"a": "x", "b": "y: z"}),
        ("No blank.", "No blank.", {}),
        ("No blank.", "No blank. More.", None),
        ("{{x}} of {a}.", "{x} of 1.", {"a": "1"}),
        ("{a}", "", {"a": ""}),
    ],
)
def test_what_stands_in_the_blanks_of_a_message_is_found(
    template: str, text: str, values: dict[str, str] | None
) -> None:
    assert values_in(template, text) == values


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("sn-ZW, en;q=0.5", "sn"),
        ("en;q=0.5, sn-ZW", "sn"),
        ("en, sn;q=0.9", "en"),
        ("fr, sn;q=0.2, en;q=0.1", "sn"),
        ("sn;q=0, en", "en"),
        ("sn;q=many", "en"),
        ("SN", "sn"),
        ("", "en"),
        ("*", "en"),
        (";;q=,=;", "en"),
    ],
)
def test_a_page_is_in_the_language_that_a_browser_would_rather_have(
    console: Console, asked: str, answered: str
) -> None:
    answer = console.client.get("/kiosk", headers={**BROWSER, "Accept-Language": asked})
    assert f'<html lang="{answered}">' in answer.text
    assert answer.headers["Content-Language"] == answered


def test_a_chosen_language_outweighs_the_browser_and_leads_back(console: Console) -> None:
    chosen = console.client.get(
        "/language/sn?back=/kiosk?purpose=gate", headers=BROWSER, follow_redirects=False
    )
    assert chosen.headers["Location"] == "/kiosk?purpose=gate"
    answer = console.client.get("/kiosk", headers={**BROWSER, "Accept-Language": "en"})
    assert '<html lang="sn">' in answer.text
    assert 'href="/language/en?back=/kiosk"' in answer.text


def test_a_page_that_is_hardly_translated_is_in_english_and_says_so(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    page = console.client.get("/thresholds", headers={**BROWSER, "Accept-Language": "sn"}).text
    assert '<html lang="en">' in page
    assert '<p lang="sn">chiShona: ' in page


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def _translated(path: Path) -> list[Message]:
    return [message for message in _read(path) if message.id and is_translated(message)]


def _listed(catalogue: Catalog) -> set[object]:
    return {message.id for message in catalogue if message.id}


def _blanks(text: str) -> set[str]:
    named = re.sub(r"%\((\w+)\)[sd]", r"{\1}", text)
    return {name for _, name, _, _ in Formatter().parse(named) if name}
