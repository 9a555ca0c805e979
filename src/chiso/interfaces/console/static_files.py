"""Styles and scripts: named with their digest they are kept for good, else asked for again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chiso.core.errors import ChisoError, Code

router = APIRouter()

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent."""

    content: bytes
    media_type: str
    digest: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Every static file of the console, by its path below `static/`."""
    return dict(_found(files(__package__ or "").joinpath("static"), ""))


def static_path(name: str) -> str:
    """The address of a static file, which changes with its content."""
    return f"/static/{name}?v={static_files()[name].digest}"


@router.get("/static/{name:path}")
async def static_file(request: Request, name: str, v: str = "") -> Response:
    """A static file. Asks for no key: there is nothing of anybody in it."""
    file = static_files().get(name)
    if file is None:
        raise ChisoError(Code.NOT_FOUND, "There is no such file.", "Reload the page.")
    tag = f'"{file.digest}"'
    kept = "public, max-age=31536000, immutable" if v == file.digest else "no-cache"
    headers = {"ETag": tag, "Cache-Control": kept}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)


def _found(folder: Traversable, before: str) -> list[tuple[str, StaticFile]]:
    found = []
    for each in folder.iterdir():
        if each.is_dir():
            found += _found(each, f"{before}{each.name}/")
            continue
        media_type = _TYPES.get("." + each.name.rpartition(".")[2])
        if media_type is not None:
            content = each.read_bytes()
            digest = sha256(content).hexdigest()[:16]
            found.append((before + each.name, StaticFile(content, media_type, digest)))
    return found
