"""What an operator has typed while she enrols someone: read, checked, and carried along."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.datastructures import FormData, UploadFile

from chiso.core.consent import Mode
from chiso.core.errors import ChisoError, Code
from chiso.core.labels import label_from
from chiso.core.times import from_text
from chiso.interfaces.agreements import guardian_from, until
from chiso.services.enrol import Agreement

MOST_PURPOSES = 6
MOST_PHOTOS = 3
_MOST_DRAWN_CHARACTERS = 48_000
_PNG_BEGIN = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"
_SIGNED_AT_MOST_AGO = timedelta(days=1)
_CLOCK_SET_BACK_AT_MOST = timedelta(minutes=5)

_Line = Annotated[str, Field(max_length=200)]
_Digest = Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]
Way = Literal["", "typed", "drawn", "form"]


class Asked(BaseModel):
    """A purpose that a person is asked for, the notice she was shown, and what she ticked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: _Line
    notice_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    modes: tuple[Mode, ...] = ()
    until: Annotated[str, Field(max_length=40)] = ""


class Draft(BaseModel):
    """Everything but the photos. Pages carry it in their forms: nothing lies on the server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: _Line
    asked: Annotated[tuple[Asked, ...], Field(min_length=1, max_length=MOST_PURPOSES)]
    name: _Line = ""
    is_known: bool = False
    """Whether the operator said that she is the one who is enrolled by that name."""
    guardian: _Line = ""
    way: Way = ""
    """What shows that she agreed."""
    typed: _Line = ""
    drawn: Annotated[str, Field(max_length=_MOST_DRAWN_CHARACTERS)] = ""
    """A PNG, in base64."""
    form_name: _Line = ""
    form_sha256: _Digest = ""
    signed_at: Annotated[str, Field(max_length=20)] = ""

    @field_validator("asked")
    @classmethod
    def _each_once(cls, asked: tuple[Asked, ...]) -> tuple[Asked, ...]:
        if len({each.purpose for each in asked}) < len(asked):
            raise ValueError("a purpose is asked twice")
        return asked

    @property
    def agreed(self) -> tuple[Asked, ...]:
        """The purposes that she agreed to."""
        return tuple(each for each in self.asked if each.modes)

    @property
    def declined(self) -> tuple[Asked, ...]:
        """The purposes that she did not agree to."""
        return tuple(each for each in self.asked if not each.modes)


def draft_from(text: object) -> Draft:
    """The draft that a page carried. Raises BAD_ARGUMENT for anything else."""
    try:
        return Draft.model_validate_json(text if isinstance(text, str) else "")
    except ValidationError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "What this page carried cannot be read.",
            "Begin again with Enrol; nothing was kept.",
        ) from error


async def draft_in(form: FormData, before: Draft, most_bytes: int) -> Draft:
    """What was typed on the page of the agreement; a signed form that was attached before stays."""

    def text(name: str) -> str:
        value = form.get(name)
        return value.strip() if isinstance(value, str) else ""

    asked = tuple(
        Asked(
            purpose=each.purpose,
            notice_sha256=each.notice_sha256,
            modes=tuple(mode for mode in Mode if mode.value in form.getlist(f"mode-{place}")),
            until=text(f"until-{place}")[:40],
        )
        for place, each in enumerate(before.asked)
    )
    attached = form.get("form")
    changed: dict[str, object] = {}
    if isinstance(attached, UploadFile) and attached.filename:
        content = await attached.read(most_bytes + 1)
        if 0 < len(content) <= most_bytes:
            changed["form_name"] = attached.filename[-200:]
            changed["form_sha256"] = hashlib.sha256(content).hexdigest()
    way = text("way")
    typed_fields = {
        "asked": asked,
        "name": text("name")[:200],
        "is_known": bool(text("known")),
        "guardian": text("guardian")[:200],
        "way": way if way in ("typed", "drawn", "form") else "",
        "typed": text("typed")[:200],
        "drawn": text("drawn")[:_MOST_DRAWN_CHARACTERS],
        "signed_at": "",
    }
    return before.model_copy(update=typed_fields | changed)


def require_room_for_form(form: FormData, most_bytes: int) -> None:
    """Raise BAD_ARGUMENT where the signed form that was attached is too large to be read."""
    attached = form.get("form")
    if isinstance(attached, UploadFile) and (attached.size or 0) > most_bytes:
        raise _missing(
            f"The signed form has more than {most_bytes // 2**20} MiB.",
            "Scan it with fewer dots, or photograph it; what was typed is still here.",
        )


def require_complete(draft: Draft) -> None:
    """Raise BAD_ARGUMENT where something is missing without which nobody is enrolled."""
    label_from(draft.name, "name")
    if draft.guardian:
        guardian_from(draft.guardian)
    if not draft.agreed:
        raise _missing(
            "No box is ticked: nothing was agreed to.",
            "Tick what she agrees to. If she agrees to nothing, choose “She says no”.",
        )
    if draft.way == "typed" and draft.typed:
        label_from(draft.typed, "signature")
    elif draft.way == "drawn" and draft.drawn:
        if not _is_png(draft.drawn):
            raise _missing("The signature cannot be read.", "Draw it again, or type the name.")
    elif draft.way != "form" or not draft.form_sha256:
        raise _missing(
            "Nothing shows that she agreed.",
            "Let her type her name, draw her signature, or attach the form that she signed.",
        )


def require_signed(draft: Draft, now: datetime) -> None:
    """Raise BAD_ARGUMENT unless the draft says that it was signed within the last day.

    The server wrote that when what was agreed was checked; a page may come back with anything.
    """
    try:
        is_today = (
            now - _SIGNED_AT_MOST_AGO <= from_text(draft.signed_at) <= now + _CLOCK_SET_BACK_AT_MOST
        )
    except ValueError:
        is_today = False
    if not is_today:
        raise _missing(
            "What this page carried does not say that she signed it within the last day.",
            "Change what was agreed, and have her sign it again.",
        )


def agreements_of(draft: Draft, evidence_sha256: str) -> list[Agreement]:
    """One agreement for each purpose that she agreed to. Raises BAD_ARGUMENT for no date."""
    return [
        Agreement(
            subject=draft.name,
            purpose=each.purpose,
            modes=frozenset(each.modes),
            expires=until(each.until) if each.until else None,
            evidence_sha256=evidence_sha256,
            notice_sha256=each.notice_sha256,
            guardian=guardian_from(draft.guardian) if draft.guardian else None,
            language=draft.language,
        )
        for each in draft.agreed
    ]


def _is_png(text: str) -> bool:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return content.startswith(_PNG_BEGIN) and content.endswith(_PNG_END)


def _missing(message: str, hint: str) -> ChisoError:
    return ChisoError(Code.BAD_ARGUMENT, message, hint)
