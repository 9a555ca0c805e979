"""Errors as pages: what happened, and what to do now."""

from __future__ import annotations

from fastapi import Request, status
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import URL

from chiso.core.access import Actor
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.console.pages import page
from chiso.interfaces.serve.problems import Problem, status_of


def refused(
    request: Request,
    template: str,
    error: ChisoError,
    caller: Actor | None = None,
    **context: object,
) -> Response:
    """A form again, with why it let nobody in; its headers say when it may be tried again."""
    is_limit = error.retry_after_s is not None
    answer = status_of(error) if is_limit else status.HTTP_401_UNAUTHORIZED
    shown = page(request, template, caller, answer, problem=error, **context)
    if is_limit:
        shown.headers["Retry-After"] = str(error.retry_after_s)
    return shown


def error_page(request: Request, problem: Problem) -> Response:
    """A problem as a page; whoever is not signed in is asked to, and comes back to here."""
    is_open = request.method == "GET" and request.url.path != "/sign-in"
    path = request.url.path
    is_hers = path == "/me" or path.startswith("/me/")
    if problem.code == Code.NOT_SIGNED_IN and is_hers:
        return RedirectResponse("/me", status.HTTP_303_SEE_OTHER)  # says how her page is opened
    if problem.code == Code.NOT_SIGNED_IN and is_open:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        where = str(URL("/sign-in").include_query_params(back=here))
        return RedirectResponse(where, status.HTTP_303_SEE_OTHER)
    caller = getattr(request.state, "caller", None)
    first = "/me" if is_hers else "/kiosk" if path.startswith("/kiosk") else "/"
    return page(request, "error.html.j2", caller, problem.status, problem=problem, first=first)
