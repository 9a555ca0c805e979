"""The notices that people are given before they agree: one a purpose and language, as Markdown."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from chiso.core.canonical import canonical_json
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.storage import ReadTransaction
from chiso.services.home import Home
from chiso.services.log import record

MOST_CHARACTERS = 15_000
_SETTING = "notices"
_TEXT = "notice:"
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it is kept. `sha256`: of its text in UTF-8, as receipts name it."""

    purpose: str
    language: str
    sha256: str


def notices(home: Home) -> list[Notice]:
    """Every notice in use, by purpose and language."""
    with home.store.reading() as view:
        return _in_use(view)


def notice_text(home: Home, sha256: str) -> str | None:
    """The text with this digest, in use or shown once; None where this home never kept it.

    Raises STORE_DAMAGED where the text is no longer the one it was.
    """
    if not _DIGEST.fullmatch(sha256):
        return None
    with home.store.reading() as view:
        text = view.setting(_TEXT + sha256)
    if text is not None and digest_of(text) != sha256:
        raise ChisoError(
            Code.STORE_DAMAGED,
            f"The notice {sha256} is not the text that it was.",
            "It was changed outside Chiso. Keep a copy of the home, and restore it from a backup.",
        )
    return text


def save_notice(home: Home, purpose: str, language: str, text: str) -> Notice:
    """Give this text to people from now on, who are asked for this purpose in this language.

    The texts before stay readable, since receipts name them. Raises BAD_ARGUMENT for no text.
    """
    text = text.replace("\r\n", "\n").strip() + "\n"
    notice = Notice(label_from(purpose, "purpose"), language, digest_of(text))
    if not text.strip() or len(text) > MOST_CHARACTERS:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"A notice has 1 to {MOST_CHARACTERS:,} characters; this one has {len(text) - 1:,}.",
            "Say who keeps what, what for, for how long, and how one ends it.",
        )
    with home.store.writing() as transaction:
        kept = {(each.purpose, each.language): each for each in _in_use(transaction)}
        if kept.get((notice.purpose, language)) == notice:
            return notice
        kept[notice.purpose, language] = notice
        value = canonical_json(
            [
                {"purpose": each.purpose, "language": each.language, "sha256": each.sha256}
                for _, each in sorted(kept.items())
            ]
        ).decode()
        transaction.put_setting(_TEXT + notice.sha256, text)
        transaction.put_setting(_SETTING, value)
        facts = {"setting": _SETTING, "value": value}
        event = Event(EventType.SETTINGS_CHANGED, home.clock.now(), None, facts)
        record(home, transaction, [event])
    return notice


def keep_shown(home: Home, text: str) -> None:
    """Keep a text that a receipt is about to name, so that it can be read later."""
    name = _TEXT + digest_of(text)
    with home.store.reading() as view:
        is_kept = view.setting(name) is not None
    if not is_kept:
        with home.store.writing() as transaction:
            transaction.put_setting(name, text)


def digest_of(text: str) -> str:
    """Lower-case hex SHA-256 of a notice, as receipts name it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _in_use(view: ReadTransaction) -> list[Notice]:
    kept = view.setting(_SETTING)
    if kept is None:
        return []
    try:
        rows = json.loads(kept)
        return [Notice(row["purpose"], row["language"], row["sha256"]) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise ChisoError(
            Code.STORE_DAMAGED,
            f"The store's list of notices cannot be read: {error}.",
            "It was changed outside Chiso. Keep a copy of the home, and restore it from a backup.",
        ) from error
