"""Makes a page of a template: in the reader's language, with the navigation of her role."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial

from fastapi import Request, status
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chiso import __version__
from chiso.consent.retention import Period, period_text
from chiso.core.access import Actor, Role
from chiso.core.times import from_text
from chiso.interfaces.console.languages import LANGUAGES, Language, language_of, translations
from chiso.interfaces.console.navigation import entries_for
from chiso.interfaces.console.static_files import static_path
from chiso.interfaces.speech import Speech, length_of_time, told
from chiso.services.cards.listing import number_of

_LOADER = PackageLoader("chiso.interfaces.console", "templates")


def page(
    request: Request,
    template: str,
    caller: Actor | None = None,
    answer: int = status.HTTP_200_OK,
    **context: object,
) -> HTMLResponse:
    """A page as HTML. `caller` None: nobody is signed in, and there is no navigation.

    Besides `context` a template has `again` (where this page is asked for in another language;
    None where a form led here, and no link leads back),
    `caller`, `controller`, `here` (the path), `language`, `languages`, `navigation`, `version`,
    `wanted` (the language that was asked for), the function `static(name)`, the filters `day` and
    `moment` of an instant, and `told` of what code says in English.

    A page that is hardly translated is in English: half a language is harder to read than none.
    """
    wanted = language_of(request)
    language = wanted if is_spoken(template, wanted) else LANGUAGES[0]
    html = rendered(
        template,
        language,
        caller=caller,
        controller=request.app.state.service.home.controller,
        here=request.url.path,
        again=_again(request),
        languages=LANGUAGES,
        navigation=entries_for(caller) if caller is not None else [],
        is_person=caller is not None and caller.role is Role.SUBJECT,
        version=__version__,
        wanted=wanted,
        **context,
    )
    return HTMLResponse(html, answer, {"Content-Language": language.code})


def rendered(template: str, language: Language, **context: object) -> str:
    """A template's HTML in this language, with nothing but `context` and `language`."""
    return environment_of(language).get_template(template).render(language=language, **context)


def part_in(wanted: Language, template: str, **context: object) -> Markup:
    """A part of a page in another language than the page, or in English where it has no words."""
    language = wanted if is_spoken(template, wanted) else LANGUAGES[0]
    inside = Markup(rendered(template, language, **context))  # noqa: S704 - escaped by the template
    return Markup('<div lang="{}">{}</div>').format(language.code, inside)


@cache
def environment_of(language: Language) -> Environment:
    """What makes pages of templates, in this language."""
    environment = Environment(
        loader=_LOADER,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(language.code)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext, catalogue.ngettext, newstyle=True
    )
    environment.globals["static"] = static_path
    environment.filters["day"] = day
    environment.filters["moment"] = moment
    environment.filters["written_moment"] = written_moment
    environment.filters["period"] = period
    environment.filters["length_of_time"] = partial(length_of_time, catalogue)
    environment.filters["card_number"] = number_of
    environment.filters["told"] = partial(told, catalogue)
    return environment


@cache
def is_spoken(template: str, language: Language) -> bool:
    """Whether most of what this template says is translated."""
    environment = environment_of(language)
    source, _, _ = _LOADER.get_source(environment, template)
    found = environment.extract_translations(source)  # type: ignore[attr-defined]
    said = [each for _, _, message in found if (each := _first(message))]
    speech = translations(language.code)
    known = sum(_has(speech, each) for each in said)
    return language is LANGUAGES[0] or known * 2 > len(said)


def _has(speech: Speech, text: str) -> bool:
    return speech.gettext(text) != text or speech.ngettext(text, text, 1) != text


def _first(message: str | Sequence[str | None] | None) -> str | None:
    """A message as catalogues list it: of singular and plural, the singular; no variable's."""
    return message if isinstance(message, str) or message is None else message[0]


def _again(request: Request) -> str | None:
    if request.method != "GET":
        return None
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def day(instant: datetime) -> str:
    """`2026-11-25`: written alike in every language."""
    return f"{instant:%Y-%m-%d}"


def written_moment(text: str) -> str:
    """As `moment`, of an instant as documents write it."""
    return moment(from_text(text))


def period(length: Period | None) -> str:
    """A length of time as a form has it: `P1Y`; empty for none."""
    return "" if length is None else period_text(length)


def moment(instant: datetime) -> str:
    """`2026-11-25 08:30 UTC`."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"
