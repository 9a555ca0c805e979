"""What a running server does by itself: forget the erased, erase what is due, verify its log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from chiso.core.errors import ChisoError, Code
from chiso.services.purge import purge_due
from chiso.services.serving.service import Service
from chiso.services.withdraw import finish_erasures

FORGET_EVERY_S = 5.0
PURGE_EVERY_S = 600.0
VERIFY_EVERY_S = 3600.0
_ANSWERS_KEPT = timedelta(hours=24)
_PATIENCE_S = 30.0

Tell = Callable[[str], None]
"""Gets what an operator should know."""


async def keep_up(service: Service, tell: Tell) -> None:
    """Look after a served home until cancelled. `tell` gets what an operator should know."""
    loop = asyncio.get_running_loop()
    next_purge = next_check = loop.time()
    while True:
        await _quietly(service, service.searches.forget_erased, tell)
        if loop.time() >= next_purge:
            next_purge = loop.time() + PURGE_EVERY_S
            for work in (_purge, _finish, _forget_ended, _require_key):
                await _quietly(service, partial(work, service, tell), tell)
        if loop.time() >= next_check:
            next_check = loop.time() + VERIFY_EVERY_S
            await _quietly(service, partial(_verify, service, tell), tell)
        await asyncio.sleep(FORGET_EVERY_S)


def _purge(service: Service, tell: Tell) -> None:
    erased = purge_due(service.home)
    if erased:
        tell(f"Erased what was due: {len(erased)} consents that had ended.")


def _finish(service: Service, _: Tell) -> None:
    """Finish erasures that could not be while others read; no command may come for months."""
    finish_erasures(service.home, _PATIENCE_S)


def _forget_ended(service: Service, _: Tell) -> None:
    now = service.home.clock.now()
    with service.home.store.writing() as transaction:
        transaction.forget_ended(now, now - _ANSWERS_KEPT)


def _require_key(service: Service, tell: Tell) -> None:
    try:
        service.home.keystore.require_current()
    except ChisoError as error:
        if error.code is not Code.WRONG_OPERATOR_KEY:
            raise
        tell(
            "The operator's key is another by now, and opens nothing here. Start this server anew."
        )


def _verify(service: Service, tell: Tell) -> None:
    found = service.log_watch.verify().error
    if found is not None:
        tell(f"{found.message} {found.hint}")


async def _quietly(service: Service, work: Callable[[], None], tell: Tell) -> None:
    """Do this now, or leave it to the next time: a server goes on where upkeep cannot."""
    try:
        await service.desk.run(work)
    except ChisoError as error:
        tell(f"{error.message} {error.hint}")
    except Exception as bug:  # noqa: BLE001 - told; else nobody would be erased any more
        tell(f"This is a bug in Chiso: {type(bug).__name__} in its upkeep, which goes on.")
