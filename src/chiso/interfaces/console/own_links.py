"""A person's own link as she gets it: an address, a QR code, and whether her phone can open it."""

from __future__ import annotations

from dataclasses import dataclass

import segno
from fastapi import Request

_HERE_ALONE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class OwnLink:
    """`picture`: a QR code. `is_here_alone`: this computer opens it, and no other."""

    address: str
    picture: str
    is_here_alone: bool


def own_link(request: Request, path: str) -> OwnLink:
    """The link at this path of the server, by the name that the server was called by."""
    address = str(request.base_url).rstrip("/") + path
    picture = segno.make(address, error="m").svg_data_uri(scale=4, border=4, light="#fff")
    return OwnLink(address, picture, request.base_url.hostname in _HERE_ALONE)
