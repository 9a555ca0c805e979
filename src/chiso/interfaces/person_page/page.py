"""Makes a person's own page from the documents of her export: it says what they say, no more."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chiso import __version__
from chiso.core.events import EventType
from chiso.core.times import from_text
from chiso.interfaces.person_page import words
from chiso.interfaces.speech import ENGLISH, Speech, day_text

_PACKAGE = "chiso.interfaces.person_page"
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Agreement:
    """One receipt as the page shows it."""

    purpose: str
    modes: tuple[str, ...]
    since: str
    changed: str
    """The day on which she agreed to less; empty where she did not."""
    until: str
    """The day on which it is over, or was."""
    agreed_until: str
    """The day that she agreed to, where a rule of the controller ends it earlier; else empty."""
    erased: str
    """The day on which what rested on it was erased; empty where it was not."""
    state: str
    is_in_force: bool
    is_over: bool
    references: int
    guardian: str | None
    withdrawal: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """References that were made on one day, under one receipt, with one model."""

    count: int
    since: str
    purpose: str
    model: str
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One leaf of the log."""

    seq: int
    day: str
    time: str
    what: str
    purpose: str
    asker: str
    """Empty where nobody asks: agreeing, enrolling, withdrawing."""
    station: str
    """Where it was asked; empty where it was at no station."""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the template reads."""

    version: str
    controller: str
    subject: str
    made: str
    agreements: tuple[Agreement, ...]
    in_force: int
    references: int
    numbers: tuple[Numbers, ...]
    entries: tuple[Entry, ...]
    hers_alone: int
    """Entries that are not here, since not she asked for this copy."""
    origin: str
    public_key: str
    size: int


def render(
    documents: Mapping[str, bytes],
    controller: str,
    subject: str,
    made: datetime,
    language: tuple[str, Speech] = ("en", ENGLISH),
) -> str:
    """The page as HTML. It holds no script, and its own policy forbids it to load anything.

    `documents`: `receipts.json`, `references.json` and `log.json` of an export. `made`: when.
    `language`: its tag, and its words.
    """
    tag, speech = language
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        speech.gettext, speech.ngettext, newstyle=True
    )
    style = files(_PACKAGE).joinpath("page.css").read_text(encoding="utf-8")
    return environment.get_template("page.html.j2").render(
        language=tag,
        page=page_of(documents, controller, subject, day_text(made, speech), speech),
        style=Markup(style),  # noqa: S704 - the package's own file
        style_digest=b64encode(sha256(style.encode()).digest()).decode(),
    )


def page_of(
    documents: Mapping[str, bytes],
    controller: str,
    subject: str,
    made: str,
    speech: Speech = ENGLISH,
) -> Page:
    """What the page shows, in this language."""
    receipts = json.loads(documents["receipts.json"])
    references = json.loads(documents["references.json"])
    log = json.loads(documents["log.json"])
    agreements = tuple(_agreement(each, references, speech) for each in receipts)
    purposes = {each.receipt: each.purpose for each in agreements}
    endings = _endings(receipts)
    entries = tuple(_entry(each, purposes, endings, speech) for each in log["leaves"])
    return Page(
        version=__version__,
        controller=controller,
        subject=subject,
        made=made,
        agreements=agreements,
        in_force=sum(each.is_in_force for each in agreements),
        references=len(references),
        numbers=_numbers(references, purposes, speech),
        entries=entries,
        hers_alone=log["hers_alone"],
        origin=log["origin"],
        public_key=log["public_key"],
        size=int(log["leaves"][-1]["checkpoint"].split("\n")[1]),
    )


def _agreement(
    document: Mapping[str, Any], references: Sequence[Mapping[str, Any]], speech: Speech
) -> Agreement:
    receipt, state, erased = document["receipt"], document["state"], document["withdrawn"]
    processing, own = receipt["processing"], receipt["header"]["receipt_id"]
    issued = receipt["header"]["issued"]
    # A rule that was unset since would have let it last longer than it did.
    ends = min(document["ends"], erased or document["ends"], key=from_text)
    is_shortened = erased is None and from_text(ends) < from_text(processing["expires"])
    return Agreement(
        purpose=processing["purpose"],
        modes=tuple(words.mode(each, speech) for each in processing["modes"]),
        since=_day(processing["granted"], speech),
        changed="" if issued == processing["granted"] else _day(issued, speech),
        until=_day(ends, speech),
        agreed_until=_day(processing["expires"], speech) if is_shortened else "",
        erased=_day(erased, speech) if erased else "",
        state=words.state(state, is_erased=erased is not None, speech=speech),
        is_in_force=state == "in force",
        is_over=state not in ("in force", "not begun"),
        references=sum(each["receipt"] == own for each in references),
        guardian=receipt["parties"]["guardian"],
        withdrawal=receipt["withdrawal"],
        receipt=own,
    )


def _endings(receipts: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """What the agreements were for that ended at a time: a leaf of the log does not say which."""
    ended: dict[str, list[str]] = {}
    for each in receipts:
        if each["withdrawn"] is not None:
            ended.setdefault(each["withdrawn"], []).append(each["receipt"]["processing"]["purpose"])
    return {at: ", ".join(purposes) for at, purposes in ended.items()}


def _numbers(
    references: Sequence[Mapping[str, Any]], purposes: Mapping[str, str], speech: Speech
) -> tuple[Numbers, ...]:
    alike: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for each in references:
        key = (_day(each["added"], speech), purposes[each["receipt"]], each["model"])
        alike.setdefault(key, []).append(each)
    return tuple(
        Numbers(
            len(group), day, purpose, model[:_SHORT], sum(each["stored_bytes"] for each in group)
        )
        for (day, purpose, model), group in sorted(alike.items())
    )


def _entry(
    leaf: Mapping[str, Any],
    purposes: Mapping[str, str],
    endings: Mapping[str, str],
    speech: Speech,
) -> Entry:
    said = json.loads(leaf["payload"])
    purpose = said.get("purpose") or purposes.get(said.get("receipt", ""), "")
    if said.get("type") == EventType.RECEIPT_WITHDRAWN:
        purpose = purpose or endings.get(said["at"], "")
    at = from_text(said["at"])
    return Entry(
        seq=leaf["seq"],
        day=_day(said["at"], speech),
        time=f"{at:%H:%M} UTC",
        what=words.what_happened(said, speech),
        purpose=purpose,
        asker=words.asker(said, speech),
        station=words.place(said),
    )


def _day(text: str, speech: Speech) -> str:
    return day_text(from_text(text), speech)
