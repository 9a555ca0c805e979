"""Notices in the settings: which there are, writing one, and the templates to start from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, status
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from markupsafe import Markup

from chiso.core.access import Action, Actor, Resource
from chiso.core.errors import ChisoError, Code
from chiso.core.labels import label_from
from chiso.interfaces.agreements import language_from
from chiso.interfaces.console.languages import LANGUAGES
from chiso.interfaces.console.markdown import html_of
from chiso.interfaces.console.pages import page
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services import notices, retention
from chiso.services.home import Home
from chiso.services.people import not_found

router = APIRouter(prefix="/settings/notices")

Reader = Annotated[Actor, Depends(allowed(Action.READ, Resource.SETTINGS))]
Settler = Annotated[Actor, Depends(allowed(Action.CREATE, Resource.SETTINGS))]
Field = Annotated[str, Form(max_length=2 * notices.MOST_CHARACTERS)]

UNCHECKED = frozenset({"sn"})
"""Languages whose template no native speaker has checked yet."""


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice as a person is given it. `is_template`: the operator has not written her own."""

    purpose: str
    language: str
    text: str
    is_template: bool

    @property
    def sha256(self) -> str:
        """What a receipt says of it."""
        return notices.digest_of(self.text)

    @property
    def is_unchecked(self) -> bool:
        """Whether no native speaker has checked its words."""
        return self.is_template and self.language in UNCHECKED

    @property
    def html(self) -> Markup:
        """It, as a part of a page, below that page's own heading."""
        return html_of(self.text)


def shown_notice(home: Home, purpose: str, language: str) -> ShownNotice:
    """The operator's notice, else the template. Raises BAD_ARGUMENT where there is neither."""
    for each in notices.notices(home):
        if (each.purpose, each.language) == (purpose, language):
            text = notices.notice_text(home, each.sha256)
            if text is not None:
                return ShownNotice(purpose, language, text, is_template=False)
    template = _template(language)
    if template is None:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"There is no notice about {purpose!r} in {language}.",
            "Choose another language, or have an administrator write it: Settings, Notices.",
        )
    text = template.replace("[PURPOSE]", purpose).replace("[CONTROLLER]", home.controller)
    return ShownNotice(purpose, language, text, is_template=True)


def notice_languages(home: Home) -> dict[str, str]:
    """Languages that a person may be asked in, by their tag: those with a template come first."""
    known = {each.code: each.name for each in LANGUAGES if _template(each.code) is not None}
    written = {each.language for each in notices.notices(home)}
    return known | {tag: tag for tag in sorted(written - set(known))}


@router.get("")
async def listed(request: Request, service: ServiceHere, caller: Reader) -> Response:
    """Every purpose, and in which languages there is a notice about it."""
    home, run = service.home, service.desk.run
    written = await run(partial(notices.notices, home))
    purposes = {each.rule.purpose for each in await run(partial(retention.purposes, home))}
    return page(
        request,
        "notices.html.j2",
        caller,
        written=written,
        purposes=sorted(purposes | {each.purpose for each in written}),
        languages_here=await run(partial(notice_languages, home)),
    )


@router.get("/write")
async def write(
    request: Request, service: ServiceHere, caller: Settler, purpose: str, language: str
) -> Response:
    """The form that writes a notice; it starts from the one in use, or from the template."""
    purpose, language = label_from(purpose, "purpose"), language_from(language)
    try:
        work = partial(shown_notice, service.home, purpose, language)
        start = await service.desk.run(work)
    except ChisoError as error:
        if error.code is not Code.BAD_ARGUMENT:
            raise
        start = ShownNotice(purpose, language, "", is_template=False)
    return page(request, "notice_write.html.j2", caller, notice=start, problem=None)


@router.post("")
async def save(
    request: Request,
    service: ServiceHere,
    caller: Settler,
    purpose: Field,
    language: Field,
    text: Field = "",
    look: Field = "",
) -> Response:
    """Use a notice from now on; with `look`, only show how it would be read."""
    draft = ShownNotice(label_from(purpose, "purpose"), language_from(language), text, False)
    if look:
        return page(request, "notice_write.html.j2", caller, notice=draft, problem=None)
    home = service.home_for(caller)
    try:
        work = partial(notices.save_notice, home, draft.purpose, draft.language, draft.text)
        await service.desk.run(work)
    except ChisoError as error:
        if error.code is not Code.BAD_ARGUMENT:
            raise
        answer = status.HTTP_400_BAD_REQUEST
        return page(request, "notice_write.html.j2", caller, answer, notice=draft, problem=error)
    return RedirectResponse("/settings/notices", status.HTTP_303_SEE_OTHER)


@router.get("/text/{sha256}")
async def text_of(
    service: ServiceHere,
    sha256: str,
    _: Annotated[Actor, Depends(allowed(Action.READ, Resource.RECEIPTS))],
) -> Response:
    """The text that a receipt names by its digest, byte for byte."""
    text = await service.desk.run(partial(notices.notice_text, service.home, sha256))
    if text is None:
        raise not_found("notice")
    return PlainTextResponse(text)


@cache
def _template(language: str) -> str | None:
    if language not in {each.code for each in LANGUAGES}:
        return None  # never a path that somebody else wrote
    file = files(__package__ or "").joinpath(f"notice_templates/{language}.md")
    return file.read_text(encoding="utf-8") if file.is_file() else None
