"""The languages of the console: which there are, how far each is, and which a reader wants."""

from __future__ import annotations

import gettext
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

router = APIRouter()

_COOKIE = "chiso-language"
_A_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the console. `note`: how far its translation is, in that language."""

    code: str
    name: str
    note: str


LANGUAGES = (
    Language("en", "English", ""),
    Language("sn", "chiShona", "kushandurirwa kwatangwa (begun, not yet reviewed)"),
)
_CODES = {each.code: each for each in LANGUAGES}


def language_of(request: Request) -> Language:
    """The language that a reader chose here, else the first that her browser asks for."""
    chosen = _CODES.get(request.cookies.get(_COOKIE, ""))
    if chosen is not None:
        return chosen
    for part in request.headers.get("accept-language", "").split(","):
        asked = part.partition(";")[0].strip().partition("-")[0].lower()
        if asked in _CODES:
            return _CODES[asked]
    return LANGUAGES[0]


@cache
def translations(code: str) -> gettext.NullTranslations:
    """What says the console's sentences in a language; in English where it has no words yet."""
    catalogue = files(__package__ or "").joinpath(f"locale/{code}/LC_MESSAGES/chiso.mo")
    if not catalogue.is_file():
        return gettext.NullTranslations()
    with catalogue.open("rb") as file:
        return gettext.GNUTranslations(file)


@router.get("/language/{code}")
async def choose(code: str, back: str = "/") -> Response:
    """Let this browser see the console in this language from now on."""
    answer = RedirectResponse(local_path(back), 303)
    if code in _CODES:
        answer.set_cookie(_COOKIE, code, _A_YEAR_S, httponly=True, samesite="strict")
    return answer


def local_path(text: str) -> str:
    """`text` if it is a path on this host, else the home page: no link leads elsewhere."""
    is_local = text.startswith("/") and not text.startswith("//")
    return text if is_local and "\\" not in text and text.isprintable() else "/"
