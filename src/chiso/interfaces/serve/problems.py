"""Errors as problem details (RFC 9457), with the same stable codes as on the command line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from chiso.core.errors import ChisoError, Code, Kind
from chiso.interfaces.serve.headers import carrying

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER = "Retry-After"

_OF_KIND = {
    Kind.USAGE: HTTPStatus.BAD_REQUEST,
    Kind.REFUSED_SAMPLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.CONSENT: HTTPStatus.FORBIDDEN,
    Kind.ACCESS: HTTPStatus.FORBIDDEN,
    Kind.INTEGRITY: HTTPStatus.INTERNAL_SERVER_ERROR,
    Kind.MISSING: HTTPStatus.SERVICE_UNAVAILABLE,
}
_OF_CODE = {
    Code.NOT_SIGNED_IN: HTTPStatus.UNAUTHORIZED,
    Code.TOO_MANY_ATTEMPTS: HTTPStatus.TOO_MANY_REQUESTS,
    Code.BUSY: HTTPStatus.TOO_MANY_REQUESTS,
    Code.STORE_BUSY: HTTPStatus.TOO_MANY_REQUESTS,
    Code.LINK_ENDED: HTTPStatus.NOT_FOUND,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.KEY_UNKNOWN: HTTPStatus.NOT_FOUND,
    Code.ACCOUNT_UNKNOWN: HTTPStatus.NOT_FOUND,
    Code.CARD_UNKNOWN: HTTPStatus.NOT_FOUND,
    Code.CARD_ALTERED: HTTPStatus.FORBIDDEN,
    Code.CARD_FOREIGN: HTTPStatus.FORBIDDEN,
    Code.LEAF_MISSING: HTTPStatus.NOT_FOUND,
    Code.KEY_REUSED: HTTPStatus.CONFLICT,
    Code.IMAGE_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Code.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Code.BODY_TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    Code.THRESHOLD_MISSING: HTTPStatus.CONFLICT,
    Code.REFERENCE_MISSING: HTTPStatus.CONFLICT,
}

_OF_HTTP = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take calls of that method.",
}


class Problem(BaseModel):
    """What went wrong, and what to do (RFC 9457 §3.1; `code` and `hint` are ours)."""

    type: str = Field(examples=["urn:chiso:problem:no-face"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["No face was found in the photo."])
    code: str = Field(examples=["no-face"], description="Stable; the command line's own.")
    hint: str = Field(examples=["Face the camera, come closer, and let light fall on your face."])


def status_of(error: ChisoError) -> HTTPStatus:
    """The HTTP status of an error."""
    return _OF_CODE.get(error.code, _OF_KIND[error.kind])


def problem_of(error: ChisoError) -> Problem:
    """An error as a problem."""
    status = status_of(error)
    return Problem(
        type=f"urn:chiso:problem:{error.code}",
        title=status.phrase,
        status=status,
        detail=error.message,
        code=error.code,
        hint=error.hint,
    )


def answer(error: ChisoError) -> Response:
    """An error as the answer to a call of the API."""
    problem = problem_of(error)
    headers = {"Cache-Control": "no-store"}
    if error.code is Code.NOT_SIGNED_IN:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_s is not None or problem.status == HTTPStatus.TOO_MANY_REQUESTS:
        headers[_RETRY_AFTER] = str(error.retry_after_s or 1)
    return JSONResponse(problem.model_dump(), problem.status, headers, MEDIA_TYPE)


def of_no_http() -> Response:
    """The answer to what is no HTTP, and so reaches no application."""
    return carrying(
        answer(
            ChisoError(
                Code.BAD_ARGUMENT,
                "What was sent is no HTTP/1.1.",
                "Send headers and body as RFC 9112 has them; most libraries do.",
            )
        )
    )


Page = Callable[[Request, Problem], Response]
"""Makes of a problem a page that a person reads."""
Answering = Callable[[Request, ChisoError], Response]
"""Makes of an error its answer: a page where a browser shows it, else as it is."""


def answering(page: Page) -> Answering:
    """How errors are answered where a person reads these pages."""

    def answered(request: Request, error: ChisoError) -> Response:
        return _say(page, request, problem_of(error), answer(error))

    return answered


def install(app: FastAPI, page: Page) -> None:
    """Answer every error of this application: with a page where a browser shows it, else as is."""
    answered, say = answering(page), partial(_say, page)

    def chiso_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, ChisoError):
            raise error
        return answered(request, error)

    def not_valid(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        return answered(request, _not_valid(error))

    def http_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        if isinstance(error.__cause__, ChisoError):  # of a body that FastAPI was reading
            return answered(request, error.__cause__)
        problem = _of_http(error)
        plain = JSONResponse(problem.model_dump(), problem.status, error.headers, MEDIA_TYPE)
        return say(request, problem, plain)

    def bug(request: Request, error: Exception) -> Response:
        problem = _of_bug(error)
        plain = JSONResponse(problem.model_dump(), problem.status, media_type=MEDIA_TYPE)
        return carrying(say(request, problem, plain))  # it passes by what gives others theirs

    app.add_exception_handler(ChisoError, chiso_error)
    app.add_exception_handler(RequestValidationError, not_valid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, bug)


def _say(page: Page, request: Request, problem: Problem, answer: Response) -> Response:
    return _as_page(page(request, problem), answer) if _is_for_people(request) else answer


def _as_page(page: Response, answer: Response) -> Response:
    """The page, with what a browser's own program may read of the answer that it stands for."""
    if _RETRY_AFTER in answer.headers:
        page.headers[_RETRY_AFTER] = answer.headers[_RETRY_AFTER]
    return page


def _is_for_people(request: Request) -> bool:
    is_api = request.url.path.startswith("/v1/")
    return not is_api and "text/html" in request.headers.get("accept", "")


def _not_valid(error: RequestValidationError) -> ChisoError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    message = f"{where}: {first['msg']}."
    return ChisoError(Code.BAD_ARGUMENT, message, "/v1/openapi.json says what belongs.")


def _of_http(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    code = Code.NOT_FOUND if status == HTTPStatus.NOT_FOUND else Code.BAD_ARGUMENT
    return Problem(
        type=f"urn:chiso:problem:{code}",
        title=status.phrase,
        status=status,
        detail=_OF_HTTP.get(status, "This server does not answer that."),
        code=code,
        hint="Check the address. /v1/openapi.json lists every call of the API.",
    )


def _of_bug(error: Exception) -> Problem:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return Problem(
        type="urn:chiso:problem:internal",
        title=status.phrase,
        status=status,
        detail=f"This is a bug in Chiso: {type(error).__name__}.",
        code="internal",
        hint="Please report it with what the server printed; that holds no photo and no template.",
    )
