"""The form that a person signed on the screen: a page of its own, whose SHA-256 is her evidence."""

from __future__ import annotations

import hashlib

from markupsafe import Markup

from chiso.core.consent import Mode
from chiso.interfaces.console.enrol_form import Draft
from chiso.interfaces.console.languages import language_called
from chiso.interfaces.console.markdown import html_of
from chiso.interfaces.console.pages import rendered
from chiso.services.home import Home
from chiso.services.notices import notice_text


def signed_form(home: Home, draft: Draft) -> bytes:
    """The form as a file of HTML, the same bytes for the same draft: notices, boxes, signature."""
    texts = {each.notice_sha256: notice_text(home, each.notice_sha256) for each in draft.asked}
    return rendered(
        "signed_form.html.j2",
        language_called(draft.language),
        controller=home.controller,
        draft=draft,
        words=box_words,
        notices={digest: html_of(text, top=3) for digest, text in texts.items() if text},
    ).encode()


def box_words(mode: Mode, language: str) -> Markup:
    """What a person agrees to with a box, in her language where the console speaks it."""
    return Markup(rendered("box_words.html.j2", language_called(language), mode=mode))  # noqa: S704 - ours


def evidence_of(home: Home, draft: Draft) -> str:
    """The SHA-256 that the receipt carries: of the attached form, else of the one on the screen."""
    if draft.way == "form":
        return draft.form_sha256
    return hashlib.sha256(signed_form(home, draft)).hexdigest()
