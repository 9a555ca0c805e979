"""/v1/log: the signed head, proofs, and leaves as far as the caller may read them."""

from __future__ import annotations

import base64
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from chiso.account.checkpoint import vkey_text
from chiso.core.access import Action, Actor, Resource
from chiso.interfaces.api.fields import LOG, Hashes, Note, Sha256
from chiso.interfaces.api.pages import WHOLE, Limit, SeqCursor, SeqNext, cursor_at, seq_in
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services.log_bundle import log_key
from chiso.services.serving import account
from chiso.services.serving.account import SeenLeaf, Shown

router = APIRouter(prefix="/log", tags=["log"])


class Checkpoint(BaseModel):
    """The log's signed head. Keep it: later logs can be held to it."""

    size: int = Field(examples=[12])
    checkpoint: Note
    key: str = Field(
        description="The key that signs it, as a verifier key (C2SP signed-note).",
        examples=[f"{LOG}+eaf01f3f+AVNqTRhBguMga…"],
    )


class Proof(BaseModel):
    """What shows, without this server, that a leaf is in the log that the checkpoint signs."""

    seq: int = Field(examples=[7])
    leaf_hash: Sha256
    inclusion: Hashes = Field(description="The path to the root, in hex (RFC 6962 §2.1.1).")
    checkpoint: Note
    payload: str | None = Field(
        description="What it says, Base64; null where it is not yours.", examples=["eyJhdCI6IjIw…"]
    )
    salt: str | None = Field(
        description="Hex; hashed with what it says.", examples=["6317ec819b07be74…"]
    )


class ConsistencyProof(BaseModel):
    """What shows that the log of now begins with the log of then (RFC 6962 §2.1.2)."""

    since: int = Field(examples=[7])
    size: int = Field(examples=[12])
    consistency: Hashes = Field(description="In hex.")
    checkpoint: Note


class Leaf(BaseModel):
    """A leaf. `content`: shown, withheld (it concerns someone else), or destroyed."""

    seq: int = Field(examples=[7])
    leaf_hash: Sha256
    content: Shown = Field(examples=["shown"])
    said: dict[str, Any] | None = Field(
        description="Null where it is not shown.",
        examples=[{"at": "2026-11-25T08:30:00Z", "type": "settings-changed", "setting": "pack"}],
    )


class Leaves(BaseModel):
    """A page of leaves, the oldest first; to a person, those that concern her."""

    size: int = Field(description="Leaves in the whole log.", examples=[12])
    leaves: list[Leaf]
    next: SeqNext


_Reader = Annotated[Actor, Depends(allowed(Action.READ, Resource.LOG))]


@router.get("/checkpoint", dependencies=[Depends(allowed(Action.READ, Resource.LOG))])
async def checkpoint(service: ServiceHere) -> Checkpoint:
    """Show the log's signed head."""
    head = await service.desk.run(partial(account.head, service.home))
    key = vkey_text(log_key(service.home))
    return Checkpoint(size=head.size, checkpoint=head.checkpoint, key=key)


@router.get("/proofs/{seq}")
async def prove(
    service: ServiceHere, caller: _Reader, seq: Annotated[int, Path(ge=0, le=WHOLE, examples=[7])]
) -> Proof:
    """Prove that a leaf is in the log."""
    proof = await service.desk.run(partial(account.proof, service.home, caller, seq))
    return Proof(
        seq=proof.seq,
        leaf_hash=proof.leaf_hash.hex(),
        inclusion=[step.hex() for step in proof.path],
        checkpoint=proof.checkpoint,
        payload=base64.b64encode(proof.payload).decode() if proof.payload else None,
        salt=proof.salt.hex() if proof.salt else None,
    )


@router.get("/consistency", dependencies=[Depends(allowed(Action.READ, Resource.LOG))])
async def consistency(
    service: ServiceHere,
    since: Annotated[int, Query(ge=1, le=WHOLE, description="Its size then.", examples=[1])],
) -> ConsistencyProof:
    """Prove that the log goes on from a size that it had."""
    proof = await service.desk.run(partial(account.consistency, service.home, since))
    return ConsistencyProof(
        since=proof.since,
        size=proof.size,
        consistency=[step.hex() for step in proof.proof],
        checkpoint=proof.checkpoint,
    )


@router.get("/leaves")
async def leaves(
    service: ServiceHere,
    caller: _Reader,
    limit: Limit = 50,
    cursor: SeqCursor = None,
) -> Leaves:
    """List leaves. A person reads hers; auditors and administrators what names nobody."""
    first = seq_in(cursor) or 0
    page = await service.desk.run(partial(account.leaves, service.home, caller, first, limit))
    return Leaves(
        size=page.size,
        leaves=[_leaf(each) for each in page.leaves],
        next=cursor_at(page.next_seq),
    )


def _leaf(leaf: SeenLeaf) -> Leaf:
    said = None if leaf.said is None else dict(leaf.said)
    return Leaf(seq=leaf.seq, leaf_hash=leaf.leaf_hash.hex(), content=leaf.content, said=said)
