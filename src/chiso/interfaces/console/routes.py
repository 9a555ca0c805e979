"""Every page of the console, under one router."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from chiso.interfaces.console import (
    access,
    account,
    audits,
    cards,
    check_ins,
    enrol,
    home,
    kiosk,
    languages,
    log,
    me,
    me_change,
    notices,
    people,
    settings,
    sign_in,
    static_files,
    thresholds,
)
from chiso.interfaces.console.staff import staff_only

_OPEN = (home, sign_in, account, languages, static_files, kiosk, check_ins, me_change, me)
_STAFF = (enrol, people, cards, log, audits, thresholds, access, settings, notices)

router = APIRouter()
for _page in _OPEN:
    router.include_router(_page.router)
for _page in _STAFF:
    router.include_router(_page.router, dependencies=[Depends(staff_only)])
