"""GET /v1/metrics: counts and times for Prometheus, about the server and about nobody."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chiso.core.access import Action, Resource
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.interfaces.serve.measuring import Measures
from chiso.services.home import Home

router = APIRouter(prefix="/metrics", tags=["metrics"])


@router.get(
    "",
    response_class=Response,
    dependencies=[Depends(allowed(Action.READ, Resource.METRICS))],
    responses={
        200: {
            "description": "Prometheus text format.",
            "content": {
                "text/plain": {"schema": {"type": "string", "examples": ["chiso_log_leaves 12.0"]}}
            },
        }
    },
)
async def show(request: Request, service: ServiceHere) -> Response:
    """Count calls by route and status, and time them; never by person, key or station."""
    measures: Measures = request.app.state.measures
    references, leaves = await service.desk.run(partial(_sizes, service.home))
    measures.photos.set(service.photos.inside)
    measures.references.set(references)
    measures.leaves.set(leaves)
    return Response(generate_latest(measures.registry), media_type=CONTENT_TYPE_LATEST)


def _sizes(home: Home) -> tuple[int, int]:
    with home.store.reading() as view:
        head = view.log_head()
        return view.count_references(), 0 if head is None else head.size
