"""Idempotency keys: a write that is sent twice is done once, and answered alike.

After the IETF draft "The Idempotency-Key HTTP Header Field". An answer is kept for a day, and goes
with the person whom it tells of. A call that failed did nothing, and may be sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from chiso.core.access import KeptAnswer
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.services.home import Home

KEPT_FOR = timedelta(hours=24)
MOST_CHARACTERS = 200
_SECRET = b""
"""Kept instead of an answer that held a secret: no answer of the API is empty."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call is answered with."""

    status: int
    body: bytes
    subject_id: SubjectId | None
    """Whom it tells of."""
    is_secret: bool = False
    """Whether it holds a secret that is shown once, and is therefore not kept."""


class Underway:
    """Calls with a key that are being done: the same one, sent meanwhile, waits for them."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        self._waiting: dict[tuple[str, str], int] = {}

    @asynccontextmanager
    async def alone(self, actor: str, key: str) -> AsyncIterator[None]:
        """One at a time, by caller and key."""
        of = (actor, key)
        lock = self._locks.setdefault(of, asyncio.Lock())
        self._waiting[of] = self._waiting.get(of, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[of] -= 1
            if not self._waiting[of]:
                del self._waiting[of], self._locks[of]


def kept(home: Home, actor: str, key: str, request_sha256: bytes) -> Answered | None:
    """What this call was answered before; None where it was not made, or is over.

    Raises KEY_REUSED where the key belongs to another call, or to one whose answer was a secret.
    """
    with home.store.reading() as view:
        known = view.kept_answer(actor, key)
    if known is None or known.at <= home.clock.now() - KEPT_FOR:
        return None
    if known.request_sha256 != request_sha256:
        raise ChisoError(
            Code.KEY_REUSED,
            "This idempotency key belongs to another call, and nothing was done.",
            "Use a new key for each call; send the same key only with the same request.",
        )
    if known.body == _SECRET:
        raise ChisoError(
            Code.KEY_REUSED,
            "This call was done, and its answer held what is shown once: it was not kept.",
            "Revoke what was made if its answer was lost, and call again with a new key.",
        )
    return Answered(known.status, known.body, known.subject_id)


def keep(home: Home, actor: str, key: str, request_sha256: bytes, answered: Answered) -> None:
    """Keep what a call was answered."""
    now = home.clock.now()
    body = _SECRET if answered.is_secret else answered.body
    answer = KeptAnswer(actor, key, request_sha256, answered.status, body, now, answered.subject_id)
    with home.store.writing() as transaction:
        if (
            answered.subject_id is not None
            and transaction.subject_by_id(answered.subject_id) is None
        ):
            return  # she went while the call was answered, and this would tell of her
        transaction.put_kept_answer(answer)
