"""Every page of the console, under one router."""

from __future__ import annotations

from fastapi import APIRouter

from chiso.interfaces.console import (
    access,
    account,
    audits,
    home,
    languages,
    log,
    people,
    settings,
    sign_in,
    static_files,
    thresholds,
)

_PAGES = (
    home,
    sign_in,
    account,
    languages,
    static_files,
    people,
    log,
    audits,
    thresholds,
    access,
    settings,
)

router = APIRouter()
for _page in _PAGES:
    router.include_router(_page.router)
