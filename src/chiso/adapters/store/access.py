"""Every query about who may use a home: keys, accounts, sessions, links, cards, kept answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chiso.adapters.store.rows import blob, damaged
from chiso.adapters.store.schema import (
    accounts,
    api_keys,
    cards,
    invitations,
    kept_answers,
    person_links,
    sessions,
)
from chiso.core.access import (
    Account,
    ApiKey,
    Invitation,
    IssuedCard,
    KeptAnswer,
    PersonLink,
    Role,
    Scope,
    Session,
)
from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.times import from_epoch_s, to_epoch_s

_TAMPERED = (ValueError, TypeError, OverflowError, OSError)


class AccessQueries:
    """Implements `chiso.core.access_storage.AccessWriting` on one open connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def upsert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that may say what to do where the row is there: each database has its own."""
        is_sqlite = self._connection.dialect.name == "sqlite"
        return sqlite.insert(table) if is_sqlite else postgresql.insert(table)

    def api_keys(self) -> list[ApiKey]:
        """Every key of the API, revoked ones too, by name."""
        query = select(api_keys).order_by(api_keys.c.name, api_keys.c.created, api_keys.c.id)
        return [_api_key(row) for row in self._connection.execute(query)]

    def api_key(self, secret_sha256: bytes) -> ApiKey | None:
        """The key with this secret."""
        row = self._one(api_keys, secret_sha256=secret_sha256)
        return None if row is None else _api_key(row)

    def accounts(self) -> list[Account]:
        """Every account, by name."""
        rows = self._connection.execute(select(accounts).order_by(accounts.c.name))
        return [_account(row) for row in rows]

    def account(self, account_id: str) -> Account | None:
        """The account of that id."""
        row = self._one(accounts, id=account_id)
        return None if row is None else _account(row)

    def session(self, token_sha256: bytes) -> Session | None:
        """The session with this token, whether or not it is over."""
        row = self._one(sessions, token_sha256=token_sha256)
        if row is None:
            return None
        return Session(
            blob(row.token_sha256),
            row.account_id,
            row.subject_id,
            row.key_id,
            _instant(row.created),
            _instant(row.expires),
        )

    def invitation(self, token_sha256: bytes) -> Invitation | None:
        """The invitation with this token, whether or not it is over."""
        row = self._one(invitations, token_sha256=token_sha256)
        if row is None:
            return None
        token, expires = blob(row.token_sha256), _instant(row.expires)
        return Invitation(token, _role(row.role), expires, row.invited_by)

    def person_link(self, token_sha256: bytes) -> PersonLink | None:
        """The link with this token."""
        row = self._one(person_links, token_sha256=token_sha256)
        if row is None:
            return None
        owner = SubjectId(row.subject_id)
        return PersonLink(blob(row.token_sha256), owner, _instant(row.created))

    def cards(self, subject_id: SubjectId | None = None) -> list[IssuedCard]:
        """Cards of one person, or all, oldest first."""
        query = select(cards).order_by(cards.c.issued, cards.c.id)
        if subject_id is not None:
            query = query.where(cards.c.subject_id == subject_id)
        return [_card(row) for row in self._connection.execute(query)]

    def card(self, card_id: str) -> IssuedCard | None:
        """The card of that id."""
        row = self._one(cards, id=card_id)
        return None if row is None else _card(row)

    def kept_answer(self, actor: str, key: str) -> KeptAnswer | None:
        """What this caller was answered to the call with that idempotency key."""
        row = self._one(kept_answers, actor=actor, key=key)
        if row is None:
            return None
        return KeptAnswer(
            row.actor,
            row.key,
            blob(row.request_sha256),
            row.status,
            blob(row.body),
            _instant(row.at),
            row.subject_id,
        )

    def put_api_key(self, key: ApiKey) -> None:
        """Keep a key."""
        purposes = None if key.purposes is None else json.dumps(sorted(key.purposes))
        scopes = ",".join(sorted(key.scopes))
        values = _values(key, "key_id") | {"purposes": purposes, "scopes": scopes}
        self._put(api_keys, values, "id")

    def put_account(self, account: Account) -> None:
        """Keep an account."""
        self._put(accounts, _values(account, "account_id"), "id")

    def put_session(self, session: Session) -> None:
        """Keep a session."""
        self._put(sessions, _values(session), "token_sha256")

    def remove_session(self, token_sha256: bytes) -> None:
        """Forget a session."""
        self._connection.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256))

    def remove_sessions_of(
        self, *, account_id: str | None = None, key_id: str | None = None
    ) -> None:
        """Forget every session of an account, or of a station's key."""
        for column, whose in ((sessions.c.account_id, account_id), (sessions.c.key_id, key_id)):
            if whose is not None:
                self._connection.execute(delete(sessions).where(column == whose))

    def put_invitation(self, invitation: Invitation) -> None:
        """Keep an invitation."""
        self._put(invitations, _values(invitation), "token_sha256")

    def remove_invitation(self, token_sha256: bytes) -> None:
        """Forget an invitation."""
        same = invitations.c.token_sha256 == token_sha256
        self._connection.execute(delete(invitations).where(same))

    def put_person_link(self, link: PersonLink) -> None:
        """Keep a person's link."""
        self._put(person_links, _values(link), "token_sha256")

    def remove_person_links(self, subject_id: SubjectId) -> int:
        """Forget every link of a person; returns how many there were."""
        hers = person_links.c.subject_id == subject_id
        return self._connection.execute(delete(person_links).where(hers)).rowcount

    def put_card(self, card: IssuedCard) -> None:
        """Keep what is known of a card."""
        self._put(cards, _values(card, "card_id"), "id")

    def put_kept_answer(self, answer: KeptAnswer) -> None:
        """Keep an answer."""
        self._put(kept_answers, _values(answer), "actor", "key")

    def forget_ended(self, now: datetime, answers_before: datetime) -> None:
        """Forget sessions and invitations that are over, and answers from before that moment."""
        ended, old = to_epoch_s(now), to_epoch_s(answers_before)
        for gone in (
            delete(sessions).where(sessions.c.expires <= ended),
            delete(invitations).where(invitations.c.expires <= ended),
            delete(kept_answers).where(kept_answers.c.at < old),
        ):
            self._connection.execute(gone)

    def erase_access(self, subject_id: SubjectId) -> None:
        """Delete a person's sessions, links and kept answers, and take her name off her cards."""
        for table in (sessions, person_links, kept_answers):
            self._connection.execute(delete(table).where(table.c.subject_id == subject_id))
        hers = cards.c.subject_id == subject_id
        self._connection.execute(update(cards).where(hers).values(subject_id=None))

    def _one(self, table: Table, **values: object) -> Any:
        query = select(table)
        for name, value in values.items():
            query = query.where(table.c[name] == value)
        return self._connection.execute(query).one_or_none()

    def _put(self, table: Table, values: Mapping[str, object], *identity: str) -> None:
        same = [table.c[name] == values[name] for name in identity]
        if not self._connection.execute(update(table).where(*same), dict(values)).rowcount:
            self._connection.execute(insert(table), dict(values))


def _values(record: Any, identity: str | None = None) -> dict[str, object]:
    """Columns of a record: times as seconds, and its own id under `id`."""
    return {
        "id" if name == identity else name: to_epoch_s(value)
        if isinstance(value, datetime)
        else value
        for name, value in asdict(record).items()
    }


def _api_key(row: Any) -> ApiKey:
    try:
        purposes = None if row.purposes is None else frozenset(map(str, json.loads(row.purposes)))
        scopes = frozenset(Scope(name) for name in row.scopes.split(",") if name)
    except _TAMPERED as error:
        raise damaged("a key of the API that is none") from error
    return ApiKey(
        row.id,
        row.name,
        _role(row.role),
        purposes,
        scopes,
        row.station,
        _instant(row.created),
        _instant(row.expires),
        _instant_or_none(row.revoked),
        blob(row.secret_sha256),
    )


def _account(row: Any) -> Account:
    return Account(
        row.id,
        row.name,
        _role(row.role),
        row.password_hash,
        None if row.totp_sealed is None else blob(row.totp_sealed),
        row.totp_last_step,
        _instant(row.created),
        _instant_or_none(row.disabled),
        row.failures,
        _instant_or_none(row.locked_until),
    )


def _card(row: Any) -> IssuedCard:
    return IssuedCard(
        row.id,
        ReceiptId(row.receipt_id),
        None if row.subject_id is None else SubjectId(row.subject_id),
        _instant(row.issued),
        _instant(row.expires),
        _instant_or_none(row.revoked),
        row.reason,
    )


def _role(name: object) -> Role:
    try:
        return Role(str(name))
    except ValueError as error:
        raise damaged(f"{name!r} where a role belongs") from error


def _instant(seconds: Any) -> datetime:
    try:
        return from_epoch_s(seconds)
    except _TAMPERED as error:
        raise damaged(f"{seconds!r} where a time belongs") from error


def _instant_or_none(seconds: Any) -> datetime | None:
    return None if seconds is None else _instant(seconds)
