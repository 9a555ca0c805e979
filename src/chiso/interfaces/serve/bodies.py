"""Photos in requests: a field of a form, or the body itself; never an address to fetch."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from chiso.core.errors import ChisoError, Code
from chiso.interfaces.serve.callers import ServiceHere

_RAW = ("image/", "application/octet-stream")
_MOST_FIELDS = 40
_MOST_FILES = 20


async def form_in(request: Request) -> FormData:
    """The form of a multipart request. Raises BAD_ARGUMENT where it is none."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise ChisoError(
            Code.BAD_ARGUMENT, "This call takes multipart/form-data.", "Send it as a form."
        )
    return await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS)


async def photo_in(request: Request, service: ServiceHere) -> bytes:
    """The bytes of the one photo: the field `photo` of a form, or the body of an image's type."""
    kind = request.headers.get("content-type", "")
    limit = service.home.capture.decode.max_bytes
    if kind.startswith("multipart/form-data"):
        form = await form_in(request)
        return await read_upload(form.get("photo"), "photo", limit)
    if not kind.startswith(_RAW):
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"A photo cannot be sent as {kind or 'nothing'}.",
            "Send it as image/jpeg or image/png, or as the field `photo` of multipart/form-data.",
        )
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise too_large(limit)
    return bytes(body)


async def read_upload(field: object, name: str, limit: int) -> bytes:
    """The bytes of an uploaded file. Raises BAD_ARGUMENT where there is none, IMAGE_TOO_LARGE."""
    if not isinstance(field, UploadFile):
        raise ChisoError(
            Code.BAD_ARGUMENT, f"The form has no file called {name!r}.", "Attach the file."
        )
    content = await field.read(limit + 1)
    if len(content) > limit:
        raise too_large(limit)
    return content


def too_large(limit: int) -> ChisoError:
    """The error for a body that is larger than a photo may be."""
    return ChisoError(
        Code.IMAGE_TOO_LARGE,
        f"The body is larger than {limit // 1024 // 1024} MiB.",
        "Send a smaller photo; 600 pixels across the face are plenty.",
    )


PhotoHere = Annotated[bytes, Depends(photo_in)]

PHOTO_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
            "image/png": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {"photo": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}
"""What OpenAPI says of a body that `photo_in` reads."""
