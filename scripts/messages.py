"""Keeps the list of the console's messages, and each language's catalogue of them.

    make messages            brings the list and every catalogue up to date, and compiles
    make messages ARGS=nd    begins a catalogue of that language first

Messages are what templates and `marked(…)` say, and what code says in English that a page may show.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.core import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from scripts.sentences import sentences

SOURCE = Path(__file__).parent.parent / "src/chiso"
LOCALES = SOURCE / "interfaces/console/locale"
LIST = LOCALES / "chiso.pot"

_TEMPLATES = [("**.html.j2", "jinja2.ext:babel_extract")]
_TEMPLATE_OPTIONS = {"**.html.j2": {"newstyle_gettext": "true", "trim_blocks": "true"}}
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}
_MARKED = (
    "interfaces/cli/log_words.py",
    "interfaces/console",
    "interfaces/person_page",
    "interfaces/speech.py",
)
"""Code that says what it has to say through gettext."""
_ENGLISH = (
    "account/checkpoint.py",
    "adapters/decoding",
    "adapters/sqlite_errors.py",
    "capture",
    "cards",
    "compare",
    "consent",
    "core",
    "interfaces/agreements.py",
    "interfaces/cli/photo_sets.py",
    "interfaces/cli/study.py",
    "interfaces/console",
    "interfaces/serve/bodies.py",
    "interfaces/serve/body_limits.py",
    "interfaces/serve/callers.py",
    "interfaces/serve/problems.py",
    "interfaces/serve/same_origin.py",
    "services/access",
    "services/audit",
    "services/cards",
    "services/engine.py",
    "services/enrol.py",
    "services/erasure.py",
    "services/gallery.py",
    "services/granting.py",
    "services/log.py",
    "services/log_checkpoints.py",
    "services/log_since.py",
    "services/narrow.py",
    "services/notices.py",
    "services/people.py",
    "services/retention.py",
    "services/serving",
    "services/settings.py",
    "services/thresholds.py",
    "services/verify.py",
    "services/withdraw.py",
    "services/witnesses.py",
    "services/witnessing.py",
)
"""Code whose errors and remarks pages show: it speaks English, and pages translate it."""
_MET_BY_PEOPLE = (
    "interfaces/console/languages.py",
    "interfaces/console/templates/base.",
    "interfaces/console/templates/box_words.",
    "interfaces/console/templates/camera_words.",
    "interfaces/console/templates/enrol",
    "interfaces/console/templates/error.",
    "interfaces/console/templates/kiosk",
    "interfaces/console/templates/me",
    "interfaces/console/templates/notice_parts.",
    "interfaces/console/templates/person_link.",
    "interfaces/console/templates/signed_form.",
    "interfaces/person_page",
    "interfaces/speech.py",
)
"""Where a message stands that someone meets who is enrolled, or is asked to be."""


_FINDS_SENTENCES: Any = sentences  # Babel's stub names another order than it documents and takes


def messages() -> Catalog:
    """Every message, by where it stands."""
    found = Catalog(project="chiso", charset="utf-8")
    for place, message, context in sorted(_found(), key=lambda each: each[0]):
        if message:
            found.add(message, locations=[(place, 1)], context=context)
    return found


def catalogues() -> list[Path]:
    """The file of each language."""
    return sorted(LOCALES.glob("*/LC_MESSAGES/chiso.po"))


def is_met_by_people(message: Message) -> bool:
    """Whether someone meets this message who works nowhere here."""
    return any(place.startswith(_MET_BY_PEOPLE) for place, _ in message.locations)


def is_translated(message: Message) -> bool:
    """Whether a catalogue has words for a message."""
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    return bool(message.id) and all(texts)


def main(new: list[str]) -> None:
    """Write the list, begin the catalogues of these languages, and bring every one up to date."""
    found = messages()
    with LIST.open("wb") as file:
        write_po(file, found, width=100, sort_by_file=True, include_lineno=False, omit_header=True)
    for tag in new:
        path = LOCALES / tag / "LC_MESSAGES" / "chiso.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write(path, Catalog(locale=Locale.parse(tag, sep="-"), charset="utf-8"))
    for path in catalogues():
        _bring_up_to_date(path, found)


def _bring_up_to_date(path: Path, found: Catalog) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parent.parent.name.replace("-", "_"))
    catalogue.update(found, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    _write(path, catalogue)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    everything = [each for each in catalogue if each.id]
    people = [each for each in everything if is_met_by_people(each)]
    print(
        f"{path.parent.parent.name}: {sum(map(is_translated, everything))} of {len(everything)} "
        f"messages; of those that people meet, {sum(map(is_translated, people))} of {len(people)}."
    )


def _write(path: Path, catalogue: Catalog) -> None:
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, sort_by_file=True, include_lineno=False)


def _found() -> Iterator[tuple[str, str | tuple[str, ...], str | None]]:
    for place in ("interfaces/console", "interfaces/person_page"):
        for file, _, message, _, context in extract_from_dir(
            SOURCE / place, _TEMPLATES, _TEMPLATE_OPTIONS, _KEYWORDS
        ):
            yield f"{place}/{file}", message, context
    for path in _python(_MARKED):
        for _, message, _, context in extract_from_file("python", path, _KEYWORDS):
            yield path.relative_to(SOURCE).as_posix(), message, context
    for path in _python(_ENGLISH):
        for _, message, _, context in extract_from_file(_FINDS_SENTENCES, path):
            yield path.relative_to(SOURCE).as_posix(), message, context


def _python(places: tuple[str, ...]) -> Iterator[Path]:
    for place in places:
        path = SOURCE / place
        yield from [path] if path.suffix else sorted(path.rglob("*.py"))


if __name__ == "__main__":
    main(sys.argv[1:])
