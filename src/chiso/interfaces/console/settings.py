"""Settings: purposes and how long consent lasts, and the witnesses that are asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, status
from fastapi.responses import RedirectResponse, Response

from chiso import wiring_witness
from chiso.consent.retention import Period, Rule, parse_period, short_period
from chiso.core.access import Action, Actor, Resource
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.console.pages import page
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services import retention, witnesses
from chiso.services.serving.log_pages import witnesses_shown
from chiso.services.serving.service import Service

router = APIRouter(prefix="/settings")

Reader = Annotated[Actor, Depends(allowed(Action.READ, Resource.SETTINGS))]
Settler = Annotated[Actor, Depends(allowed(Action.CREATE, Resource.SETTINGS))]
Field = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form of a rule holds."""

    purpose: str = ""
    default: str = ""
    maximum: str = ""
    inactive: str = ""


@router.get("")
async def settings(
    request: Request, service: ServiceHere, caller: Reader, purpose: str = ""
) -> Response:
    """Everything that is set, and the forms that change it; with the rule of `purpose` in one."""
    return await _page(request, service, caller, None, Typed(purpose))


@router.get("/retention")
async def confirm_rule(
    request: Request,
    service: ServiceHere,
    caller: Settler,
    purpose: str,
    default: str = "",
    maximum: str = "",
    inactive: str = "",
) -> Response:
    """What a rule would end, before it holds."""
    try:
        rule = _rule(purpose, default, maximum, inactive)
        if rule == Rule(purpose, None, None, None):
            raise ChisoError(
                Code.BAD_ARGUMENT,
                "No length of time is given.",
                "Fill in one of the three, or all.",
            )
        ended = await service.desk.run(partial(retention.would_shorten, service.home, rule))
    except ChisoError as error:
        typed = Typed(purpose, default, maximum, inactive)
        return await _again(request, service, caller, error, typed)
    over = sum(each.is_over for each in ended)
    return page(
        request, "retention.html.j2", caller, rule=rule, earlier=len(ended) - over, over=over
    )


@router.post("/retention")
async def set_rule(
    service: ServiceHere,
    caller: Settler,
    purpose: Field,
    default: Field = "",
    maximum: Field = "",
    inactive: Field = "",
) -> Response:
    """Let a rule hold for its purpose from now on."""
    rule = _rule(purpose, default, maximum, inactive)
    await service.desk.run(partial(retention.set_rule, service.home_for(caller), rule))
    return _back()


@router.post("/retention/unset")
async def unset_rule(service: ServiceHere, caller: Settler, purpose: Field) -> Response:
    """End a purpose's rule."""
    await service.desk.run(partial(retention.unset_rule, service.home_for(caller), purpose))
    return _back()


@router.post("/witnesses")
async def add_witness(
    request: Request, service: ServiceHere, caller: Settler, url: Field, vkey: Field
) -> Response:
    """Ask a witness from now on; nothing goes out yet."""
    work = partial(witnesses.add, service.home_for(caller), url.strip(), vkey.strip())
    try:
        await service.desk.run(work)
    except ChisoError as error:
        return await _again(request, service, caller, error)
    return _back()


@router.post("/witnesses/remove")
async def remove_witness(service: ServiceHere, caller: Settler, name: Field) -> Response:
    """Ask a witness no more."""
    await service.desk.run(partial(witnesses.remove, service.home_for(caller), name))
    return _back()


async def _again(
    request: Request,
    service: Service,
    caller: Actor,
    error: ChisoError,
    typed: Typed = Typed(),
) -> Response:
    if error.code is not Code.BAD_ARGUMENT:
        raise error
    return await _page(request, service, caller, error, typed)


async def _page(
    request: Request, service: Service, caller: Actor, problem: ChisoError | None, typed: Typed
) -> Response:
    home, run = service.home, service.desk.run
    check = wiring_witness.signature_check()
    purposes = await run(partial(retention.purposes, home))
    if typed == Typed(typed.purpose):
        typed = next(
            (_typed(each.rule) for each in purposes if each.rule.purpose == typed.purpose), typed
        )
    return page(
        request,
        "settings.html.j2",
        caller,
        status.HTTP_200_OK if problem is None else status.HTTP_400_BAD_REQUEST,
        purposes=purposes,
        typed=typed,
        witnesses=await run(partial(witnesses_shown, home, check)),
        problem=problem,
    )


def _rule(purpose: str, default: str, maximum: str, inactive: str) -> Rule:
    return Rule(purpose, _period(default), _period(maximum), _period(inactive))


def _period(text: str) -> Period | None:
    return parse_period(text) if text.strip() else None


def _typed(rule: Rule) -> Typed:
    lengths = (rule.default, rule.maximum, rule.inactive)
    return Typed(rule.purpose, *("" if each is None else short_period(each) for each in lengths))


def _back() -> Response:
    return RedirectResponse("/settings", status.HTTP_303_SEE_OTHER)
