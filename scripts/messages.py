"""Brings the console's catalogues up to date with its sentences: `python scripts/messages.py`.

Reads what templates and `marked(…)` say, keeps what is translated, and compiles each catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

_CONSOLE = Path(__file__).parent.parent / "src/chiso/interfaces/console"
_HOW = [("**.html.j2", "jinja2.ext:babel_extract"), ("**.py", "python")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}
_OPTIONS = {"**.html.j2": {"newstyle_gettext": "true", "trim_blocks": "true"}}


def sentences() -> Catalog:
    """Everything that the console says, by where it says it first."""
    said = Catalog(project="chiso", charset="utf-8")
    for place, _, message, _, context in _found():
        if message:
            said.add(message, locations=[(place, 1)], context=context)
    return said


def catalogues() -> Iterator[Path]:
    """The file of each language."""
    yield from sorted(_CONSOLE.glob("locale/*/LC_MESSAGES/chiso.po"))


def main() -> None:
    """Write and compile every catalogue."""
    said = sentences()
    for path in catalogues():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.parent.parent.name)
        catalogue.update(said, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalogue, width=100, sort_by_file=True, include_lineno=False)
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
        done = sum(_is_translated(message) for message in catalogue)
        print(f"{catalogue.locale}: {done} of {len(catalogue)} sentences.")


def _is_translated(message: Message) -> bool:
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    return bool(message.id) and all(texts)


def _found() -> Iterator[tuple[str, int, str | tuple[str, ...], list[str], str | None]]:
    for found in extract_from_dir(
        _CONSOLE, _HOW, options_map=_OPTIONS, keywords=_KEYWORDS, strip_comment_tags=True
    ):
        yield found


if __name__ == "__main__":
    main()
