"""`chiso serve`: the API, the console and the kiosk, on the operator's own machine."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.core.errors import ChisoError, Code
from chiso.core.times import to_text
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import HomeOption, JsonOption, live_on
from chiso.interfaces.cli.output import emit, say, show_exactly

_PORT = 8730


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Address to listen at.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", help="0 takes any that is free.", min=0)
    ] = _PORT,
    tls_certificate: Annotated[
        Path | None,
        typer.Option("--tls-certificate", metavar="PEM", help="With --tls-key: serve HTTPS."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="PEM", help="The certificate's key.")
    ] = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--faces-and-keys-in-the-clear",
            help="Listen beyond this machine without TLS: whoever is on the network reads along.",
        ),
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", help="Photos looked at at once.", min=1)
    ] = 2,
    waiting: Annotated[
        int,
        typer.Option("--waiting", metavar="N", help="Photos that may wait; more get 429.", min=0),
    ] = 16,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Serve a home: the API at /v1, and pages for people. Until Ctrl-C.

    Needs no other server and no internet. Listens on this machine alone; beyond it only with TLS.
    On Ctrl-C what was taken is finished, and what was not is refused. Where nobody can sign in yet
    it prints a link that makes the first administrator, once; there is no default password.

    Example: chiso serve --port 8730
    """
    live_on(context)
    from chiso import wiring_serve  # no other command needs a web server
    from chiso.interfaces.serve.app import create_app
    from chiso.interfaces.serve.problems import of_no_http
    from chiso.services.access.accounts import set_up
    from chiso.services.serving.service import ServiceSettings

    tls = _tls(tls_certificate, tls_key)
    _require_safe(host, tls is not None, plain)
    settings = ServiceSettings(workers=workers, waiting=waiting)
    with wiring_serve.listen(host, port) as listening:
        service = wiring_serve.open_service(
            wiring.home_directory(home), settings, is_secure=tls is not None
        )
        service.home.engine()  # loads the models: one that is missing is told now
        server = wiring_serve.server(create_app(service, say), tls, of_no_http())
        invited = set_up(service.home)

        def ready(url: str) -> None:
            link = None if invited is None else url + invited.path
            if json:
                emit({"url": url, "setup": link})
                return
            say(f"Serving {service.home.controller} at {url}, until Ctrl-C.")
            if link is not None and invited is not None:
                say(
                    "Nobody can sign in yet. This link makes the first administrator, once, until "
                    f"{to_text(invited.expires)}:"
                )
                show_exactly(link)

        wiring_serve.say_when_ready(server, ready)
        with suppress(KeyboardInterrupt):  # how a server is stopped, and not cut off
            server.run([listening])
    say("Stopped. Everything that was answered is kept.")
    return Exit.DONE


def _tls(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "TLS needs a certificate and its key.",
            "Give both --tls-certificate and --tls-key.",
        )
    for path in (certificate, key):
        if not path.is_file():
            raise ChisoError(Code.FILE_MISSING, f"There is no file {path}.", "Check its name.")
    return certificate, key


def _require_safe(host: str, is_secure: bool, plain: bool) -> None:
    if is_secure or plain or _is_this_machine(host):
        return
    raise ChisoError(
        Code.UNSAFE_ADDRESS,
        f"At {host} others on the network would read faces and keys as they pass.",
        "Give --tls-certificate and --tls-key, put a proxy with HTTPS before 127.0.0.1, or accept "
        "the danger with --faces-and-keys-in-the-clear.",
    )


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
