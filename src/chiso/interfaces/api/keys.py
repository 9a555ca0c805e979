"""/v1/keys: keys of the API. A secret is in one answer, when its key is made, and nowhere else."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import AwareDatetime, BaseModel, Field

from chiso.core.access import Action, Actor, ApiKey, Resource, Role, Scope
from chiso.core.page_storage import Place
from chiso.interfaces.api.fields import KEY, End, NotYet, Past
from chiso.interfaces.api.pages import Cursor, Limit, Next, cursor_of, place_in
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.interfaces.serve.once import OnceRoute, hold_secret
from chiso.services.access import keys
from chiso.services.access.keys import WantedKey
from chiso.services.serving.paging import page_of

router = APIRouter(prefix="/keys", tags=["keys"], route_class=OnceRoute)


class KeyRequest(BaseModel):
    """What a key shall be allowed: never more than whoever makes it, nor for longer."""

    name: str = Field(examples=["front door"])
    role: Role = Field(examples=["verifier"])
    purposes: list[str] | None = Field(
        default=None, description="None: every purpose of its maker.", examples=[["clinic door"]]
    )
    scopes: list[Scope] = Field(default=[], examples=[[]])
    station: str | None = Field(default=None, examples=["front door"])
    expires: AwareDatetime = Field(examples=["2027-12-31T23:59:59Z"])


class Key(BaseModel):
    """A key, without its secret."""

    id: str = Field(examples=[KEY])
    name: str = Field(examples=["front door"])
    role: Role = Field(examples=["verifier"])
    purposes: list[str] | None = Field(examples=[["clinic door"]])
    scopes: list[Scope] = Field(examples=[[]])
    station: str | None = Field(examples=["front door"])
    created: Past
    expires: End
    revoked: NotYet


class KeyWithSecret(Key):
    """A key that was just made. `secret` is shown this once."""

    secret: str = Field(examples=["chiso_key_…"])


class Keys(BaseModel):
    """A page of keys, in the order in which they were made; revoked and ended ones too."""

    keys: list[Key]
    next: Next


@router.post("", status_code=201)
async def create(
    request: Request,
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.CREATE, Resource.KEYS))],
    wanted: KeyRequest,
) -> KeyWithSecret:
    """Make a key."""
    purposes = None if wanted.purposes is None else frozenset(wanted.purposes)
    asked = WantedKey(
        wanted.name,
        wanted.role,
        purposes,
        frozenset(wanted.scopes),
        wanted.station,
        wanted.expires,
    )
    hold_secret(request)
    made = await service.desk.run(partial(keys.issue_key, service.home, caller, asked))
    return KeyWithSecret(**_key(made.key).model_dump(), secret=made.secret)


@router.get("")
async def find(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.READ, Resource.KEYS))],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Keys:
    """List keys."""
    place = place_in(cursor)
    known = await service.desk.run(partial(keys.keys, service.home, caller))
    page = page_of(known, lambda each: Place(each.created, each.key_id), place, limit)
    return Keys(keys=[_key(each) for each in page.items], next=cursor_of(page.end))


@router.delete("/{key_id}")
async def revoke(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.DELETE, Resource.KEYS))],
    key_id: Annotated[str, Path(examples=[KEY])],
) -> Key:
    """Revoke a key: its next call is refused."""
    return _key(await service.desk.run(partial(keys.revoke_key, service.home, caller, key_id)))


def _key(key: ApiKey) -> Key:
    return Key(
        id=key.key_id,
        name=key.name,
        role=key.role,
        purposes=None if key.purposes is None else sorted(key.purposes),
        scopes=sorted(key.scopes),
        station=key.station,
        created=key.created,
        expires=key.expires,
        revoked=key.revoked,
    )
