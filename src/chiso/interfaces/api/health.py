"""GET /v1/health: whether this server can answer. Tells of nobody, and asks for no key."""

from __future__ import annotations

from functools import partial
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from chiso import __version__
from chiso.interfaces.serve.callers import ServiceHere

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """This server answers, and its store can be read."""

    status: Literal["ok"] = Field(examples=["ok"])
    version: str = Field(examples=["0.1.0"])
    working: int = Field(description="Photos that are looked at, or wait.", examples=[0])


@router.get("/health")
async def health(service: ServiceHere) -> Health:
    """Whether this server answers and its store can be read."""
    await service.desk.run(partial(_read, service))
    return Health(status="ok", version=__version__, working=service.photos.inside)


def _read(service: ServiceHere) -> None:
    with service.home.store.reading() as view:
        view.log_head()
