"""Errors as pages: what happened, and what to do now."""

from __future__ import annotations

from fastapi import Request, status
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import URL

from chiso.core.errors import Code
from chiso.interfaces.console.pages import page
from chiso.interfaces.serve.problems import Problem


def error_page(request: Request, problem: Problem) -> Response:
    """A problem as a page; whoever is not signed in is asked to, and comes back to here."""
    is_open = request.method == "GET" and request.url.path != "/sign-in"
    if problem.code == Code.NOT_SIGNED_IN and is_open:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        where = str(URL("/sign-in").include_query_params(back=here))
        return RedirectResponse(where, status.HTTP_303_SEE_OTHER)
    caller = getattr(request.state, "caller", None)
    return page(request, "error.html.j2", caller, problem.status, problem=problem)
