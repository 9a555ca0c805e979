"""Verifications that fail at one station, of whomever: how many there may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from chiso.core.access import Actor, Role
from chiso.core.samples import Refusal
from chiso.services.serving.service import Service

_Answer = TypeVar("_Answer")


async def limited(
    service: Service,
    caller: Actor,
    compare: Callable[[], Awaitable[_Answer | Refusal]],
    is_match: Callable[[_Answer], bool],
) -> _Answer | Refusal:
    """What `compare` answers; where that is no match, it counts against the caller's station.

    It counts from its beginning, so that many at once are no way around. A person's own link and
    card stand at no station. Raises TOO_MANY_ATTEMPTS, and compares nothing.
    """
    if caller.role is Role.SUBJECT:
        return await compare()
    of = (caller.station or caller.counted_as,)
    service.per_station.note(of, service.home.clock.now())
    is_failed = False
    try:
        answer = await compare()
        is_failed = not isinstance(answer, Refusal) and not is_match(answer)
    finally:
        if not is_failed:
            service.per_station.take_back(of)
    return answer
