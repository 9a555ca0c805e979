"""Makes a page of a template: in the reader's language, with the navigation of her role."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from fastapi import Request, status
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from chiso import __version__
from chiso.consent.retention import Period, period_text
from chiso.core.access import Actor, Role
from chiso.interfaces.console.languages import LANGUAGES, Language, language_of, translations
from chiso.interfaces.console.navigation import entries_for
from chiso.interfaces.console.static_files import static_path
from chiso.services.cards.listing import number_of

_PACKAGE = "chiso.interfaces.console"


def page(
    request: Request,
    template: str,
    caller: Actor | None = None,
    answer: int = status.HTTP_200_OK,
    **context: object,
) -> HTMLResponse:
    """A page as HTML. `caller` None: nobody is signed in, and there is no navigation.

    Besides `context` a template has `caller`, `controller`, `here` (the path), `language`,
    `languages`, `navigation`, `version`, the function `static(name)`, and the filters `day` and
    `moment` of an instant.
    """
    language = language_of(request)
    html = rendered(
        template,
        language,
        caller=caller,
        controller=request.app.state.service.home.controller,
        here=request.url.path,
        languages=LANGUAGES,
        navigation=entries_for(caller) if caller is not None else [],
        is_person=caller is not None and caller.role is Role.SUBJECT,
        version=__version__,
        **context,
    )
    return HTMLResponse(html, answer, {"Content-Language": language.code})


def rendered(template: str, language: Language, **context: object) -> str:
    """A template's HTML in this language, with nothing but `context` and `language`."""
    return _environment(language).get_template(template).render(language=language, **context)


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "templates"),
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
    environment.filters["period"] = period
    environment.filters["card_number"] = number_of
    return environment


def day(instant: datetime) -> str:
    """`2026-11-25`: written alike in every language."""
    return f"{instant:%Y-%m-%d}"


def period(length: Period | None) -> str:
    """A length of time as a form has it: `P1Y`; empty for none."""
    return "" if length is None else period_text(length)


def moment(instant: datetime) -> str:
    """`2026-11-25 08:30 UTC`."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"
