"""What the store keeps of who may use a home, as Protocols that transactions include."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chiso.core.access import (
    Account,
    ApiKey,
    Invitation,
    IssuedCard,
    KeptAnswer,
    PersonLink,
    Session,
)
from chiso.core.consent import SubjectId


class AccessReading(Protocol):
    """Looking up keys, accounts, sessions, links and cards. Tokens are looked up by SHA-256."""

    def api_keys(self) -> list[ApiKey]:
        """Every key of the API, revoked ones too, by name."""
        ...

    def api_key(self, secret_sha256: bytes) -> ApiKey | None:
        """The key with this secret."""
        ...

    def accounts(self) -> list[Account]:
        """Every account, by name."""
        ...

    def account(self, account_id: str) -> Account | None:
        """The account of that id."""
        ...

    def session(self, token_sha256: bytes) -> Session | None:
        """The session with this token, whether or not it is over."""
        ...

    def invitation(self, token_sha256: bytes) -> Invitation | None:
        """The invitation with this token, whether or not it is over."""
        ...

    def person_link(self, token_sha256: bytes) -> PersonLink | None:
        """The link with this token."""
        ...

    def cards(self, subject_id: SubjectId | None = None) -> list[IssuedCard]:
        """Cards of one person, or all, oldest first."""
        ...

    def card(self, card_id: str) -> IssuedCard | None:
        """The card of that id."""
        ...

    def kept_answer(self, actor: str, key: str) -> KeptAnswer | None:
        """What this caller was answered to the call with that idempotency key."""
        ...


class AccessWriting(AccessReading, Protocol):
    """Changing them. What is put takes the place of what has the same id."""

    def put_api_key(self, key: ApiKey) -> None:
        """Keep a key."""
        ...

    def put_account(self, account: Account) -> None:
        """Keep an account."""
        ...

    def put_session(self, session: Session) -> None:
        """Keep a session."""
        ...

    def remove_session(self, token_sha256: bytes) -> None:
        """Forget a session."""
        ...

    def remove_sessions_of(
        self, *, account_id: str | None = None, key_id: str | None = None
    ) -> None:
        """Forget every session of an account, or of a station's key."""
        ...

    def put_invitation(self, invitation: Invitation) -> None:
        """Keep an invitation."""
        ...

    def remove_invitation(self, token_sha256: bytes) -> None:
        """Forget an invitation."""
        ...

    def put_person_link(self, link: PersonLink) -> None:
        """Keep a person's link."""
        ...

    def remove_person_links(self, subject_id: SubjectId) -> int:
        """Forget every link of a person; returns how many there were."""
        ...

    def put_card(self, card: IssuedCard) -> None:
        """Keep what is known of a card."""
        ...

    def put_kept_answer(self, answer: KeptAnswer) -> None:
        """Keep an answer."""
        ...

    def forget_ended(self, now: datetime, answers_before: datetime) -> None:
        """Forget sessions and invitations that are over, and answers from before that moment."""
        ...
