"""Errors as problem details (RFC 9457), with the same stable codes as on the command line."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from chiso.core.errors import ChisoError, Code, Kind

MEDIA_TYPE = "application/problem+json"

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
    Code.LEAF_MISSING: HTTPStatus.NOT_FOUND,
    Code.KEY_REUSED: HTTPStatus.CONFLICT,
    Code.IMAGE_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Code.THRESHOLD_MISSING: HTTPStatus.CONFLICT,
    Code.REFERENCE_MISSING: HTTPStatus.CONFLICT,
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
        headers["Retry-After"] = str(error.retry_after_s or 1)
    return JSONResponse(problem.model_dump(), problem.status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of this application as a problem."""
    app.add_exception_handler(ChisoError, _chiso_error)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)


def _chiso_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, ChisoError):
        raise error
    return answer(error)


def _not_valid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    message = f"{where}: {first['msg']}."
    return answer(ChisoError(Code.BAD_ARGUMENT, message, "/v1/openapi.json says what belongs."))


def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    code = Code.NOT_FOUND if status == HTTPStatus.NOT_FOUND else Code.BAD_ARGUMENT
    problem = Problem(
        type=f"urn:chiso:problem:{code}",
        title=status.phrase,
        status=status,
        detail=f"{status.phrase}: {status.description or status.phrase}.",
        code=code,
        hint="/v1/openapi.json lists every call.",
    )
    return JSONResponse(problem.model_dump(), status, error.headers, MEDIA_TYPE)


def _bug(_: Request, error: Exception) -> Response:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    problem = Problem(
        type="urn:chiso:problem:internal",
        title=status.phrase,
        status=status,
        detail=f"This is a bug in Chiso: {type(error).__name__}.",
        code="internal",
        hint="Please report it with what the server printed; that holds no photo and no template.",
    )
    return JSONResponse(problem.model_dump(), status, media_type=MEDIA_TYPE)
