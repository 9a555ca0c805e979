"""The languages of the console: which there are, how far each is, and which a reader wants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from chiso.interfaces.speech import ENGLISH, Speech, marked

router = APIRouter()

_COOKIE = "chiso-language"
_A_YEAR_S = 365 * 24 * 3600
_LOCALES = files(__package__ or "").joinpath("locale")
_NAME = marked("English")
"""Translated by the language's own name."""
_NOTE = marked("Nobody who speaks this language has read this translation yet.")
"""Left untranslated where somebody has."""
_SORRY = marked("This page is not in this language yet.")


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the console: what it is called, and what is said of it, all in itself."""

    code: str
    name: str
    note: str
    """What its readers should know; empty for nothing."""
    sorry: str
    """What they are told on a page that is in English still."""


@cache
def translations(code: str) -> Speech:
    """What says the console's sentences in a language; in English where it has no words yet."""
    catalogue = _LOCALES.joinpath(code, "LC_MESSAGES", "chiso.mo")
    if not catalogue.is_file():
        return ENGLISH
    with catalogue.open("rb") as file:
        return GNUTranslations(file)


def _language(code: str) -> Language:
    speech = translations(code)
    note = speech.gettext(_NOTE)
    return Language(
        code, speech.gettext(_NAME), "" if note == _NOTE else note, speech.gettext(_SORRY)
    )


def languages() -> tuple[Language, ...]:
    """English, and whatever there is a catalogue of."""
    tags = sorted(each.name for each in _LOCALES.iterdir() if each.is_dir())
    return (Language("en", _NAME, "", ""), *map(_language, tags))


LANGUAGES = languages()
_CODES = {each.code.lower(): each for each in LANGUAGES}


def language_of(request: Request) -> Language:
    """The language that a reader chose here, else the one her browser would rather have."""
    chosen = _CODES.get(request.cookies.get(_COOKIE, "").lower())
    return chosen or _asked_for(request.headers.get("accept-language", "")) or LANGUAGES[0]


def language_called(tag: str) -> Language:
    """The language of this tag, else English."""
    return _CODES.get(tag.lower(), LANGUAGES[0])


@router.get("/language/{code}")
async def choose(code: str, back: str = "/") -> Response:
    """Let this browser see the console in this language from now on."""
    answer = RedirectResponse(local_path(back), 303)
    if code.lower() in _CODES:
        answer.set_cookie(_COOKIE, code, _A_YEAR_S, httponly=True, samesite="strict")
    return answer


def local_path(text: str) -> str:
    """`text` if it is a path on this host, else the home page: no link leads elsewhere."""
    is_local = text.startswith("/") and not text.startswith("//")
    return text if is_local and "\\" not in text and text.isprintable() else "/"


def _asked_for(header: str) -> Language | None:
    """The best of an Accept-Language header (RFC 9110 §12.5.4): by weight, then as they stand."""
    asked: list[tuple[float, Language]] = []
    for part in header.split(","):
        tag, _, weight = part.partition(";")
        known = _known(tag.strip().lower())
        if known is not None and (rank := _weight(weight)) > 0:
            asked.append((rank, known))
    return max(asked, key=lambda each: each[0])[1] if asked else None


def _known(tag: str) -> Language | None:
    """The language of `sn-ZW`: that very one, else `sn` (RFC 4647 §3.4)."""
    while tag:
        if tag in _CODES:
            return _CODES[tag]
        tag = tag.rpartition("-")[0]
    return None


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
