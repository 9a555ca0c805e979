"""What a running server does by itself: forget the erased, erase what is due, verify its log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from chiso.core.errors import ChisoError
from chiso.services.purge import purge_due
from chiso.services.serving.service import Service

FORGET_EVERY_S = 5.0
PURGE_EVERY_S = 600.0
VERIFY_EVERY_S = 3600.0
_ANSWERS_KEPT = timedelta(hours=24)


async def keep_up(service: Service, tell: Callable[[str], None]) -> None:
    """Look after a served home until cancelled. `tell` gets what an operator should know."""
    loop = asyncio.get_running_loop()
    next_purge = next_check = loop.time()
    while True:
        await _quietly(service, service.searches.forget_erased, tell)
        if loop.time() >= next_purge:
            next_purge = loop.time() + PURGE_EVERY_S
            await _quietly(service, lambda: _purge(service, tell), tell)
        if loop.time() >= next_check:
            next_check = loop.time() + VERIFY_EVERY_S
            await _quietly(service, lambda: _verify(service, tell), tell)
        await asyncio.sleep(FORGET_EVERY_S)


def _purge(service: Service, tell: Callable[[str], None]) -> None:
    home = service.home
    erased = purge_due(home)
    if erased:
        tell(f"Erased what was due: {len(erased)} consents that had ended.")
    now = home.clock.now()
    with home.store.writing() as transaction:
        transaction.forget_ended(now, now - _ANSWERS_KEPT)


def _verify(service: Service, tell: Callable[[str], None]) -> None:
    found = service.log_watch.verify().error
    if found is not None:
        tell(f"{found.message} {found.hint}")


async def _quietly(service: Service, work: Callable[[], None], tell: Callable[[str], None]) -> None:
    """Do this now, or leave it to the next time: a server goes on where upkeep cannot."""
    try:
        await service.desk.run(work)
    except ChisoError as error:
        tell(f"{error.message} {error.hint}")
